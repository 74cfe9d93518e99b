import { GateError } from '../core/errors.ts'

const TIMEOUTS: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
])

const CERTIFICATES: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'EPROTO',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])
const TLS_PREFIXES = ['CERT_', 'ERR_TLS_', 'ERR_SSL_'] as const

/** Why a call to an upstream failed, for the client and the journal. `host` is where it went. */
export function asUpstreamError(error: unknown, host: string): GateError {
  if (error instanceof GateError) return error
  const code = codeOf(error)
  const details = { cause: error }
  if (code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') {
    return new GateError('body-length-mismatch', 'the body is not as long as the request announces', details)
  }
  if (code === 'UND_ERR_ABORTED' || code === 'ABORT_ERR') return clientGone(error)
  if (TIMEOUTS.has(code)) {
    return new GateError('upstream-timeout', `\`${host}\` did not answer in time (\`${code}\`)`, details)
  }
  if (CERTIFICATES.has(code) || TLS_PREFIXES.some(prefix => code.startsWith(prefix))) {
    return new GateError('upstream-tls', `\`${host}\` could not prove who it is (\`${code}\`)`, details)
  }
  if (isParserError(error)) {
    return new GateError('upstream-reply-unclear', `\`${host}\` did not answer in HTTP`, details)
  }
  if (code === '')
    return new GateError('internal', `the call to \`${host}\` failed in an unexpected way`, details)
  return new GateError('upstream-unreachable', `\`${host}\` could not be reached (\`${code}\`)`, details)
}

/** undici's parser gives its errors a code only where llhttp has a reason of its own. */
function isParserError(error: unknown): boolean {
  return error instanceof Error && error.name === 'HTTPParserError'
}

/** The client left, so that the call to the upstream has no reader. */
export function clientGone(cause?: unknown): GateError {
  return new GateError('client-gone', 'the client left before its call had ended', { cause })
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const { code } = error as NodeJS.ErrnoException
  if (code !== undefined) return code
  // `AggregateError` of Node's happy eyeballs: every address failed, each for its own reason.
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause
  return inner === undefined ? '' : codeOf(inner)
}
