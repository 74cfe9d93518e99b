/**
 * The session token of the gate: claims that only the gate can read or make.
 *
 *     base64( "SPT1" decoded: 3 | key id: 4 | nonce: 12 | AES-256-GCM(deflate(claims)): n | tag: 16 )
 *
 * The first three bytes are chosen so that every token begins with `SPT1`, which lets people and secret
 * scanners tell it from AWS's own. Everything before the ciphertext and the access key id are
 * authenticated with it. The key is derived per access key id
 * (HKDF-SHA-256, https://www.rfc-editor.org/rfc/rfc5869), so that a nonce never meets another message
 * under the same key; the secret access key comes from the same derivation with another label and is
 * stored nowhere. GCM: https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf
 *
 * Invariant: there is exactly one token string for a sealed token; any other spelling is refused.
 */

import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Random } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import { Redacted } from '../core/redacted.ts'
import type { MasterKey } from './keyring.ts'

/** Longest token in characters. AWS promises no size; its own tokens stay under this. */
export const MAX_TOKEN_CHARS = 4096

/** How every session token of the gate begins. */
export const TOKEN_MARK = 'SPT1'

const MARK = Buffer.from(TOKEN_MARK, 'base64')
const KEY_ID_BYTES = 4
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = MARK.length + KEY_ID_BYTES + NONCE_BYTES
/** Most bytes that sealed claims may inflate to: the bound on what opening a token can cost. */
const MAX_CLAIMS_BYTES = 32_768

/** The parts of a token; nothing is authentic yet. */
export interface TokenParts {
  readonly keyId: string
  readonly head: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

/** Seals claims for one access key id. Throws `sts-too-large` where the token would be too long. */
export function sealToken(key: MasterKey, accessKeyId: string, claims: string, random: Random): Redacted {
  const head = Buffer.concat([MARK, Buffer.from(key.id, 'hex'), random.bytes(NONCE_BYTES)])
  const cipher = createCipheriv(
    'aes-256-gcm',
    derive(key, 'token', accessKeyId, 32),
    head.subarray(-NONCE_BYTES),
  )
  cipher.setAAD(boundTo(head, accessKeyId))
  const plain = Buffer.from(claims)
  const sealed = Buffer.concat([cipher.update(deflateRawSync(plain)), cipher.final()])
  const token = Buffer.concat([head, sealed, cipher.getAuthTag()]).toString('base64')
  if (token.length > MAX_TOKEN_CHARS || plain.length > MAX_CLAIMS_BYTES) {
    throw new GateError(
      'sts-too-large',
      `tags, claims and session policy make a session token of ${token.length} characters; at most ${MAX_TOKEN_CHARS} are allowed`,
    )
  }
  return new Redacted(token)
}

/** Takes a token apart. Undefined for anything that is not in the form of a gate token. */
export function splitToken(token: string): TokenParts | undefined {
  if (token.length > MAX_TOKEN_CHARS || !token.startsWith(TOKEN_MARK)) return undefined
  const bytes = Buffer.from(token, 'base64')
  if (bytes.length <= HEAD_BYTES + TAG_BYTES) return undefined
  // `Buffer.from` forgives foreign characters and loose ends: only the canonical spelling is a token.
  if (bytes.toString('base64') !== token) return undefined
  return {
    keyId: bytes.toString('hex', MARK.length, MARK.length + KEY_ID_BYTES),
    head: bytes.subarray(0, HEAD_BYTES),
    ciphertext: bytes.subarray(HEAD_BYTES, -TAG_BYTES),
    tag: bytes.subarray(-TAG_BYTES),
  }
}

/** The sealed claims; undefined where the token was not sealed by this key for this access key id. */
export function openToken(key: MasterKey, accessKeyId: string, parts: TokenParts): string | undefined {
  const nonce = parts.head.subarray(-NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', derive(key, 'token', accessKeyId, 32), nonce, {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(boundTo(parts.head, accessKeyId))
  decipher.setAuthTag(parts.tag)
  const deflated = decipher.update(parts.ciphertext)
  if (!isAuthentic(decipher)) return undefined
  return inflateRawSync(deflated, { maxOutputLength: MAX_CLAIMS_BYTES }).toString('utf8')
}

/** The secret access key of an access key id: 40 characters of base64, as AWS's. */
export function deriveSecret(key: MasterKey, accessKeyId: string): Redacted {
  return new Redacted(derive(key, 'secret', accessKeyId, 30).toString('base64'))
}

function isAuthentic(decipher: { final(): Buffer }): boolean {
  try {
    decipher.final()
    return true
  } catch {
    // The only way in which `final` fails for GCM is a tag that does not match.
    return false
  }
}

function boundTo(head: Buffer, accessKeyId: string): Buffer {
  return Buffer.concat([head, Buffer.from(accessKeyId)])
}

function derive(key: MasterKey, label: 'token' | 'secret', accessKeyId: string, bytes: number): Buffer {
  const info = `sallyport/v1/${label}/${key.id}/${accessKeyId}`
  return Buffer.from(hkdfSync('sha256', key.secret.reveal(), '', info, bytes))
}
