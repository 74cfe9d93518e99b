import { GateError } from '../../core/errors.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { ALGORITHMS } from './key-set.ts'
import { findDuplicateName } from './strict-json.ts'

/** Longest token, in characters. */
export const MAX_TOKEN_CHARS = 16_384

/** A token taken apart. Nothing of it has been verified; it only has the one form that the gate reads. */
export interface UnverifiedToken {
  readonly alg: string
  readonly kid: string | undefined
  /** The claims as stated. */
  readonly claims: JsonObject
}

/** Headers that would let the token choose its own key. */
const KEY_CHOOSERS = ['jku', 'jwk', 'x5u', 'x5c']

const PART = /^[A-Za-z0-9_-]+$/

/**
 * Takes a JSON Web Token (RFC 7519) in compact form apart, and refuses every form that two parsers could
 * read in two ways or that would change how it is verified. Throws `identity-token-invalid`.
 */
export function readTokenForm(token: string): UnverifiedToken {
  if (token.length > MAX_TOKEN_CHARS) throw invalid(`it has more than ${MAX_TOKEN_CHARS} characters`)
  const [head, body, signature, ...rest] = token.split('.', 4)
  if (head === undefined || body === undefined || signature === undefined || rest.length > 0) {
    throw invalid('it does not have three parts')
  }
  const header = readPart(head, 'header')
  const claims = readPart(body, 'claims')
  // No signature at all is the form of `alg: none`; the algorithm is refused below in any case.
  if (signature !== '' && !isCanonical(signature)) throw invalid('its signature is not canonical base64url')
  const alg = header['alg']
  if (typeof alg !== 'string' || !ALGORITHMS.includes(alg)) {
    throw invalid(`the gate takes no signature algorithm but ${ALGORITHMS.join(', ')}`)
  }
  if ('crit' in header || 'b64' in header) throw invalid('its header asks for an extension')
  const chooser = KEY_CHOOSERS.find(name => name in header)
  if (chooser !== undefined) throw invalid(`its header names a key by \`${chooser}\``)
  refuseOtherType(header['typ'])
  const kid = header['kid']
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > 256)) {
    throw invalid('its `kid` is not a string of 1 to 256 characters')
  }
  return { alg, kid, claims }
}

/** Access tokens, logout tokens and the like are not made to identify a caller (RFC 8725, 3.11). */
function refuseOtherType(typ: Json | undefined): void {
  if (typ === undefined) return
  if (typeof typ !== 'string' || !/^(application\/)?jwt$/i.test(typ)) throw invalid('its `typ` is not `JWT`')
}

function readPart(part: string, what: string): JsonObject {
  if (!isCanonical(part)) throw invalid(`its ${what} is not canonical base64url`)
  const bytes = Buffer.from(part, 'base64url')
  const text = bytes.toString('utf8')
  if (!Buffer.from(text).equals(bytes)) throw invalid(`its ${what} is not UTF-8`)
  const value = parseJson(text, what)
  if (!isObject(value)) throw invalid(`its ${what} is not a JSON object`)
  const name = findDuplicateName(text)
  if (name === null) throw invalid(`its ${what} is nested too deeply`)
  if (name !== undefined) throw invalid(`its ${what} has a member twice`)
  return value
}

function parseJson(text: string, what: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes the token.
    throw invalid(`its ${what} is not JSON`)
  }
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** One spelling per value: no padding, no foreign character, no loose bits at the end. */
function isCanonical(part: string): boolean {
  return PART.test(part) && Buffer.from(part, 'base64url').toString('base64url') === part
}

function invalid(why: string): GateError {
  return new GateError('identity-token-invalid', `the web identity token is not valid: ${why}`)
}
