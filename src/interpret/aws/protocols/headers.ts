import { GateError } from '../../../core/errors.ts'
import type { HttpHead } from '../../../core/http.ts'

/**
 * The value of a header that may be there once; undefined where it is absent.
 * @param name in lower case
 * @throws GateError `header-duplicate`
 */
export function headerValue(head: HttpHead, name: string): string | undefined {
  let found: string | undefined
  for (const [other, value] of head.headers) {
    if (other !== name) continue
    if (found !== undefined)
      throw new GateError('header-duplicate', `the header \`${name}\` is there more than once`)
    found = value
  }
  return found
}
