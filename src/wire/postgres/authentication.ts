/**
 * What is inside of `p` messages, which one type of message carries all: the caller knows what it asked for.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 *
 *     PasswordMessage       | password 0 |
 *     SASLInitialResponse   | mechanism 0 | length, 4 bytes, or -1 | data |
 *     SASLResponse, GSSResponse   | data |
 */
import { hash } from 'node:crypto'
import { Redacted } from '../../core/redacted.ts'
import { Cursor } from './cursor.ts'
import { POSTGRES_LIMITS, type PostgresLimits } from './limits.ts'
import { Packer } from './packer.ts'

export interface SaslInitial {
  readonly mechanism: string
  /** Null if the client waits for a challenge first, which SCRAM never does. */
  readonly data: Buffer | null
}

/** The password, or the answer to a salt. Throws `postgres-malformed`, `postgres-text-invalid`. */
export function readPassword(data: Redacted<Buffer>): Redacted {
  const cursor = new Cursor('client', 'PasswordMessage', data.reveal(), 0)
  const password = cursor.text()
  cursor.end()
  return new Redacted(password)
}

export function writePassword(password: Redacted): Redacted<Buffer> {
  return new Redacted(new Packer().text(password.reveal()).take())
}

/** The first message of SASL. Throws `postgres-malformed`. */
export function readSaslInitial(
  data: Redacted<Buffer>,
  limits: PostgresLimits = POSTGRES_LIMITS,
): SaslInitial {
  const cursor = new Cursor('client', 'SASLInitialResponse', data.reveal(), 0)
  const initial = { mechanism: cursor.text(limits.labelBytes), data: cursor.value() }
  cursor.end()
  return initial
}

export function writeSaslInitial({ mechanism, data }: SaslInitial): Redacted<Buffer> {
  return new Redacted(new Packer().text(mechanism).value(data).take())
}

/**
 * The answer to AuthenticationMD5Password, for upstreams that have nothing better: `md5` and the MD5 of the MD5 of
 * password and user, and the salt. Whoever has the inner one can log in.
 */
export function md5Password(password: Redacted, user: string, salt: Buffer): Redacted {
  const inner = hash('md5', Buffer.from(password.reveal() + user, 'utf8'), 'hex')
  return new Redacted(`md5${hash('md5', Buffer.concat([Buffer.from(inner, 'latin1'), salt]), 'hex')}`)
}
