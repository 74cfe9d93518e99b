/**
 * Verifies a signature against the secret of its access key.
 *
 * Invariant: it returns only if method, path, query, every signed header and the payload hash are what was
 * signed with that secret for that scope and time. It does not look at the clock (`checkTimes`) nor at the
 * body (`body.ts`).
 */
import { GateError } from '../../core/errors.ts'
import type { HttpRequest } from '../http/messages.ts'
import { canonicalPath, canonicalQuery, canonicalValue, stringToSign } from './canonical.ts'
import { type SigningKey, sameSignature, scopeText, signText } from './keys.ts'
import { type SignedRequest, UNSIGNED_PAYLOAD } from './messages.ts'
import { STREAMING } from './payload.ts'

/**
 * Verifies the signature with the signing key of the access key that it names. `bodySha256` (hex), of the
 * whole body, is needed where the payload is `absent`; pass `UNSIGNED_PAYLOAD` for operations whose model
 * leaves the body unsigned. Throws `signature-mismatch`.
 */
export function verifySignature(
  signed: SignedRequest,
  request: HttpRequest,
  key: SigningKey,
  bodySha256?: string,
): void {
  const text = stringToSign(signed.timestamp, scopeText(signed.scope), {
    method: request.method,
    path: canonicalPath(request.target.rawPath, signed.scope.service),
    query: canonicalQuery(request.target.query),
    headerLines: signedLines(signed, request),
    signedHeaders: signed.signedHeaders.join(';'),
    payloadHash: payloadHash(signed, bodySha256),
  })
  if (sameSignature(signText(key, text), signed.signature)) return
  throw new GateError(
    'signature-mismatch',
    `the signature of access key \`${signed.accessKeyId}\` does not fit the request`,
  )
}

function signedLines(signed: SignedRequest, request: HttpRequest): string {
  let lines = ''
  for (const name of signed.signedHeaders) {
    lines += `${name}:${request.headers.all(name).map(canonicalValue).join(',')}\n`
  }
  return lines
}

function payloadHash(signed: SignedRequest, bodySha256: string | undefined): string {
  const { payload } = signed
  switch (payload.kind) {
    case 'sha256':
      return payload.hex
    case 'unsigned':
      return UNSIGNED_PAYLOAD
    case 'streaming':
      return STREAMING[payload.variant]
    case 'absent':
      if (bodySha256 !== undefined) return bodySha256
      throw new GateError(
        'internal',
        'the signature covers the body, which was not hashed before verification',
      )
  }
}
