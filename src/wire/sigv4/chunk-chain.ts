/**
 * The chain of signatures over the chunks of a body: each covers the one before, the first the request's.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 *
 *     AWS4-HMAC-SHA256-PAYLOAD \n timestamp \n scope \n signature before \n SHA-256("") \n SHA-256(chunk)
 *     AWS4-HMAC-SHA256-TRAILER \n timestamp \n scope \n signature before \n SHA-256("name:value\n")
 *
 * Invariant: the chain moves on only by a signature that it made or verified.
 */
import { hash } from 'node:crypto'
import { type SigningKey, sameSignature, signText } from './keys.ts'
import { ALGORITHM, EMPTY_SHA256 } from './messages.ts'

export class ChunkChain {
  readonly #key: SigningKey
  /** Timestamp and scope, as each string to sign repeats them. */
  readonly #middle: string
  #previous: string

  /** `seed` is the signature of the request's head, verified or made. */
  constructor(key: SigningKey, timestamp: string, seed: string) {
    this.#key = key
    this.#middle = `\n${timestamp}\n${key.scopeText}\n`
    this.#previous = seed
  }

  /** Signs the next chunk by its hex SHA-256. */
  signChunk(sha256: string): string {
    this.#previous = this.#chunk(sha256)
    return this.#previous
  }

  /** True if the signature is the next chunk's; the chain then moves on. */
  verifyChunk(sha256: string, signature: string): boolean {
    const expected = this.#chunk(sha256)
    if (!sameSignature(expected, signature)) return false
    this.#previous = expected
    return true
  }

  /** Signs the trailer, which ends the chain. */
  signTrailer(name: string, value: string): string {
    const digest = hash('sha256', `${name}:${value}\n`)
    return signText(this.#key, `${ALGORITHM}-TRAILER${this.#middle}${this.#previous}\n${digest}`)
  }

  /** True if the signature is the trailer's. */
  verifyTrailer(name: string, value: string, signature: string): boolean {
    return sameSignature(this.signTrailer(name, value), signature)
  }

  #chunk(sha256: string): string {
    const head = `${ALGORITHM}-PAYLOAD${this.#middle}${this.#previous}`
    return signText(this.#key, `${head}\n${EMPTY_SHA256}\n${sha256}`)
  }
}
