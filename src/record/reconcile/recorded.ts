import { GateError } from '../../core/errors.ts'
import type { DecisionEvent, JournalEvent, OutcomeEvent } from '../event.ts'
import { arnParts } from '../export/arn.ts'
import { isWithin, type Span } from '../export/span.ts'
import { type JournalSource, readJournal } from '../read.ts'
import { whyWithheld } from '../seal/withheld.ts'
import type { LeasedRoles } from './roles.ts'

/** Calls, and sessions, of a span that are held in memory: a million are some 500 MB. */
export const MAX_RECORDED = 1_000_000
/**
 * Calls this much outside of the span are known as well: CloudTrail's time is when a request was done, by
 * AWS's clock and to the second; ours is when it was decided.
 */
export const MARGIN_MS: number = 60 * 60_000

/** A call that the gate let through. */
export interface RecordedAllowed {
  /** Of the decision. */
  readonly id: string
  readonly timeMs: number
  readonly service: string
  readonly operation: string
  readonly region: string
  /** 12 digits. */
  readonly account: string
  /** The session's name, which is the lease's; empty where none was known. */
  readonly session: string
  /** AWS's; absent until an outcome has one. */
  requestId?: string
  /** Why there is no request id: what the outcome says, or that there is none. */
  trouble: string
  /** CloudTrail has it. */
  confirmed: boolean
}

/** What the journal says of a span: every call that was let through, by AWS's request id. */
export class Recorded {
  readonly calls: RecordedAllowed[] = []
  /** Names of every session that the journal has seen, which are those of their leases. */
  readonly sessions: Set<string> = new Set()
  /** Calls of the span that were denied: AWS never saw those. */
  denied = 0
  readonly #span: Span
  readonly #most: number
  readonly #roles: LeasedRoles
  readonly #byRequest = new Map<string, RecordedAllowed[]>()
  /** By the decision's id: those that have no outcome yet. */
  readonly #unended = new Map<string, RecordedAllowed>()

  constructor(span: Span, roles: LeasedRoles, most: number = MAX_RECORDED) {
    this.#span = span
    this.#roles = roles
    this.#most = most
  }

  /** Reads a journal. Throws `journal-corrupt`, `reconcile-too-large`. */
  async read(source: JournalSource): Promise<void> {
    for await (const { event } of readJournal(source)) this.#add(event)
    this.#unended.clear()
  }

  /** The calls that AWS knows by this id. */
  byRequest(requestId: string): readonly RecordedAllowed[] {
    return this.#byRequest.get(requestId) ?? []
  }

  /** The calls of the span itself, without the margin. */
  *within(): Generator<RecordedAllowed, void> {
    for (const call of this.calls) if (isWithin(this.#span, call.timeMs)) yield call
  }

  #add(event: JournalEvent): void {
    if (event.type === 'session') {
      if (whyWithheld(event) !== undefined) return
      this.#noteSession(event.principal.arn)
      this.#roles.add(event.principal.roleArn)
    } else if (event.type === 'decision') this.#decided(event)
    else if (event.type === 'outcome') this.#ended(event)
    else if (event.type === 'recovery') {
      for (const id of event.inFlight) {
        const call = this.#unended.get(id)
        if (call !== undefined) call.trouble = 'the gate ended before it did'
      }
    }
  }

  #decided(event: DecisionEvent): void {
    const { principal, call, timeMs, id, effect } = event
    if (principal !== undefined) {
      this.#noteSession(principal.arn)
      this.#roles.add(principal.roleArn)
    }
    // Statements to databases are in no log of AWS's.
    if (call?.sql !== undefined) return
    if (effect === 'deny') {
      if (isWithin(this.#span, timeMs)) this.denied++
      return
    }
    if (!isWithin(widened(this.#span), timeMs)) return
    if (this.calls.length >= this.#most) {
      throw new GateError('reconcile-too-large', `the journal has more than ${this.#most} calls in the span`)
    }
    const allowed: RecordedAllowed = {
      id,
      timeMs,
      service: call?.service ?? '',
      operation: call?.operation ?? '',
      region: call?.region ?? '',
      account: principal === undefined ? '' : arnParts(principal.roleArn).account,
      session: principal === undefined ? '' : arnParts(principal.arn).session,
      trouble: 'no outcome is recorded',
      confirmed: false,
    }
    this.calls.push(allowed)
    this.#unended.set(id, allowed)
  }

  #ended({ decisionId, awsRequestId, error, status }: OutcomeEvent): void {
    const call = this.#unended.get(decisionId)
    if (call === undefined) return
    this.#unended.delete(decisionId)
    if (awsRequestId === undefined || awsRequestId === '') {
      call.trouble = error ?? `status ${status ?? 'unknown'}, without a request id`
      return
    }
    call.requestId = awsRequestId
    call.trouble = ''
    const same = this.#byRequest.get(awsRequestId)
    if (same === undefined) this.#byRequest.set(awsRequestId, [call])
    else same.push(call)
  }

  #noteSession(arn: string): void {
    const { session } = arnParts(arn)
    if (this.sessions.has(session)) return
    if (this.sessions.size >= this.#most) {
      throw new GateError('reconcile-too-large', `the journal has more than ${this.#most} sessions`)
    }
    this.sessions.add(session)
  }
}

function widened({ sinceMs, untilMs }: Span): Span {
  return {
    ...(sinceMs === undefined ? {} : { sinceMs: sinceMs - MARGIN_MS }),
    ...(untilMs === undefined ? {} : { untilMs: untilMs + MARGIN_MS }),
  }
}
