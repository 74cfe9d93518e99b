/**
 * Reads what a request says of its signature: in the `Authorization` header or in the query.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 *
 * Invariant: what is returned stands in exactly one place of the request, each part of it once; `host` and
 * every `x-amz-` header are among the signed ones. None of it is verified: see `verify.ts`.
 */
import { GateError } from '../../core/errors.ts'
import type { HttpRequest } from '../http/messages.ts'
import { readAuthorization } from './authorization.ts'
import { SIGV4_LIMITS, type SigV4Limits } from './limits.ts'
import type { SignedRequest } from './messages.ts'
import { isSignatureParameter, readPresigned } from './presigned.ts'

/** Where a request claims to carry a signature of any kind. */
export type SignaturePlace = 'header' | 'query' | 'none'

/** The place of the signature, good or not. Throws `signature-two-forms` if there are two. */
export function signaturePlace(request: HttpRequest): SignaturePlace {
  const inHeader = request.headers.has('authorization')
  const inQuery = request.target.query.some(([name]) => isSignatureParameter(name))
  if (inHeader && inQuery) {
    throw new GateError('signature-two-forms', 'the request is signed both in a header and in the query')
  }
  if (inHeader) return 'header'
  return inQuery ? 'query' : 'none'
}

/**
 * Reads the signature. Throws `signature-missing`, `signature-bearer`, `signature-v2`, `signature-v4a`,
 * `signature-events`, `signature-malformed`, `signature-two-forms`, `signature-unsigned-header`, and what
 * `readPayload` throws.
 */
export function readSignature(request: HttpRequest, limits: SigV4Limits = SIGV4_LIMITS): SignedRequest {
  const place = signaturePlace(request)
  if (place === 'none') throw new GateError('signature-missing', 'the request is not signed')
  const signed = place === 'header' ? readAuthorization(request, limits) : readPresigned(request, limits)
  requireSigned(request, signed)
  return signed
}

/** Everything that AWS gives a meaning must be signed, and everything signed must be there. */
function requireSigned(request: HttpRequest, signed: SignedRequest): void {
  const names = new Set(signed.signedHeaders)
  if (!names.has('host')) {
    throw new GateError('signature-unsigned-header', 'the signature does not cover the `host` header')
  }
  for (const name of request.headers.names()) {
    if (name.startsWith('x-amz-') && !names.has(name)) {
      throw new GateError('signature-unsigned-header', `the signature does not cover the \`${name}\` header`)
    }
  }
  for (const name of signed.signedHeaders) {
    if (!request.headers.has(name)) {
      throw new GateError(
        'signature-malformed',
        `the signature covers \`${name}\`, a header that is not there`,
      )
    }
  }
}
