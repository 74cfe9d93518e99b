/**
 * What is sealed with AES-256-GCM (NIST SP 800-38D): nonce (12 bytes), ciphertext, tag (16 bytes).
 *
 * Nonces are random. Two that are the same under one key would give both texts away, so a key seals no more than
 * `MAX_SEALED` times: the chance that it ever happens to a key is then below 2^-49.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import type { Random } from '../../core/clock.ts'

const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** Bytes of a key. */
export const KEY_BYTES = 32
/** Bytes that sealing adds. */
export const BOX_BYTES: number = NONCE_BYTES + TAG_BYTES
/** So often a key is used, and no more. */
export const MAX_SEALED: number = 2 ** 24

/** Seals `plain`; `bound` is not in it but must be given again to open it. */
export function sealBox(key: Buffer, plain: Buffer, bound: Buffer, random: Random): Buffer {
  const nonce = random.bytes(NONCE_BYTES)
  const cipher = createCipheriv(ALGORITHM, keyObject(key), nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(bound)
  const body = cipher.update(plain)
  cipher.final()
  return Buffer.concat([nonce, body, cipher.getAuthTag()])
}

/** What was sealed; undefined if key, bytes or what was bound to them are not those. */
export function openBox(key: Buffer, box: Buffer, bound: Buffer): Buffer | undefined {
  if (box.length < BOX_BYTES) return undefined
  const decipher = createDecipheriv(ALGORITHM, keyObject(key), box.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(bound)
  decipher.setAuthTag(box.subarray(-TAG_BYTES))
  const plain = decipher.update(box.subarray(NONCE_BYTES, -TAG_BYTES))
  try {
    decipher.final()
  } catch {
    // OpenSSL says no more than that the tag does not fit.
    return undefined
  }
  return plain
}

const keyObjects = new WeakMap<Buffer, KeyObject>()

/** What OpenSSL makes of a key, once: it is several times dearer than sealing an event with it. */
function keyObject(key: Buffer): KeyObject {
  let object = keyObjects.get(key)
  if (object === undefined) {
    object = createSecretKey(key)
    keyObjects.set(key, object)
  }
  return object
}
