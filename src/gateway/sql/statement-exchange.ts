import type { Decision } from '../../core/decision.ts'
import { asGateError, GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { SqlPlace } from '../../interpret/sql/ask.ts'
import { type AwaitedApproval, settleApproval } from '../approval.ts'
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
import { requireNoMask } from './carried-mask.ts'
import type { KeptResult } from './kept-result.ts'
import { keptResultOf } from './own-values.ts'
import type { ClientFacts, Engine, SqlOutcome, SqlQuestion, SqlRooms, SqlText } from './ports.ts'
import { carriesSecrets } from './secrets.ts'
import { decideStatement, type Met, metBy, type StatementDecision } from './statement-decision.ts'
import { type Answer, contextOf, type SteadyAnswers } from './steady-answers.ts'
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
  /** What was decided in this session already, of the same principal and facts. */
  readonly answers?: SteadyAnswers
  /** Of the session that it belongs to, which was let in for as long as it lasts; absent: each text is by itself. */
  readonly admission?: Admission | undefined
  /** What people have said of the same text already. */
  readonly met?: Met
  /** Rows that its change has made: what is asked is whether it stays. */
  readonly rows?: number
  /**
   * Keeps the client while people are asked: runs `wait`, and aborts its signal when the client leaves. Absent: it is not held,
   * and told to come again. May reject: then it is refused with that error.
   */
  hold?(wait: (left: AbortSignal) => Promise<void>, awaited: AwaitedApproval): Promise<Held>
  /**
   * Sends it; the promise resolves when it is answered. Called once, when the decision is durable.
   * @param counting set where the change may stay only when its rows are counted and decided
   * @param kept takes what the client gets to see of results, as far as it is to be recorded
   */
  send(
    decision: Decision,
    ended: AbortSignal,
    counting: Counting | undefined,
    kept: KeptResult,
  ): Promise<SqlOutcome>
  /** Tells the client why not. */
  refuse(refusal: Refusal): Promise<void>
}

/** A change that was made, and does not stay until it is asked again with the number of its rows. */
export interface Counting {
  /**
   * Asks, and runs one of the two; resolves when that has ended.
   * @param counted rows, or why they could not be counted: then it does not stay
   */
  decide(counted: number | GateError, answer: RowsAnswer): Promise<void>
}

export interface RowsAnswer {
  /** It may stay; the decision is durable. Resolves when it does. */
  keep(): Promise<void>
  /** It may not. */
  refuse(refusal: Refusal): Promise<void>
}

/**
 * Runs the exchange of one text. Resolves when the text was sent, or refused: the next may be looked at.
 */
export function askAbout(asking: Asking, rooms: SqlRooms): Promise<void> {
  return new Promise(resolve => void ask(asking, rooms, resolve).finally(resolve))
}

/** Resolves when the exchange has ended. Never rejects. */
async function ask(asking: Asking, rooms: SqlRooms, onGone: () => void = () => undefined): Promise<void> {
  try {
    const eventId = rooms.recorder.newEventId()
    const driver = new StatementDriver(asking, rooms, onGone)
    await exchange(eventId, driver, new StatementPorts(eventId, asking, rooms))
  } catch (failure) {
    rooms.trouble(asGateError(failure))
  }
}

/** A question with its answer, as it was when it was asked. */
interface DecidedQuestion extends SqlQuestion {
  readonly decided: StatementDecision
}

class StatementDriver implements Driver<DecidedQuestion> {
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

  interpret(): DecidedQuestion {
    const { broken, understood, text } = this.#asking
    if (broken !== undefined) throw broken
    requireNoMask(understood, text)
    return questionOf(this.#asking, this.#rooms)
  }

  async hold(wait: (left: AbortSignal) => Promise<void>, awaited: AwaitedApproval): Promise<Held> {
    return (await this.#asking.hold?.(wait, awaited)) ?? 'not-held'
  }

  forward(
    _principal: Principal,
    question: DecidedQuestion,
    decision: Decision,
    ended: AbortSignal,
  ): Promise<Outcome> {
    const { isCounted } = question.decided
    const counting = isCounted ? countingOf(this.#asking, decision, this.#rooms) : undefined
    const kept = keptResultOf(question, this.#rooms.recorder)
    const outcome = this.#asking.send(decision, ended, counting, kept)
    this.#onGone()
    return outcome
  }

  refuse(refusal: Refusal): Promise<void> {
    return this.#asking.refuse(refusal)
  }
}

/** The rooms as one text sees them. */
class StatementPorts implements ExchangePorts<DecidedQuestion> {
  readonly #eventId: string
  readonly #asking: Asking
  readonly #rooms: SqlRooms
  readonly #startMs: number
  #admission: Admission | undefined

  constructor(eventId: string, asking: Asking, rooms: SqlRooms) {
    this.#eventId = eventId
    this.#asking = asking
    this.#rooms = rooms
    this.#startMs = rooms.clock.now()
  }

  admit(principal: Principal): Admission {
    const { admission } = this.#asking
    admission?.check()
    this.#admission = admission === undefined ? this.#rooms.admit(principal) : within(admission)
    return this.#admission
  }

  decide({ decided }: DecidedQuestion): Decision {
    return decided.decision
  }

  settle(
    question: DecidedQuestion,
    decision: Decision,
    hold: Driver<DecidedQuestion>['hold'],
  ): Promise<Decision> {
    const asked = sqlApprovalCase(this.#eventId, question, this.#rooms, {
      hold: (wait, awaited) => hold(left => wait(this.#untilEnded(left)), awaited),
      decideAgain: () => questionOf(this.#asking, this.#rooms).decided.decision,
    })
    return settleApproval(decision, asked, this.#rooms.approvals)
  }

  /** Nobody is asked any longer for a session that was ended. */
  #untilEnded(left: AbortSignal): AbortSignal {
    return this.#admission === undefined ? left : AbortSignal.any([left, this.#admission.ended])
  }

  recordDecision(progress: Progress<DecidedQuestion>): Promise<void> {
    return this.#rooms.recorder.decision(this.#eventId, progress, this.#asking.facts)
  }

  recordRefusal(progress: Progress<DecidedQuestion>, error: GateError): Promise<void> {
    return this.#rooms.recorder.refusal(this.#eventId, progress, this.#asking.facts, error)
  }

  recordOutcome(progress: Progress<DecidedQuestion>, outcome: Outcome): Promise<void> {
    return this.#rooms.recorder.outcome(this.#eventId, progress, outcome, this.#startMs)
  }

  trouble(error: GateError): void {
    this.#rooms.trouble(error)
  }
}

/** The session goes on when a text of it has ended. */
function within({ ended, check }: Admission): Admission {
  return { ended, check, leave: () => undefined }
}

/** The question as it is now: the time is one of its conditions. */
function questionOf(asking: Asking, rooms: SqlRooms): DecidedQuestion {
  const { engine, place, text, understood, rows } = asking
  const { request, decided } = answerTo(asking, rooms)
  // What is denied may hold what is masked elsewhere as well as what passes.
  const mayBeMasked = decided.decision.effect === 'deny' && rooms.masksValues(asking.principal)
  const isSecret = decided.isMasked || mayBeMasked || carriesSecrets(understood, text.sql)
  return { request, engine, place, text, isSecret, decided, ...(rows === undefined ? {} : { rows }) }
}

/** What the policies say; for what people have answered, or whose rows were counted, nothing is remembered. */
function answerTo(asking: Asking, rooms: SqlRooms): Answer {
  const { principal, facts, understood, answers, rows, met } = asking
  if (answers !== undefined && rows === undefined && met === undefined) return answers.decide(understood)
  const request = { principal, pairs: understood.pairs, context: contextOf(understood, facts, rooms) }
  return { request, decided: decideStatement({ ...asking, request }, rooms) }
}

/** The same text once more, when its rows are known: a question of its own, with an event of its own. */
function countingOf(asking: Asking, decision: Decision, rooms: SqlRooms): Counting {
  const met = metBy(decision)
  return {
    async decide(counted, { keep, refuse }) {
      const rows = typeof counted === 'number' ? { rows: counted } : {}
      const broken = asking.broken ?? (typeof counted === 'number' ? undefined : counted)
      const again: Asking = {
        ...asking,
        text: { ...asking.text, message: 'Commit' },
        ...(met === undefined ? {} : { met }),
        ...rows,
        broken,
        async send() {
          await keep()
          return { bytesIn: 0, bytesOut: 0, ...rows }
        },
        refuse,
      }
      await ask(again, rooms)
    },
  }
}
