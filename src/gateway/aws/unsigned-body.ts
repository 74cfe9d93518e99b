import { GateError } from '../../core/errors.ts'
import type { Route } from '../../interpret/aws/route.ts'
import type { Payload } from '../../wire/sigv4/messages.ts'
import { EMPTY_SHA256 } from '../../wire/sigv4/messages.ts'
import { hasBody, type Identified } from './identify.ts'

/** A body that was signed and did not come: nothing would be read that could fail to fit the signature. */
export function refuseCutBody({ signed, request }: Identified): void {
  if (hasBody(request)) return
  const { payload } = signed
  if (payload.kind === 'streaming') {
    throw new GateError('chunk-malformed', 'the request announces chunks, and has no body')
  }
  if (payload.kind === 'sha256' && payload.hex !== EMPTY_SHA256) {
    throw new GateError('payload-hash-mismatch', 'the signature covers a body, and the request has none')
  }
}

/** Signing names whose clients may leave a body unsigned: TLS and a checksum guard it instead. */
const MAY_LEAVE_UNSIGNED: ReadonlySet<string> = new Set([
  's3',
  's3express',
  's3-outposts',
  's3-object-lambda',
])

/** Elsewhere a body without a signature is one that anybody on the way could have written. */
export function refuseUnsignedBody({ signed, request }: Identified, route: Route): void {
  if (!leavesBodyUnsigned(signed.payload) || !hasBody(request)) return
  if (MAY_LEAVE_UNSIGNED.has(signed.scope.service)) return
  const byModel =
    route.candidates.length > 0 && route.candidates.every(({ operation }) => operation.unsignedBody)
  if (byModel) return
  throw new GateError(
    'payload-unsigned',
    `\`${signed.scope.service}\` takes no body that the signature does not cover`,
  )
}

/** A trailing checksum is no signature: whoever changes the body changes it, too. */
function leavesBodyUnsigned(payload: Payload): boolean {
  return (
    payload.kind === 'unsigned' || (payload.kind === 'streaming' && payload.variant === 'unsigned-trailer')
  )
}
