/**
 * Reads one secret from AWS Secrets Manager, with the gate's own credentials.
 * API: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 * Form of the secret: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
 */
import { hash } from 'node:crypto'
import { type Dispatcher, request } from 'undici'
import type { Clock } from '../../core/clock.ts'
import { asGateError, GateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import type { SigningKeys } from '../../wire/sigv4/keys.ts'
import { sign } from '../../wire/sigv4/sign.ts'
import type { Lease } from '../lease.ts'
import type { OwnCredentials } from './port.ts'

/** User and password of a database; the user is absent where the secret names none. */
export interface DatabaseSecret {
  readonly user?: string
  readonly password: Redacted
}

export interface SecretsManagerPorts {
  readonly clock: Clock
  readonly keys: SigningKeys
  /** The gate's own credentials, cached. Rejects with `lease-unavailable`. */
  readonly base: (own: OwnCredentials) => Promise<Lease>
  /** AWS's own endpoint of a region: a host. */
  readonly host: (region: string) => string
  /** Certificate authorities and the like, for tests; absent: undici's. */
  readonly dispatcher?: Dispatcher
}

/** Reads the secret as it is now. Rejects with `database-secret-unavailable`, `database-secret-invalid`. */
export type ReadSecret = (arn: string, own: OwnCredentials) => Promise<DatabaseSecret>

const TIMEOUT_MS = 10_000
/** AWS keeps secrets of up to 64 KB; escapes in JSON make more of them. */
const MAX_REPLY_BYTES = 512 * 1024
const MAX_NAME_CHARS = 128
const MAX_PASSWORD_CHARS = 4096

export function secretsManager(ports: SecretsManagerPorts): ReadSecret {
  return async (arn, own) => {
    const lease = await ports.base(own)
    const reply = await call(arn, own, lease, ports).catch((cause: unknown) => {
      throw unavailable(arn, 'it could not be asked', cause)
    })
    if (reply.status !== 200) throw unavailable(arn, `it says \`${errorName(reply.text)}\``)
    return readSecret(arn, reply.text)
  }
}

async function call(
  arn: string,
  { region, endpoint }: OwnCredentials,
  credentials: Lease,
  { clock, keys, host, dispatcher }: SecretsManagerPorts,
): Promise<{ readonly status: number; readonly text: string }> {
  const url = new URL(endpoint ?? `https://${host(region)}`)
  const body = Buffer.from(JSON.stringify({ SecretId: arn }))
  const headers = [
    ['content-type', 'application/x-amz-json-1.1'],
    ['x-amz-target', 'secretsmanager.GetSecretValue'],
  ] as const
  const signed = sign(
    {
      ...{ method: 'POST', path: '/', query: '', host: url.host, headers, region, service: 'secretsmanager' },
      ...{ credentials, timeMs: clock.now(), payloadHash: hash('sha256', body, 'hex') },
    },
    keys,
  )
  const { statusCode, body: reply } = await request(`${url.origin}/`, {
    method: 'POST',
    headers: Object.fromEntries([['host', url.host], ...headers, ...signed.headers]),
    body,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(dispatcher === undefined ? {} : { dispatcher }),
  })
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of reply) {
    const chunk = Buffer.from(part)
    bytes += chunk.length
    if (bytes > MAX_REPLY_BYTES) throw new Error(`the reply exceeds ${MAX_REPLY_BYTES} bytes`)
    parts.push(chunk)
  }
  return { status: statusCode, text: Buffer.concat(parts).toString('utf8') }
}

/** `ResourceNotFoundException`, from `{"__type":"com.amazonaws.secretsmanager#ResourceNotFoundException"}` */
function errorName(text: string): string {
  const type = asObject(text)?.['__type']
  const name = typeof type === 'string' ? (type.split('#').at(-1) ?? '') : ''
  return /^[A-Za-z]{1,64}$/.test(name) ? name : 'nothing of which the gate could make sense'
}

function readSecret(arn: string, text: string): DatabaseSecret {
  const value = asObject(text)?.['SecretString']
  if (typeof value !== 'string') throw invalid(arn, 'it holds no text')
  const secret = asObject(value)
  if (secret === undefined) throw invalid(arn, 'it is no JSON object')
  const { username, password } = secret
  if (!isShort(password, MAX_PASSWORD_CHARS)) throw invalid(arn, 'it has no `password`')
  if (username === undefined) return { password: new Redacted(password) }
  if (!isShort(username, MAX_NAME_CHARS)) throw invalid(arn, 'its `username` is no name')
  return { user: username, password: new Redacted(password) }
}

/** No NUL: protocols of databases end texts with one. */
function isShort(value: unknown, maxChars: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxChars && !value.includes('\0')
}

/** The object that the text is in JSON; undefined for everything else. Its text may be secret, and is in no error. */
function asObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw asGateError(error)
  }
}

function unavailable(arn: string, why: string, cause?: unknown): GateError {
  const message = `the secret \`${arn}\` could not be read from Secrets Manager: ${why}`
  return new GateError('database-secret-unavailable', message, { cause })
}

function invalid(arn: string, why: string): GateError {
  return new GateError(
    'database-secret-invalid',
    `the secret \`${arn}\` holds no login of a database: ${why}`,
  )
}
