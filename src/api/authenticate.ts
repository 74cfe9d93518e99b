import type { Clock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import type { Person } from '../core/person.ts'
import type { Bearer } from '../identity/people.ts'
import { Attempts } from './attempts.ts'
import type { Received } from './received.ts'

export interface AuthenticatorOptions {
  readonly people: { identify(token: string): Promise<Bearer> }
  readonly clock: Clock
  /** Keeps who a person is, for channels that know people by another name. */
  remember(person: Person, verifiedAtMs: number): Promise<void>
  /** Trouble that is nobody's answer: goes to the operator's log. */
  unexpected(error: unknown, where: string): void
}

const REMEMBER_EVERY_MS = 60_000
const MAX_REMEMBERED = 4_096
/** RFC 6750, 2.1: the characters of a token; the scheme is compared without case (RFC 9110, 11.1). */
const AUTHORIZATION = /^bearer ([A-Za-z0-9._~+/-]{1,16384}={0,2})$/i

/** A bearer token becomes whoever holds it; at a bounded rate for tokens that prove nothing. */
export class Authenticator {
  readonly #options: AuthenticatorOptions
  readonly #attempts: Attempts
  /** When each person was last remembered, ms; least recently first. */
  readonly #remembered = new Map<string, number>()

  constructor(options: AuthenticatorOptions) {
    this.#options = options
    this.#attempts = new Attempts(options.clock)
  }

  /**
   * Throws with status 401 for a token that is missing or proves nothing (`api-token-missing`,
   * `api-token-rejected`, `identity-token-invalid`, `-expired`, `-rejected`); `header-duplicate`;
   * `api-attempts-too-many`; and what keeps the gate from finding out (`issuer-unreachable`).
   */
  async authenticate(received: Received): Promise<Bearer> {
    const { address } = received
    const header = received.header('authorization')
    if (header === undefined) throw new GateError('api-token-missing', 'the call carries no token')
    const token = AUTHORIZATION.exec(header)?.[1]
    if (token === undefined) {
      throw new GateError('api-token-missing', 'the `authorization` header is not `Bearer` and one token')
    }
    this.#attempts.check(address, token)
    const bearer = await this.#options.people.identify(token).catch((error: unknown) => {
      throw this.#failed(error, address, token)
    })
    this.#attempts.verified(token)
    if (bearer.kind === 'person') await this.#remember(bearer.person)
    return bearer
  }

  #failed(error: unknown, address: string, token: string): unknown {
    if (!(error instanceof GateError)) return error
    switch (error.code) {
      case 'identity-token-invalid':
      case 'identity-token-expired':
      case 'identity-token-rejected':
      case 'api-token-rejected':
        this.#attempts.refused(address, token)
        return new GateError(error.code, error.message, { status: 401, cause: error.cause })
      case 'issuer-unreachable':
        this.#attempts.failed(address)
        return new GateError(error.code, error.message, { status: 503, cause: error.cause })
      case 'keyring-unsafe':
      case 'admin-token-unreadable':
        // Its message names a file of the gate, and whoever asks has proved nothing.
        return new GateError('internal', "the local administrator's token cannot be checked now", {
          cause: error,
        })
      default:
        return error
    }
  }

  /** At most once a minute for each; nobody is turned away because it failed. */
  async #remember(person: Person): Promise<void> {
    const nowMs = this.#options.clock.now()
    const beforeMs = this.#remembered.get(person.id)
    if (beforeMs !== undefined && nowMs - beforeMs < REMEMBER_EVERY_MS) return
    this.#remembered.delete(person.id)
    this.#remembered.set(person.id, nowMs)
    if (this.#remembered.size > MAX_REMEMBERED) {
      const oldest = this.#remembered.keys().next()
      if (oldest.done !== true) this.#remembered.delete(oldest.value)
    }
    try {
      await this.#options.remember(person, nowMs)
    } catch (error) {
      this.#remembered.delete(person.id)
      this.#options.unexpected(error, 'remembering a person')
    }
  }
}
