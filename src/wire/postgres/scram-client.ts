/**
 * The client's side of SCRAM-SHA-256: proves to an upstream that the gate knows the password, without sending it,
 * and has the upstream prove that it knows it, too.
 * https://www.rfc-editor.org/rfc/rfc5802
 *
 * Invariant: `proven` is true only after the server's signature was verified; before it, an AuthenticationOk is a lie.
 */
import { GateError } from '../../core/errors.ts'
import type { Redacted } from '../../core/redacted.ts'
import {
  hmac,
  isSame,
  KEY_BYTES,
  readAttributes,
  readBase64,
  readMessage,
  readNonce,
  SCRAM,
  SCRAM_LIMITS,
  SCRAM_PLUS,
  type ScramLimits,
  type ScramMechanism,
  saltPassword,
  scramMalformed,
  sha256,
  xor,
} from './scram.ts'

const SIDE = 'server'
const ITERATIONS = /^[1-9][0-9]{0,9}$/

export interface ScramClientOptions {
  readonly password: Redacted
  /** As the server offered them. */
  readonly mechanisms: readonly string[]
  /** The binding to the TLS connection: `endPointBinding` of the server's certificate; undefined without one. */
  readonly binding: Buffer | undefined
  /** At least 18 random bytes in base64; a new one each time. */
  readonly nonce: string
  /** PostgreSQL wants none: it knows the user of the startup packet. */
  readonly user?: string
}

export class ScramClient {
  /** What was chosen of what the server offers; with channel binding if both sides have it. */
  readonly mechanism: ScramMechanism
  readonly #password: Redacted
  readonly #nonce: string
  readonly #limits: ScramLimits
  /** Whether the channel is bound, and how, as the server is told: `n,,`. */
  readonly #header: string
  readonly #binding: Buffer
  readonly #firstBare: string
  #step: 'first' | 'final' | 'verify' | 'proven' | 'failed' = 'first'
  #signature: Buffer | undefined

  /** Throws `scram-server-refused` if the server offers no mechanism that is known here. */
  constructor(options: ScramClientOptions, limits: ScramLimits = SCRAM_LIMITS) {
    const { mechanisms, binding } = options
    const plus = binding !== undefined && mechanisms.includes(SCRAM_PLUS)
    if (!plus && !mechanisms.includes(SCRAM)) {
      throw new GateError('scram-server-refused', 'the server offers no SASL mechanism that the gate knows')
    }
    this.mechanism = plus ? SCRAM_PLUS : SCRAM
    this.#header = plus ? 'p=tls-server-end-point,,' : binding === undefined ? 'n,,' : 'y,,'
    this.#binding = plus ? binding : Buffer.alloc(0)
    this.#password = options.password
    this.#nonce = options.nonce
    this.#limits = limits
    this.#firstBare = `n=${saslName(options.user ?? '')},r=${options.nonce}`
  }

  /** Whether the server has proven that it knows the password. */
  get proven(): boolean {
    return this.#step === 'proven'
  }

  /** The first message, to go with the name of the mechanism. */
  first(): Buffer {
    this.#advance('first', 'final')
    return Buffer.from(this.#header + this.#firstBare, 'latin1')
  }

  /** The proof, for the server's first message. Throws `scram-reply-malformed`, `scram-server-refused`. */
  async final(serverFirst: Buffer): Promise<Buffer> {
    this.#advance('final', 'failed')
    const message = readMessage(SIDE, serverFirst, this.#limits)
    const [nonce = '', encodedSalt = '', rounds = ''] = readAttributes(SIDE, message, 'rsi')
    readNonce(SIDE, nonce)
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw scramMalformed(SIDE, 'a nonce that does not continue that of the client')
    }
    const salt = readBase64(SIDE, encodedSalt)
    if (salt.length === 0) throw scramMalformed(SIDE, 'no salt')
    const salted = await saltPassword(this.#password, salt, this.#iterations(rounds))
    const binding = Buffer.concat([Buffer.from(this.#header), this.#binding]).toString('base64')
    const withoutProof = `c=${binding},r=${nonce}`
    const all = `${this.#firstBare},${message},${withoutProof}`
    const clientKey = hmac(salted, 'Client Key')
    const proof = xor(clientKey, hmac(sha256(clientKey), all))
    this.#signature = hmac(hmac(salted, 'Server Key'), all)
    this.#step = 'verify'
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`, 'latin1')
  }

  /**
   * Verifies the server's signature in its last message. Throws `scram-server-unproven` if it is not that of one who
   * knows the password, `scram-server-refused` for an error, `scram-reply-malformed`.
   */
  verify(serverFinal: Buffer): void {
    this.#advance('verify', 'failed')
    const message = readMessage(SIDE, serverFinal, this.#limits)
    if (message.startsWith('e=')) {
      throw new GateError('scram-server-refused', 'the server refuses the proof of the password')
    }
    const [encoded = ''] = readAttributes(SIDE, message, 'v')
    const signature = readBase64(SIDE, encoded, KEY_BYTES)
    if (this.#signature === undefined || !isSame(signature, this.#signature)) {
      throw new GateError('scram-server-unproven', 'the server does not prove that it knows the password')
    }
    this.#step = 'proven'
  }

  #iterations(rounds: string): number {
    if (!ITERATIONS.test(rounds)) throw scramMalformed(SIDE, 'no good number of iterations')
    const iterations = Number(rounds)
    const { leastIterations, mostIterations } = this.#limits
    if (iterations < leastIterations || iterations > mostIterations) {
      throw new GateError(
        'scram-server-refused',
        `the server asks for ${iterations} iterations; ${leastIterations} to ${mostIterations} are taken`,
      )
    }
    return iterations
  }

  #advance(from: 'first' | 'final' | 'verify', to: 'final' | 'failed'): void {
    if (this.#step !== from) throw scramMalformed(SIDE, 'no place at this point')
    this.#step = to
  }
}

/** One character a byte. */
function saslName(user: string): string {
  return Buffer.from(user.replaceAll('=', '=3D').replaceAll(',', '=2C'), 'utf8').toString('latin1')
}
