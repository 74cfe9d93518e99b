import type { ErrorCode } from '../../../core/codes.ts'
import { ERROR_CODES } from '../../../core/codes.ts'
import { IDENTITY_WIRE_CODES } from '../../../identity/wire-codes.ts'

/** How a service words its errors: a protocol, but for S3, which has its own codes. */
export type Dialect = 's3' | 'rest-xml' | 'query' | 'ec2' | 'json' | 'rest-json' | 'cbor'

/** What went wrong, as far as SDKs tell it apart. */
export type Fault =
  | 'denied'
  | 'signature'
  | 'credentials'
  | 'expired'
  | 'clock'
  | 'invalid'
  | 'throttled'
  | 'unavailable'
  | 'internal'

interface Wording {
  readonly code: string
  readonly status: number
}

const w = (code: string, status: number): Wording => ({ code, status })

/**
 * The codes by which the SDKs raise their own exceptions, and by which some of them refresh their
 * credentials, correct their clock or try again. Sources: "Common Errors" of the IAM, EC2 and DynamoDB API
 * references, "Error responses" of the S3 API reference.
 */
const WORDINGS: Readonly<Record<'s3' | 'query' | 'ec2' | 'json', Readonly<Record<Fault, Wording>>>> = {
  s3: {
    denied: w('AccessDenied', 403),
    signature: w('SignatureDoesNotMatch', 403),
    credentials: w('InvalidAccessKeyId', 403),
    expired: w('ExpiredToken', 400),
    clock: w('RequestTimeTooSkewed', 403),
    // Not `InvalidRequest`: S3's model has that one for PutObject without members, so Go's SDK drops its message.
    invalid: w('InvalidArgument', 400),
    throttled: w('SlowDown', 503),
    unavailable: w('ServiceUnavailable', 503),
    internal: w('InternalError', 500),
  },
  query: {
    denied: w('AccessDenied', 403),
    signature: w('SignatureDoesNotMatch', 403),
    credentials: w('InvalidClientTokenId', 403),
    expired: w('ExpiredToken', 403),
    clock: w('RequestExpired', 400),
    invalid: w('ValidationError', 400),
    throttled: w('Throttling', 400),
    unavailable: w('ServiceUnavailable', 503),
    internal: w('InternalFailure', 500),
  },
  ec2: {
    denied: w('UnauthorizedOperation', 403),
    signature: w('SignatureDoesNotMatch', 403),
    credentials: w('AuthFailure', 401),
    expired: w('RequestExpired', 400),
    clock: w('RequestExpired', 400),
    invalid: w('InvalidRequest', 400),
    throttled: w('RequestLimitExceeded', 503),
    unavailable: w('Unavailable', 503),
    internal: w('InternalError', 500),
  },
  json: {
    denied: w('AccessDeniedException', 400),
    signature: w('InvalidSignatureException', 403),
    credentials: w('UnrecognizedClientException', 403),
    expired: w('ExpiredTokenException', 403),
    clock: w('RequestTimeTooSkewed', 403),
    invalid: w('ValidationException', 400),
    throttled: w('ThrottlingException', 400),
    unavailable: w('ServiceUnavailableException', 503),
    internal: w('InternalServerException', 500),
  },
}

/** The code and the status of a fault in a dialect. */
export function wording(dialect: Dialect, fault: Fault): Wording {
  const family =
    dialect === 'rest-xml' ? 'query' : dialect === 'rest-json' || dialect === 'cbor' ? 'json' : dialect
  const found = WORDINGS[family][fault]
  // A REST service says 403 where the RPC ones say 400 to everything.
  return dialect === 'rest-json' && fault === 'denied' ? { ...found, status: 403 } : found
}

/**
 * The only service whose model has an access-denied error of another name than its protocol's usual one:
 * https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
 */
const SNS_DENIED: Wording = w('AuthorizationError', 403)

/** As `wording`, in the words of one service. @param service the catalog's id; undefined when unknown */
export function serviceWording(dialect: Dialect, fault: Fault, service: string | undefined): Wording {
  return service === 'sns' && fault === 'denied' ? SNS_DENIED : wording(dialect, fault)
}

/** Services that spoke query before JSON or CBOR (`awsQueryCompatible` in botocore's models). */
const QUERY_COMPATIBLE: ReadonlySet<string> = new Set(['cloudwatch', 'sqs'])

/** The code that SDKs of a query-compatible service go by, whatever else the reply says. */
export function queryCode(fault: Fault, service: string | undefined): { readonly queryCode?: string } {
  return service !== undefined && QUERY_COMPATIBLE.has(service)
    ? { queryCode: wording('query', fault).code }
    : {}
}

const CREDENTIALS: ReadonlySet<string> = new Set([
  'credentials-not-gate',
  'credentials-invalid',
  'signature-missing',
])
const EXPIRED: ReadonlySet<string> = new Set(['credentials-expired', 'session-revoked'])
const DENIED: ReadonlySet<string> = new Set([
  'credentials-would-leave',
  'region-not-allowed',
  'operation-unmapped',
  'sts-denied',
  'lease-denied',
  // The call was carried out: none of these may look as if trying again could help.
  'reply-unmaskable',
  'object-unmaskable',
])

/** Which fault an error of the gate is to a client. */
export function faultOf(code: ErrorCode): Fault {
  if (CREDENTIALS.has(code)) return 'credentials'
  if (EXPIRED.has(code)) return 'expired'
  if (DENIED.has(code)) return 'denied'
  if (code === 'signature-skewed' || code === 'signature-expired') return 'clock'
  if (code === 'signature-mismatch') return 'signature'
  if (code === 'overloaded') return 'throttled'
  const { status } = ERROR_CODES[code]
  if (status === 500) return 'internal'
  if (status > 500) return 'unavailable'
  return status === 403 ? 'denied' : 'invalid'
}

/** STS has codes of its own for what is wrong with a token. */
export function stsCode(code: ErrorCode): string | undefined {
  return IDENTITY_WIRE_CODES[code]
}
