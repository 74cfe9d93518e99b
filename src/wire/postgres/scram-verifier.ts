/**
 * What verifies a password without being it, in the form that PostgreSQL keeps in `pg_authid`.
 * https://www.postgresql.org/docs/current/catalog-pg-authid.html
 *
 *     SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>        base64
 *
 * Who has it cannot prove to know the password; but may play the server to somebody who does. It is a secret.
 */
import type { Redacted } from '../../core/redacted.ts'
import {
  hmac,
  KEY_BYTES,
  readBase64,
  SCRAM,
  SCRAM_LIMITS,
  saltPassword,
  scramMalformed,
  sha256,
} from './scram.ts'

const FORM = /^SCRAM-SHA-256\$([1-9][0-9]{0,8}):([^:$]{1,1024})\$([^:$]{1,64}):([^:$]{1,64})$/
const SALT_BYTES = 16

export interface ScramVerifier {
  readonly iterations: number
  readonly salt: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** The verifier of a password. `salt`: 16 random bytes. */
export async function makeVerifier(
  password: Redacted,
  salt: Buffer,
  iterations: number = SCRAM_LIMITS.leastIterations,
): Promise<ScramVerifier> {
  const salted = await saltPassword(password, salt, iterations)
  const storedKey = sha256(hmac(salted, 'Client Key'))
  return { iterations, salt, storedKey, serverKey: hmac(salted, 'Server Key') }
}

/**
 * A verifier that no password fits, for a user who does not exist: always the same for the same name, so that nobody
 * can tell the one from the other. `key`: random, of this installation.
 */
export function mockVerifier(key: Buffer, user: string): ScramVerifier {
  const name = Buffer.from(user, 'utf8').toString('latin1')
  return {
    iterations: SCRAM_LIMITS.leastIterations,
    salt: hmac(key, `salt:${name}`).subarray(0, SALT_BYTES),
    storedKey: hmac(key, `stored:${name}`),
    serverKey: hmac(key, `server:${name}`),
  }
}

/** Reads the form of PostgreSQL. Throws `scram-malformed`, and says nothing of what is in it. */
export function readVerifier(text: string): ScramVerifier {
  const [, iterations, salt, storedKey, serverKey] = FORM.exec(text) ?? []
  if (salt === undefined || storedKey === undefined || serverKey === undefined) {
    throw scramMalformed('client', 'a verifier of another form')
  }
  return {
    iterations: Number(iterations),
    salt: readBase64('client', salt),
    storedKey: readBase64('client', storedKey, KEY_BYTES),
    serverKey: readBase64('client', serverKey, KEY_BYTES),
  }
}

/** Writes the form of PostgreSQL. */
export function writeVerifier({ iterations, salt, storedKey, serverKey }: ScramVerifier): string {
  const base64 = (bytes: Buffer): string => bytes.toString('base64')
  return `${SCRAM}$${iterations}:${base64(salt)}$${base64(storedKey)}:${base64(serverKey)}`
}
