/**
 * SCRAM-SHA-256: what both sides compute and how their messages are read.
 * https://www.rfc-editor.org/rfc/rfc5802 (SCRAM), https://www.rfc-editor.org/rfc/rfc7677 (SHA-256)
 *
 *     client first   n,,n=,r=<nonce>                        or  p=tls-server-end-point,,…  or  y,,…
 *     server first   r=<nonce><nonce>,s=<salt>,i=<iterations>
 *     client final   c=<what precedes `n=`, and the binding>,r=<nonces>,p=<proof>
 *     server final   v=<signature>                          or  e=<error>
 *
 * Invariants: a field that is not the expected one is refused, extensions among them; base64 has one form; the
 * number of iterations that a server can ask for is limited, and so are proofs and keys compared in constant time.
 */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { GateError } from '../../core/errors.ts'
import type { Redacted } from '../../core/redacted.ts'
import type { Side } from './cursor.ts'
import { saslprep } from './saslprep.ts'

export const SCRAM = 'SCRAM-SHA-256'
/** With channel binding. */
export const SCRAM_PLUS = 'SCRAM-SHA-256-PLUS'
export type ScramMechanism = typeof SCRAM | typeof SCRAM_PLUS

/** What a SCRAM exchange may cost. */
export interface ScramLimits {
  /** Bytes of one message. Beyond: `scram-malformed`, `scram-reply-malformed`. */
  readonly messageBytes: number
  /** Rounds of PBKDF2 that a server may ask for. Below or beyond: `scram-server-refused`. */
  readonly leastIterations: number
  readonly mostIterations: number
}

/** RFC 7677 asks for 4,096 rounds at least; with fewer, whoever plays the server could guess the password. */
export const SCRAM_LIMITS: ScramLimits = Object.freeze({
  messageBytes: 4_096,
  leastIterations: 4_096,
  mostIterations: 1_000_000,
})

export const KEY_BYTES = 32
const NONCE = /^[\x21-\x2b\x2d-\x7e]{1,1024}$/
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const derive = promisify(pbkdf2)

/** Of text whose characters are bytes, as `readMessage` gives it. */
export function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'latin1').digest()
}

export function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}

/** Hi() of RFC 5802: what is derived of a password. Takes milliseconds, off the main thread. */
export async function saltPassword(password: Redacted, salt: Buffer, iterations: number): Promise<Buffer> {
  return await derive(Buffer.from(saslprep(password.reveal()), 'utf8'), salt, iterations, KEY_BYTES, 'sha256')
}

export function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)))
}

/** Whether two keys, proofs or signatures are the same; in constant time where they are as long. */
export function isSame(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

/** The fields of a message that are to be there, in their order: `r`, `s`, `i`. */
export function readAttributes(side: Side, message: string, letters: string): readonly string[] {
  const fields = message.split(',', letters.length + 1)
  if (fields.length !== letters.length) throw scramMalformed(side, 'fields that do not belong there')
  return fields.map((field, i) => {
    if (!field.startsWith(`${letters[i]}=`))
      throw scramMalformed(side, `no \`${letters[i]}\` where it belongs`)
    return field.slice(2)
  })
}

/** A message as text of one character a byte: all but user names is ASCII. */
export function readMessage(side: Side, data: Buffer, limits: ScramLimits): string {
  if (data.length > limits.messageBytes) {
    throw scramMalformed(side, `more than ${limits.messageBytes} bytes`)
  }
  const text = data.toString('latin1')
  if (text.includes('\0')) throw scramMalformed(side, 'a zero byte')
  return text
}

export function readNonce(side: Side, nonce: string): string {
  if (!NONCE.test(nonce)) throw scramMalformed(side, 'a nonce that is none')
  return nonce
}

/** Bytes of their one form in base64; `length` of them if it is given. */
export function readBase64(side: Side, text: string, length?: number): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (!BASE64.test(text) || bytes.toString('base64') !== text) throw scramMalformed(side, 'bad base64')
  if (length !== undefined && bytes.length !== length) throw scramMalformed(side, 'a key of the wrong length')
  return bytes
}

export function scramMalformed(side: Side, what: string): GateError {
  return new GateError(
    side === 'client' ? 'scram-malformed' : 'scram-reply-malformed',
    `the SCRAM message of the ${side} has ${what}`,
  )
}
