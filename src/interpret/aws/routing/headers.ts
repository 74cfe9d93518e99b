import type { ServiceHead } from '../../../catalog/model.ts'
import { GateError } from '../../../core/errors.ts'
import type { NameValue } from '../../../core/http.ts'

/** Headers that ask a reader to see another method, path or host than the request has. */
const OVERRIDES: ReadonlySet<string> = new Set([
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-url',
  'x-original-uri',
  'x-rewrite-url',
  'x-forwarded-prefix',
  'x-override-url',
  'x-host',
  'x-forwarded-server',
])

/**
 * Headers of AWS's that carry no parameter: they belong to the signature, to the transport or to the
 * client's own telemetry. The gate reads them where it needs to, and never forwards them.
 */
const TRANSPORT: ReadonlySet<string> = new Set([
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-s3session-token',
  'x-amz-content-sha256',
  'x-amz-decoded-content-length',
  'x-amz-trailer',
  'x-amz-user-agent',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-target',
  'x-amzn-query-mode',
  'x-amzn-trace-id',
  'x-amz-te',
  'x-amz-region-set',
  'x-amz-api-version',
  // The gate says it itself: see `apiVersion`.
  'x-amz-glacier-version',
])

/**
 * Headers that clients leave unsigned although they may carry a parameter. The JavaScript SDK does not
 * sign `cache-control`, S3 clients such as minio-go leave out `content-type` and `accept-encoding`. None
 * of them says what is done to which resource.
 */
const MAY_BE_UNSIGNED: ReadonlySet<string> = new Set([
  'accept',
  'cache-control',
  'content-length',
  'content-md5',
  'content-type',
])

/** @throws GateError `header-forbidden` */
export function refuseOverrides(names: Iterable<string>): void {
  for (const name of names) {
    if (OVERRIDES.has(name)) throw new GateError('header-forbidden', `the header \`${name}\` is not taken`)
  }
}

/** Headers without a parameter that ask for a form of the reply; they go on to AWS. */
export function replyHeaders(headers: readonly NameValue[]): readonly NameValue[] {
  return headers.filter(
    ([name, value]) =>
      (name === 'x-amzn-query-mode' && value === 'true') || (name === 'if-range' && isEtagOrDate(value)),
  )
}

/**
 * The one service that wants the version of its API in a header of its own.
 * https://docs.aws.amazon.com/amazonglacier/latest/dev/api-common-request-headers.html
 */
export function apiVersion({ id, apiVersion }: Pick<ServiceHead, 'id' | 'apiVersion'>): readonly NameValue[] {
  return id === 'glacier' ? [['x-amz-glacier-version', apiVersion]] : []
}

/** Without it, who resumes a download would be given a part of another object. RFC 9110, 13.1.5. */
function isEtagOrDate(value: string): boolean {
  return /^[\x21\x23-\x7e, ":]{1,128}$/.test(value)
}

/** What is known of the signature and of the reading, for the check of left-over headers. */
export interface HeaderUse {
  readonly headers: readonly NameValue[]
  readonly used: ReadonlySet<string>
  readonly signed: ReadonlySet<string>
  readonly presigned: boolean
}

/**
 * Checks that every header either was read or means nothing, and that what was read is signed. A bearer
 * of a presigned URL may add plain HTTP headers (`range`), as at AWS; never `x-amz-*`.
 * @throws GateError `header-unknown`, `header-unsigned`
 */
export function checkHeaderUse(use: HeaderUse): void {
  for (const [name] of use.headers) {
    const amazon = name.startsWith('x-amz-') || name.startsWith('x-amzn-')
    if (!use.used.has(name)) {
      if (amazon && !TRANSPORT.has(name) && !name.startsWith('x-amz-checksum-')) {
        throw new GateError('header-unknown', `the operation takes no header \`${name.slice(0, 64)}\``)
      }
      continue
    }
    if (use.signed.has(name) || TRANSPORT.has(name) || MAY_BE_UNSIGNED.has(name)) continue
    if (amazon || !use.presigned) {
      throw new GateError('header-unsigned', `the header \`${name.slice(0, 64)}\` is not signed`)
    }
  }
}
