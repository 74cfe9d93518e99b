/**
 * Signing keys.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (step 4)
 *
 *     HMAC(HMAC(HMAC(HMAC("AWS4" + secret, date), region), service), "aws4_request")
 *
 * Keys are held as `KeyObject`s: an HMAC with one costs an eighth of an HMAC with the raw bytes.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { Redacted } from '../../core/redacted.ts'
import type { CredentialScope } from './messages.ts'

const TERMINATOR = 'aws4_request'

/** A derived key: good for one secret, day, region and service. */
export interface SigningKey {
  readonly scope: CredentialScope
  /** `DATE/REGION/SERVICE/aws4_request` */
  readonly scopeText: string
  readonly key: KeyObject
}

export function scopeText(scope: CredentialScope): string {
  return `${scope.date}/${scope.region}/${scope.service}/${TERMINATOR}`
}

/** Derives the key for a scope: four HMACs, some 40 µs. */
export function deriveSigningKey(secretAccessKey: Redacted, scope: CredentialScope): SigningKey {
  const date = hmac(Buffer.from(`AWS4${secretAccessKey.reveal()}`), scope.date)
  const service = hmac(hmac(date, scope.region), scope.service)
  return {
    scope,
    scopeText: scopeText(scope),
    key: createSecretKey(hmac(service, TERMINATOR)),
  }
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest()
}

/** HMAC-SHA256 of the text in hex. */
export function signText(key: SigningKey, text: string): string {
  return createHmac('sha256', key.key).update(text, 'utf8').digest('hex')
}

/** Compares two signatures in constant time; the one that was received may be any text. */
export function sameSignature(expected: string, received: string): boolean {
  const a = Buffer.from(expected)
  const b = Buffer.from(received)
  return a.length === b.length && timingSafeEqual(a, b)
}

/**
 * Derived keys of the latest scopes. Bounded: the entry unused for longest goes first. An entry is used
 * only for the very secret that it was derived from.
 */
export class SigningKeys {
  readonly #capacity: number
  readonly #entries = new Map<string, { readonly secret: Redacted; readonly key: SigningKey }>()

  constructor(capacity = 10_000) {
    this.#capacity = capacity
  }

  /** The key of the secret for the scope. `accessKeyId` only names the entry. */
  get(accessKeyId: string, secretAccessKey: Redacted, scope: CredentialScope): SigningKey {
    const name = `${accessKeyId}/${scope.date}/${scope.region}/${scope.service}`
    const found = this.#entries.get(name)
    if (found !== undefined && found.secret.reveal() === secretAccessKey.reveal()) {
      this.#entries.delete(name)
      this.#entries.set(name, found)
      return found.key
    }
    const key = deriveSigningKey(secretAccessKey, scope)
    this.#entries.delete(name)
    this.#entries.set(name, { secret: secretAccessKey, key })
    if (this.#entries.size > this.#capacity) this.#dropOldest()
    return key
  }

  /** How many keys are held. */
  get size(): number {
    return this.#entries.size
  }

  #dropOldest(): void {
    const oldest = this.#entries.keys().next()
    if (oldest.done !== true) this.#entries.delete(oldest.value)
  }
}
