import type { GateError } from '../../core/errors.ts'

/** A session, as far as its end is concerned. */
export interface EndableSession {
  /** Nothing runs, and no transaction is open: nothing is lost when it ends. */
  readonly isAtRest: boolean
  /** Tells the client why, and ends. */
  fail(error: GateError): void
}

/** The sessions of one engine's clients. */
export class OpenSessions {
  readonly #sessions = new Set<EndableSession>()

  /** Gives what takes it out again. */
  add(session: EndableSession): () => void {
    this.#sessions.add(session)
    return () => void this.#sessions.delete(session)
  }

  get count(): number {
    return this.#sessions.size
  }

  /** Ends all that are at rest. */
  endThoseAtRest(error: GateError): void {
    for (const session of [...this.#sessions]) if (session.isAtRest) session.fail(error)
  }

  endAll(error: GateError): void {
    for (const session of [...this.#sessions]) session.fail(error)
  }
}
