import type { Decision, DecisionRequest } from '../core/decision.ts'
import { asGateError, type GateError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import type { RecordedMasks } from '../record/event.ts'
import type { Admission } from './sessions/live-calls.ts'

/** What a protocol asks of the gate: a question that a policy can answer. */
export interface Asked {
  readonly request: DecisionRequest
}

/**
 * One protocol, for one message. The exchange calls these in the order in which they stand here; a
 * driver never calls them itself.
 */
export interface Driver<Q extends Asked> {
  /** Proves who is calling. */
  identify(): Promise<Principal> | Principal
  /** Understands the message in full, or throws. */
  interpret(principal: Principal): Promise<Q> | Q
  /**
   * Keeps the client while people are asked: runs `wait`, whose signal aborts when the client leaves. Tells
   * how it went; a message of which something would have to be kept meanwhile is not held.
   * @param awaited what the client may be told of it
   */
  hold(wait: (left: AbortSignal) => Promise<void>, awaited: AwaitedApproval): Promise<Held>
  /**
   * Sends what was interpreted, masks the reply and passes it on; resolves when it has ended. When `ended` aborts,
   * nothing more may pass either way: the client is told so if it was told nothing yet, else it is cut off.
   */
  forward(principal: Principal, question: Q, decision: Decision, ended: AbortSignal): Promise<Outcome>
  /** Tells the client why not, in its own protocol. Never throws. */
  refuse(refusal: Refusal): Promise<void> | void
}

/** What a message waits for, for whoever sent it. */
export interface AwaitedApproval {
  /** The number of the access request. */
  readonly requestId: string
  /** Where it can be seen and answered. */
  readonly url: string
  /** Who may approve, in prose: `one person of group/on-call`. */
  readonly from: string
  /** How long it waits at most, ms. */
  readonly holdMs: number
}

/** Whether a message was held: it was, its client left meanwhile, or it can't be. */
export type Held = 'held' | 'left' | 'not-held'

/** Why a message did not pass. */
export type Refusal =
  | { readonly eventId: string; readonly decision: Decision }
  | { readonly eventId: string; readonly error: GateError }

/** How a forwarded message ended. */
export interface Outcome {
  readonly status?: number
  readonly upstreamRequestId?: string
  readonly bytesIn: number
  readonly bytesOut: number
  /** A code of the gate or of the upstream, where it did not end well. */
  readonly error?: string
  /** What was masked in the reply. */
  readonly masked?: RecordedMasks
  /** What is worth knowing of the lease that was used. */
  readonly lease?: string
}

/** What an exchange has found out so far; grows from stage to stage. */
export interface Progress<Q extends Asked> {
  principal?: Principal
  question?: Q
  decision?: Decision
}

/** The rooms behind the path, for one message whose event id they know. */
export interface ExchangePorts<Q extends Asked> {
  /** Lets the message in, unless its session was ended before its credentials are. */
  admit(principal: Principal): Admission
  decide(question: Q): Decision
  /** Settles a decision that asks for an approval, or that passes without one: the answer is allow or deny. */
  settle(question: Q, decision: Decision, hold: Driver<Q>['hold']): Promise<Decision>
  /** Resolves when the decision is durable; rejects when it can't be, and then nothing passes. */
  recordDecision(progress: Progress<Q>): Promise<void>
  /** Records a message that never came to a decision. */
  recordRefusal(progress: Progress<Q>, error: GateError): Promise<void>
  recordOutcome(progress: Progress<Q>, outcome: Outcome): Promise<void>
  /** Tells the operator what no client may hear. */
  trouble(error: GateError): void
}

/**
 * The data path. Whatever goes wrong before `forward` means that nothing has left: the order of these
 * lines is the promise of `docs/ARCHITECTURE.md`.
 */
export async function exchange<Q extends Asked>(
  eventId: string,
  driver: Driver<Q>,
  ports: ExchangePorts<Q>,
): Promise<void> {
  const progress: Progress<Q> = {}
  let admission: Admission | undefined
  try {
    const principal = await driver.identify()
    progress.principal = principal
    admission = ports.admit(principal)
    const question = await driver.interpret(principal)
    progress.question = question
    const asked = ports.decide(question)
    const decision = needsPeople(asked)
      ? await ports.settle(question, asked, (to, of) => driver.hold(to, of))
      : asked
    // Reading the message and asking people take time.
    admission.check()
    progress.decision = decision
    await ports.recordDecision(progress)
    if (decision.effect !== 'allow') return await driver.refuse({ eventId, decision })
    admission.ended.throwIfAborted()
    const outcome = await driver.forward(principal, question, decision, admission.ended)
    await ports.recordOutcome(progress, cutOff(outcome, admission.ended))
  } catch (failure) {
    const error = admission?.ended.aborted ? admission.ended.reason : failure
    await endBadly(eventId, driver, ports, progress, asGateError(error))
  } finally {
    admission?.leave()
  }
}

/** The outcome of a message whose session was ended meanwhile: that is why it did not end well. */
function cutOff(outcome: Outcome, ended: AbortSignal): Outcome {
  if (!ended.aborted || outcome.error === undefined) return outcome
  return { ...outcome, error: asGateError(ended.reason).code }
}

function needsPeople({ effect, brokeGlass }: Decision): boolean {
  return effect === 'ask' || brokeGlass !== undefined
}

/** A stage threw: the client is told, and the journal, unless it is the journal that failed. */
async function endBadly<Q extends Asked>(
  eventId: string,
  driver: Driver<Q>,
  ports: ExchangePorts<Q>,
  progress: Progress<Q>,
  error: GateError,
): Promise<void> {
  try {
    if (progress.decision === undefined) {
      await ports.recordRefusal(progress, error)
    } else if (error.code !== 'journal-unavailable') {
      const outcome: Outcome = { bytesIn: 0, bytesOut: 0, error: error.code }
      await ports.recordOutcome(progress, outcome)
    }
  } catch (unrecorded) {
    ports.trouble(asGateError(unrecorded))
  }
  if (error.code === 'internal' || error.cause !== undefined) ports.trouble(error)
  await driver.refuse({ eventId, error })
}
