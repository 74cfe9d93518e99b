/**
 * Reads `application/x-www-form-urlencoded` bodies, which the query and ec2 protocols send.
 * https://url.spec.whatwg.org/#application/x-www-form-urlencoded
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 *
 * Invariant: every pair was decoded exactly once, `+` as a space.
 */
import { GateError } from '../../core/errors.ts'
import type { NameValue } from '../../core/http.ts'
import { HTTP_LIMITS, type HttpLimits } from './limits.ts'
import { splitPairs } from './target.ts'

const NOT_FORM = /[^\u0021-\u007e]/

/**
 * Reads a whole form body. Throws `http-malformed`, `http-form-too-large`, `http-too-many-parameters`.
 * Duplicates are kept: see `duplicateName`.
 */
export function readForm(body: Buffer, limits: HttpLimits = HTTP_LIMITS): readonly NameValue[] {
  if (body.length === 0) return []
  if (body.length > limits.formBytes) {
    throw new GateError('http-form-too-large', `the form exceeds ${limits.formBytes} bytes`)
  }
  const text = body.toString('latin1')
  if (NOT_FORM.test(text)) {
    throw new GateError('http-malformed', 'the form has a byte that must be percent-encoded')
  }
  return splitPairs(text.replaceAll('+', '%20'), limits.formParameters, 'the form')
}
