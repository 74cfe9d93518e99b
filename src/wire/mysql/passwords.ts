/**
 * How a client proves to a server that it knows a password, by plugin.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_authentication_methods.html
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html
 *
 *     mysql_native_password    SHA1(p) xor SHA1(challenge + SHA1(SHA1(p)))
 *     caching_sha2_password    SHA256(p) xor SHA256(SHA256(SHA256(p)) + challenge)
 *                              server: 01 03 known | 01 04 send it;  client: 02 wants a key | the password, 0
 *     mysql_clear_password     the password, 0
 *
 * Invariants: a proof is empty exactly when the password is; what verifies a proof is compared in constant time;
 * whether TLS is there before a password goes out in full is for the caller to see to.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { GateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import { encode, unwritable } from './packer.ts'

export const NATIVE = 'mysql_native_password'
export const CACHING_SHA2 = 'caching_sha2_password'
export const CLEAR = 'mysql_clear_password'

/** What a server of `caching_sha2_password` says in AuthMoreData, beside its public key. */
export const SHA2_KNOWN = 0x03
export const SHA2_FULL = 0x04
/** What a client sends that wants the server's RSA key, as it does without TLS. */
const SHA2_KEY_WANTED = 0x02

const CHALLENGE_BYTES = 20

/** The answer to a challenge of `mysql_native_password`. */
export function nativeProof(password: Redacted, challenge: Buffer): Redacted<Buffer> {
  if (password.reveal() === '') return new Redacted(Buffer.alloc(0))
  const once = sha('sha1', encode(password.reveal()))
  return new Redacted(xor(once, sha('sha1', challengeOf(challenge), sha('sha1', once))))
}

/** The answer to a challenge of `caching_sha2_password`. */
export function sha2Proof(password: Redacted, challenge: Buffer): Redacted<Buffer> {
  if (password.reveal() === '') return new Redacted(Buffer.alloc(0))
  const once = sha('sha256', encode(password.reveal()))
  return new Redacted(xor(once, sha('sha256', sha('sha256', once), challengeOf(challenge))))
}

/** What verifies proofs of this password, and is not the password: its double hash. It is a secret. */
export function verifierOf(
  plugin: typeof NATIVE | typeof CACHING_SHA2,
  password: Redacted,
): Redacted<Buffer> {
  const algorithm = algorithmOf(plugin)
  return new Redacted(sha(algorithm, sha(algorithm, encode(password.reveal()))))
}

/** Whether a proof is of the password that this verifies; an empty one is of none. */
export function isProof(
  plugin: typeof NATIVE | typeof CACHING_SHA2,
  proof: Redacted<Buffer>,
  verifier: Redacted<Buffer>,
  challenge: Buffer,
): boolean {
  const algorithm = algorithmOf(plugin)
  const expected = verifier.reveal()
  const given = proof.reveal()
  if (given.length !== expected.length) return false
  const mixed =
    plugin === NATIVE
      ? sha(algorithm, challengeOf(challenge), expected)
      : sha(algorithm, expected, challengeOf(challenge))
  return timingSafeEqual(sha(algorithm, xor(given, mixed)), expected)
}

/** The password in full, for `mysql_clear_password` or the full exchange of `caching_sha2_password`. */
export function writeClearPassword(password: Redacted): Redacted<Buffer> {
  const bytes = encode(password.reveal())
  if (bytes.includes(0)) throw unwritable('a zero byte in a password')
  return new Redacted(Buffer.concat([bytes, Buffer.alloc(1)]))
}

/** What a client sends after `SHA2_FULL` or for `mysql_clear_password`. Throws `mysql-malformed`. */
export function readClearPassword(data: Buffer): Redacted {
  const end = data.length - 1
  if (end < 0 || data.indexOf(0) !== end) {
    throw new GateError('mysql-malformed', 'the password of the client does not end where its packet does')
  }
  return new Redacted(data.toString('utf8', 0, end))
}

/** Whether a client asks for the server's RSA key instead of sending its password. */
export function wantsKey(data: Buffer): boolean {
  return data.length === 1 && data[0] === SHA2_KEY_WANTED
}

/** The challenge of an AuthSwitchRequest: its 20 bytes, with a zero byte behind them or without. */
export function challengeOf(data: Buffer): Buffer {
  const isEnded = data.length === CHALLENGE_BYTES + 1 && data[CHALLENGE_BYTES] === 0
  if (data.length !== CHALLENGE_BYTES && !isEnded) {
    throw new GateError('mysql-reply-malformed', 'the challenge of the server has another length than 20')
  }
  return data.subarray(0, CHALLENGE_BYTES)
}

function algorithmOf(plugin: typeof NATIVE | typeof CACHING_SHA2): 'sha1' | 'sha256' {
  return plugin === NATIVE ? 'sha1' : 'sha256'
}

function sha(algorithm: 'sha1' | 'sha256', ...parts: readonly Buffer[]): Buffer {
  const hash = createHash(algorithm)
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)))
}
