import { GateError } from '../core/errors.ts'

/** What an error of the AWS SDK says, and nothing of its text: that is the other side's. */
export interface S3Failure {
  /** The error's name, `SlowDown`; `unknown` where it is none. */
  readonly name: string
  /** Absent where there was no reply. */
  readonly status?: number
}

/** Credentials that were good once may have been renewed where they come from. */
const STALE_CREDENTIALS = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidAccessKeyId',
  'InvalidToken',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
])

export function readFailure(error: unknown): S3Failure {
  if (!(error instanceof Error)) return { name: 'unknown' }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  const name = /^[A-Za-z0-9._]{1,64}$/.test(code) ? code : 'unknown'
  const status = statusOf(error)
  return { name, ...(status === undefined ? {} : { status }) }
}

function statusOf(error: Error): number | undefined {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null)
    return undefined
  const { httpStatusCode } = error.$metadata as { httpStatusCode?: unknown }
  return typeof httpStatusCode === 'number' ? httpStatusCode : undefined
}

export function isStale({ name }: S3Failure): boolean {
  return STALE_CREDENTIALS.has(name)
}

/** Something stands under the key already, or somebody writes to it in this moment. */
export function isTaken({ name, status }: S3Failure): boolean {
  return status === 412 || (status === 409 && name === 'ConditionalRequestConflict')
}

/** For people: which call, on what, and what came of it. The key is left out where it may be any. */
export function bucketFailure(bucket: string, operation: string, error: unknown): GateError {
  const { name, status } = readFailure(error)
  const hint =
    status === 301 || status === 307 || name === 'AuthorizationHeaderMalformed'
      ? ': it is in another region than the configuration says'
      : ''
  const answer = status === undefined ? `\`${name}\`, without a reply` : `${status} \`${name}\``
  return new GateError(
    'bucket-unavailable',
    `the bucket \`${bucket}\` answered ${operation} with ${answer}${hint}`,
    {
      cause: error,
    },
  )
}
