/**
 * Percent-encoding as SigV4 wants it: RFC 3986's unreserved characters stand for themselves, every other
 * byte of the UTF-8 form is `%XX` in upper case.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (UriEncode)
 *
 * Invariant: `percentDecode(percentEncode(x)) === x` for every string without lone surrogates.
 */
import { GateError } from '../../core/errors.ts'

const NEEDS_ENCODING = /[^A-Za-z0-9\-._~]/
const LEFT_BY_ENCODE_URI_COMPONENT = /[!'()*]/g

/** The text percent-encoded, slashes included. Throws `http-malformed` for a lone surrogate. */
export function percentEncode(text: string): string {
  if (!NEEDS_ENCODING.test(text)) return text
  try {
    return encodeURIComponent(text).replace(
      LEFT_BY_ENCODE_URI_COMPONENT,
      character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    )
  } catch (cause) {
    throw new GateError('http-malformed', 'a value is not Unicode text: it has half of a surrogate pair', {
      cause,
    })
  }
}

/** The text with its escapes decoded once; they must be good UTF-8. `where` names the place for the error. */
export function percentDecode(text: string, where: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new GateError('http-malformed', `${where} has a bad percent escape or one that is not UTF-8`, {
      cause,
    })
  }
}
