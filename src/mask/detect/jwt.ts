import { BASE64URL, byteAt, classOf, latin1, longRunEnd, type Window } from './bytes.ts'
import { type Detector, exactly, type Found, LIMIT_BYTES } from './detector.ts'

/**
 * JSON Web Tokens (RFC 7519) in the compact forms of JWS and JWE: base64url of a JSON object that has a member
 * of a header, a dot, and more; also unsigned ones. What stands before may be anything: tokens are glued to
 * names and escapes. Not found: headers that begin with white space.
 */

/** The header is looked at up to here; the dot behind it must come within. */
const MAX_HEADER_CHARACTERS = 2048
const MIN_PAYLOAD_CHARACTERS = 4
/** Base64url characters of the beginning of the header; of these first bytes, a member's name must be whole. */
const HEAD_CHARACTERS = 64
const FIRST_MEMBER =
  /^\{"(?:alg|enc|typ|cty|kid|jku|jwk|x5[ctu]|x5t#S256|crit|zip|epk|apu|apv|iv|tag|p2[sc]|b64)"/
const DOT = 0x2e
const COMPACT = classOf('-0-9A-Za-z_.')

export const jwt: Detector = { name: 'jwt', anchors: [{ triggers: [exactly('eyJ')], look }] }

function look(window: Window, at: number, found: Found): void {
  const head = Buffer.from(latin1(window, at, at + HEAD_CHARACTERS), 'base64url').toString('latin1')
  if (!FIRST_MEMBER.test(head)) return
  const dot = longRunEnd(window, at, at + MAX_HEADER_CHARACTERS, BASE64URL)
  if (byteAt(window, dot) !== DOT) return
  const end = longRunEnd(window, at, at + LIMIT_BYTES, COMPACT)
  if (end === at + LIMIT_BYTES) found(at, end, COMPACT)
  else if (end - dot > MIN_PAYLOAD_CHARACTERS) found(at, end)
}
