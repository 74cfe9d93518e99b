import type { Clock, Random } from '../../core/clock.ts'
import type { StatementRef } from '../../core/decision.ts'
import { GateError } from '../../core/errors.ts'
import { newId } from '../../core/id.ts'
import type { Principal } from '../../core/principal.ts'
import type { AwsCall } from '../../interpret/aws/call.ts'
import type { Journal, RecordedCall } from '../../record/event.ts'
import type { Keeping } from '../../record/keep/keep.ts'
import { recordedParameters } from '../../record/parameters.ts'
import type { CallerFacts } from '../context.ts'
import type { Outcome, Progress } from '../exchange.ts'
import {
  decisionHead,
  isStranger,
  recordedDecision,
  recordedOutcome,
  recordedPrincipal,
  recordedRefusal,
  type StrangersRate,
} from '../recorded.ts'
import type { KeptBodies } from './bodies.ts'
import type { AwsQuestion } from './question.ts'

export interface RecorderOptions {
  readonly journal: Journal
  readonly clock: Clock
  readonly random: Random
  /** Bytes of an event's parameters beyond which they are cut. */
  readonly parametersBytes: number
  /** What of a call is kept. */
  readonly keeping: Keeping
  /** A session has begun. */
  began(principal: Principal): void
  readonly strangers: StrangersRate
}

/** A session, and what began it: an operation of the STS, or `AssumeRoleWithCertificate`. */
export interface BegunSession {
  readonly operation: string
  readonly principal: Principal
}

/** Turns what happened into events. Everything sensitive is gone before an event is made. */
export class Recorder {
  readonly #options: RecorderOptions

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  newEventId(): string {
    return newId(this.#options.clock, this.#options.random)
  }

  /** Resolves when the decision is durable. */
  async decision(eventId: string, progress: Progress<AwsQuestion>, facts: CallerFacts): Promise<void> {
    await this.#options.journal.append({
      ...this.#head(eventId, progress.principal, facts),
      ...this.#call(progress),
      ...recordedDecision(progress.decision),
    })
  }

  /** A call that came to no decision. Strangers are recorded up to a rate: they must not fill the disk. */
  async refusal(
    eventId: string,
    progress: Progress<AwsQuestion>,
    facts: CallerFacts,
    error: GateError,
    target: { readonly method: string; readonly path: string },
  ): Promise<void> {
    if (isStranger(progress.principal, error) && !this.#options.strangers.take()) return
    await this.#options.journal.append({
      ...this.#head(eventId, progress.principal, facts),
      ...this.#call(progress),
      target: { method: target.method.slice(0, 16), path: target.path.slice(0, 1024) },
      ...recordedRefusal(error),
    })
  }

  async outcome(
    decisionId: string,
    progress: Progress<AwsQuestion>,
    outcome: Outcome & KeptBodies,
    startMs: number,
  ): Promise<void> {
    const { clock, journal } = this.#options
    const at = { id: this.newEventId(), nowMs: clock.now(), startMs }
    await journal.append({
      ...recordedOutcome(decisionId, progress.principal, outcome, at),
      ...(outcome.requestBody === undefined ? {} : { requestBody: outcome.requestBody }),
      ...(outcome.replyBody === undefined ? {} : { replyBody: outcome.replyBody }),
    })
  }

  /** A call that the gate makes itself with the principal's lease; durable before it leaves. Gives its event. */
  async ownCall(principal: Principal, by: StatementRef, call: RecordedCall): Promise<string> {
    const eventId = this.newEventId()
    const head = this.#head(eventId, principal, { clientAddress: 'the gate', secure: true })
    const kept = this.#kept(principal, call)
    await this.#options.journal.append({ ...head, call: kept, effect: 'allow', statements: [by] })
    return eventId
  }

  /** A session began; durable before its credentials leave the gate. */
  async session(eventId: string, assumed: BegunSession, facts: CallerFacts): Promise<void> {
    const { principal } = assumed
    await this.#options.journal.append({
      type: 'session',
      id: eventId,
      timeMs: this.#options.clock.now(),
      sessionId: principal.sessionId,
      principal: recordedPrincipal(principal),
      by: assumed.operation,
      expiresAtMs: principal.expiresAtMs,
      clientAddress: facts.clientAddress,
      claims: principal.claims,
    })
    this.#options.began(principal)
  }

  #head(
    eventId: string,
    principal: Principal | undefined,
    facts: CallerFacts,
  ): ReturnType<typeof decisionHead> {
    return decisionHead(eventId, this.#options.clock.now(), principal, facts)
  }

  #call({ principal, question }: Progress<AwsQuestion>): { readonly call?: RecordedCall } {
    if (question === undefined || principal === undefined) return {}
    return { call: this.#kept(principal, withoutSensitive(question.call, this.#options.parametersBytes)) }
  }

  /** The call without its parameters, where metadata alone is kept. */
  #kept({ roleArn }: Principal, call: RecordedCall): RecordedCall {
    if (this.#options.keeping(roleArn, call.pairs).level !== 'metadata') return call
    return { ...call, parameters: {}, redacted: [], truncated: false, leftOut: 'parameters' }
  }
}

/**
 * The call without what is sensitive in it, as people are shown it: never cut, as they approve what they see.
 * Throws `request-too-large` where it is nested too deep for that.
 */
export function shownCall(call: AwsCall): RecordedCall {
  const shown = withoutSensitive(call, Number.POSITIVE_INFINITY)
  if (!shown.truncated) return shown
  throw new GateError('request-too-large', 'the call needs an approval, and is nested too deep to be shown')
}

function withoutSensitive(call: AwsCall, limitBytes: number): RecordedCall {
  return {
    service: call.service,
    operation: call.operation,
    region: call.region,
    ...recordedParameters(call.parameters, call.sensitive, limitBytes),
    pairs: call.pairs.map(({ action, resource, certainty }) => ({ action, resource, certainty })),
  }
}
