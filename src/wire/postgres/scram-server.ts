/**
 * The server's side of SCRAM-SHA-256: lets a client prove that it knows a password of which the gate has only what
 * verifies it.
 * https://www.rfc-editor.org/rfc/rfc5802, https://www.postgresql.org/docs/current/sasl-authentication.html
 *
 * Invariants: `final` returns only for a proof that was verified, over this TLS connection if it is bound; a client
 * that could bind the channel and was made to believe that the gate could not is refused.
 */
import { GateError } from '../../core/errors.ts'
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
  scramMalformed,
  sha256,
  xor,
} from './scram.ts'
import type { ScramVerifier } from './scram-verifier.ts'

const SIDE = 'client'
/** How the channel is bound, the identity to act for (which nobody may name), and the rest. */
const FIRST = /^(n|y|p=[A-Za-z0-9.-]{1,64}),,(n=[^,]*,r=[^,]*)$/
const BINDING = 'p=tls-server-end-point'

export interface ScramServerOptions {
  /** Of the client's password; for a user who does not exist, `mockVerifier`. */
  readonly verifier: ScramVerifier
  /** The binding to this TLS connection: `endPointBinding` of the gate's certificate; undefined without one. */
  readonly binding: Buffer | undefined
  /** At least 18 random bytes in base64; a new one each time. */
  readonly nonce: string
}

export class ScramServer {
  readonly #options: ScramServerOptions
  readonly #limits: ScramLimits
  #step: 'first' | 'final' | 'over' = 'first'
  #nonce = ''
  #header = ''
  /** The client's first message without its header, and the answer. */
  #said = ''

  constructor(options: ScramServerOptions, limits: ScramLimits = SCRAM_LIMITS) {
    this.#options = options
    this.#limits = limits
  }

  /** What to offer, the best first. */
  get mechanisms(): readonly string[] {
    return this.#options.binding === undefined ? [SCRAM] : [SCRAM_PLUS, SCRAM]
  }

  /** The answer to the client's first message. Throws `scram-malformed`, `scram-binding-mismatch`. */
  first(mechanism: string, clientFirst: Buffer): Buffer {
    this.#advance('first')
    const message = readMessage(SIDE, clientFirst, this.#limits)
    const [, flag, bare] = FIRST.exec(message) ?? []
    if (flag === undefined || bare === undefined) throw scramMalformed(SIDE, 'another form than `n,,n=,r=…`')
    this.#checkFlag(mechanism, flag)
    const [, clientNonce = ''] = readAttributes(SIDE, bare, 'nr')
    const { verifier, nonce } = this.#options
    this.#nonce = readNonce(SIDE, clientNonce) + nonce
    this.#header = `${flag},,`
    const answer = `r=${this.#nonce},s=${verifier.salt.toString('base64')},i=${verifier.iterations}`
    this.#said = `${bare},${answer}`
    this.#step = 'final'
    return Buffer.from(answer, 'latin1')
  }

  /**
   * The answer to the client's proof, once it is verified. Throws `scram-proof-mismatch`, `scram-binding-mismatch`,
   * `scram-malformed`.
   */
  final(clientFinal: Buffer): Buffer {
    this.#advance('final')
    const message = readMessage(SIDE, clientFinal, this.#limits)
    const [bound = '', nonce = '', encoded = ''] = readAttributes(SIDE, message, 'crp')
    const proof = readBase64(SIDE, encoded, KEY_BYTES)
    const { verifier, binding } = this.#options
    const bindingData = this.#header.startsWith('p') && binding !== undefined ? binding : Buffer.alloc(0)
    const expected = Buffer.concat([Buffer.from(this.#header, 'latin1'), bindingData])
    if (!isSame(readBase64(SIDE, bound), expected)) throw bindingMismatch()
    if (!isSame(Buffer.from(nonce, 'latin1'), Buffer.from(this.#nonce, 'latin1'))) {
      throw scramMalformed(SIDE, 'another nonce than before')
    }
    const all = `${this.#said},c=${bound},r=${nonce}`
    const clientKey = xor(proof, hmac(verifier.storedKey, all))
    if (!isSame(sha256(clientKey), verifier.storedKey)) {
      throw new GateError('scram-proof-mismatch', 'the client does not prove that it knows the password')
    }
    return Buffer.from(`v=${hmac(verifier.serverKey, all).toString('base64')}`, 'latin1')
  }

  #checkFlag(mechanism: string, flag: string): void {
    const bound = this.#options.binding !== undefined
    if (mechanism === SCRAM_PLUS && bound) {
      if (flag !== BINDING) throw scramMalformed(SIDE, 'no binding of the kind `tls-server-end-point`')
      return
    }
    if (mechanism !== SCRAM || flag.startsWith('p')) {
      throw scramMalformed(SIDE, 'a mechanism that was not offered')
    }
    // The client could bind the channel and saw no offer to: somebody between took it away.
    if (flag === 'y' && bound) throw bindingMismatch()
  }

  #advance(from: 'first' | 'final'): void {
    if (this.#step !== from) throw scramMalformed(SIDE, 'no place at this point')
    this.#step = 'over'
  }
}

function bindingMismatch(): GateError {
  return new GateError('scram-binding-mismatch', 'the client and the gate do not see the same TLS connection')
}
