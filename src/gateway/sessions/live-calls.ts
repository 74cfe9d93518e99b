import type { GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { Revocation } from '../../core/revocation.ts'
import { revokedError } from '../../identity/revocations.ts'

/** A call that was let into the gate, until it ends. */
export interface Admission {
  /** Aborts when the session is ended while the call is on its way; its reason is the error for the client. */
  readonly ended: AbortSignal
  /** Throws `session-revoked` or `revocations-unknown` where it could not be let in now. */
  check(): void
  /** The call has ended; once. */
  leave(): void
}

export interface LiveCallsOptions {
  /** The order that ended the principal's session. */
  revokedBy(principal: Principal): Revocation | undefined
  /** Throws `revocations-unknown` while nobody can say. */
  checkKnown(): void
  /** Who watches sessions; told once for each call that was let in, and once when it has ended. */
  entered(principal: Principal): void
  left(principal: Principal): void
}

interface LiveCall {
  readonly principal: Principal
  readonly ended: AbortController
}

/** The calls that are on their way, so that those of a session that is ended can be cut off. */
export class LiveCalls {
  readonly #options: LiveCallsOptions
  readonly #live = new Set<LiveCall>()

  constructor(options: LiveCallsOptions) {
    this.#options = options
  }

  /** Lets a call in. Throws `session-revoked`, `revocations-unknown`. */
  admit(principal: Principal): Admission {
    this.#check(principal)
    const call: LiveCall = { principal, ended: new AbortController() }
    this.#live.add(call)
    this.#options.entered(principal)
    return {
      ended: call.ended.signal,
      check: () => this.#check(principal),
      leave: () => {
        if (this.#live.delete(call)) this.#options.left(principal)
      },
    }
  }

  /** Ends the calls of sessions that were ended by now. */
  cut(): void {
    for (const { principal, ended } of this.#live) {
      const error = this.#revoked(principal)
      if (error !== undefined) ended.abort(error)
    }
  }

  #check(principal: Principal): void {
    // What is known to be ended is ended, however old the knowledge is.
    const error = this.#revoked(principal)
    if (error !== undefined) throw error
    this.#options.checkKnown()
  }

  #revoked(principal: Principal): GateError | undefined {
    const revocation = this.#options.revokedBy(principal)
    return revocation && revokedError(principal, revocation)
  }
}
