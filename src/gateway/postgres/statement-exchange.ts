import type { Decision } from '../../core/decision.ts'
import { asGateError, GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import {
  type Driver,
  type ExchangePorts,
  exchange,
  type Held,
  type Outcome,
  type Progress,
  type Refusal,
} from '../exchange.ts'
import type { Admission } from '../sessions/live-calls.ts'
import { withMasks } from './masks.ts'
import type { ClientFacts, PostgresRooms, SqlOutcome, SqlQuestion, SqlText } from './ports.ts'
import type { Understood } from './understanding.ts'

/** One text that is asked about. */
export interface Asking {
  readonly principal: Principal
  readonly facts: ClientFacts
  readonly text: SqlText
  readonly understood: Understood
  /** Why the gate reads nothing in this session any more. */
  readonly broken: GateError | undefined
  /** Sends it; the promise resolves when it is answered. Called once, when the decision is durable. */
  send(decision: Decision, ended: AbortSignal): Promise<SqlOutcome>
  /** Tells the client why not. */
  refuse(refusal: Refusal): Promise<void>
}

/**
 * Runs the exchange of one text. Resolves when the text was sent, or refused: the next may be looked at.
 */
export function askAbout(asking: Asking, rooms: PostgresRooms): Promise<void> {
  return new Promise(resolve => {
    const eventId = rooms.recorder.newEventId()
    const driver = new StatementDriver(asking, rooms, resolve)
    exchange(eventId, driver, new StatementPorts(eventId, asking, rooms))
      .catch((failure: unknown) => rooms.trouble(asGateError(failure)))
      .finally(resolve)
  })
}

class StatementDriver implements Driver<SqlQuestion> {
  readonly #asking: Asking
  readonly #rooms: PostgresRooms
  readonly #onGone: () => void

  constructor(asking: Asking, rooms: PostgresRooms, onGone: () => void) {
    this.#asking = asking
    this.#rooms = rooms
    this.#onGone = onGone
  }

  identify(): Principal {
    const { principal } = this.#asking
    if (this.#rooms.clock.now() < principal.expiresAtMs) return principal
    throw new GateError('credentials-expired', 'the session of the principal has ended')
  }

  interpret(principal: Principal): SqlQuestion {
    const { understood, text, broken } = this.#asking
    if (broken !== undefined) throw broken
    const { pairs, context } = understood
    return { request: { principal, pairs, context }, text }
  }

  async hold(): Promise<Held> {
    return 'not-held'
  }

  forward(
    _principal: Principal,
    _question: SqlQuestion,
    decision: Decision,
    ended: AbortSignal,
  ): Promise<Outcome> {
    const outcome = this.#asking.send(decision, ended)
    this.#onGone()
    return outcome
  }

  refuse(refusal: Refusal): Promise<void> {
    return this.#asking.refuse(refusal)
  }
}

/** The rooms as one text sees them. */
class StatementPorts implements ExchangePorts<SqlQuestion> {
  readonly #eventId: string
  readonly #asking: Asking
  readonly #rooms: PostgresRooms
  readonly #startMs: number

  constructor(eventId: string, asking: Asking, rooms: PostgresRooms) {
    this.#eventId = eventId
    this.#asking = asking
    this.#rooms = rooms
    this.#startMs = rooms.clock.now()
  }

  admit(principal: Principal): Admission {
    return this.#rooms.admit(principal)
  }

  decide({ request }: SqlQuestion): Decision {
    return withMasks(this.#rooms.decide(request), this.#asking.understood)
  }

  settle(question: SqlQuestion, decision: Decision, hold: Driver<SqlQuestion>['hold']): Promise<Decision> {
    return this.#rooms.settle(question, decision, hold)
  }

  recordDecision(progress: Progress<SqlQuestion>): Promise<void> {
    return this.#rooms.recorder.decision(this.#eventId, progress, this.#asking.facts)
  }

  recordRefusal(progress: Progress<SqlQuestion>, error: GateError): Promise<void> {
    return this.#rooms.recorder.refusal(this.#eventId, progress, this.#asking.facts, error)
  }

  recordOutcome(progress: Progress<SqlQuestion>, outcome: Outcome): Promise<void> {
    return this.#rooms.recorder.outcome(this.#eventId, progress, outcome, this.#startMs)
  }

  trouble(error: GateError): void {
    this.#rooms.trouble(error)
  }
}
