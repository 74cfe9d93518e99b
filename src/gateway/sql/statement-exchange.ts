import type { Decision, DecisionRequest } from '../../core/decision.ts'
import { asGateError, GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { SqlPlace } from '../../interpret/sql/ask.ts'
import { settleApproval } from '../approval.ts'
import { connectionContext, mergeContexts } from '../context.ts'
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
import { sqlApprovalCase } from './approval.ts'
import { columnRules, withMasks } from './masks.ts'
import type { ClientFacts, Engine, SqlOutcome, SqlQuestion, SqlRooms, SqlText } from './ports.ts'
import type { Understood } from './understood.ts'

/** One text that is asked about. */
export interface Asking {
  readonly principal: Principal
  readonly facts: ClientFacts
  readonly engine: Engine
  readonly place: SqlPlace
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
export function askAbout(asking: Asking, rooms: SqlRooms): Promise<void> {
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
  readonly #rooms: SqlRooms
  readonly #onGone: () => void

  constructor(asking: Asking, rooms: SqlRooms, onGone: () => void) {
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
    const { understood, broken } = this.#asking
    if (broken !== undefined) throw broken
    return questionOf(this.#asking, { principal, pairs: understood.pairs }, this.#rooms)
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
  readonly #rooms: SqlRooms
  readonly #startMs: number

  constructor(eventId: string, asking: Asking, rooms: SqlRooms) {
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
    const asked = sqlApprovalCase(this.#eventId, question, this.#rooms, {
      hold,
      decideAgain: () => this.decide(questionOf(this.#asking, question.request, this.#rooms)),
    })
    return settleApproval(decision, asked, this.#rooms.approvals)
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

/** The question as it is now: the time is one of its conditions. */
function questionOf(
  { engine, place, text, understood, facts }: Asking,
  { principal, pairs }: Pick<DecisionRequest, 'principal' | 'pairs'>,
  { clock, decide }: SqlRooms,
): SqlQuestion {
  const context = mergeContexts(understood.context, connectionContext(facts, clock))
  const request = { principal, pairs, context }
  return { request, engine, place, text, isSecret: columnRules(decide(request)).length > 0 }
}
