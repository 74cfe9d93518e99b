import type { Decision, DecisionRequest } from '../../core/decision.ts'
import type { Principal } from '../../core/principal.ts'
import { factsContext, mergeContexts } from '../context.ts'
import type { ClientFacts, Engine, SqlRooms } from './ports.ts'
import { decideStatement, type StatementDecision } from './statement-decision.ts'
import { TimedContext } from './timed-context.ts'
import type { Understood } from './understood.ts'

/** How long an answer that was not executed may be used for another that is not, ms. */
const AHEAD_MS = 1_000

/** Who asks, for as long as a session lasts. */
export interface Asker {
  readonly principal: Principal
  readonly facts: ClientFacts
  readonly engine: Engine
}

/** What the policies were asked of a text, and what they said. */
export interface Answer {
  readonly request: DecisionRequest
  readonly decided: StatementDecision
}

/**
 * Answers of the policies for one session. Invariant: an answer is given again only for the same understanding of a text (another
 * catalog, search_path or text is another object), to the same principal from the same client, and only where it let the text
 * pass without looking at the time, at people, or at how many rows are changed. Policies stay as they are while a process runs.
 */
export class SteadyAnswers {
  readonly #asker: Asker
  readonly #rooms: Pick<SqlRooms, 'decide' | 'rowThresholds' | 'clock'>
  readonly #known = new WeakMap<Understood, Answer>()
  readonly #ahead = new WeakMap<Understood, { readonly decision: Decision; readonly atMs: number }>()

  constructor(asker: Asker, rooms: Pick<SqlRooms, 'decide' | 'rowThresholds' | 'clock'>) {
    this.#asker = asker
    this.#rooms = rooms
  }

  decide(understood: Understood): Answer {
    const known = this.#known.get(understood)
    if (known !== undefined) return known
    const { principal, facts, engine } = this.#asker
    const context = contextOf(understood, facts, this.#rooms)
    const request = { principal, pairs: understood.pairs, context }
    const answer = { request, decided: decideStatement({ request, understood, engine }, this.#rooms) }
    if (!context.isTimeAsked && isPlain(answer)) this.#known.set(understood, answer)
    return answer
  }

  /**
   * The decision on what is only prepared and runs nothing: an answer that lets it pass is good for a while, for it is asked
   * again when it is executed.
   */
  ahead(understood: Understood): Decision {
    const nowMs = this.#rooms.clock.now()
    const known = this.#ahead.get(understood)
    if (known !== undefined && nowMs >= known.atMs && nowMs - known.atMs < AHEAD_MS) return known.decision
    const { decision } = this.decide(understood).decided
    if (decision.effect === 'allow') this.#ahead.set(understood, { decision, atMs: nowMs })
    return decision
  }
}

/** The condition keys of a text. */
export function contextOf(
  understood: Understood,
  facts: ClientFacts,
  { clock }: Pick<SqlRooms, 'clock'>,
): TimedContext {
  return new TimedContext(mergeContexts(understood.context, factsContext(facts)), clock)
}

/** What is denied, asked of people or counted is asked about each time. */
function isPlain({ decided: { decision, isCounted } }: Answer): boolean {
  return decision.effect === 'allow' && decision.brokeGlass === undefined && !isCounted
}
