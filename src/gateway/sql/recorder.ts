import type { Clock, Random } from '../../core/clock.ts'
import type { GateError } from '../../core/errors.ts'
import { newId } from '../../core/id.ts'
import type { Principal } from '../../core/principal.ts'
import { outlineOf } from '../../interpret/sql/normal-form.ts'
import { cutString } from '../../record/cut.ts'
import type { Journal, RecordedCall, RecordedSql } from '../../record/event.ts'
import type { Keep, Keeping } from '../../record/keep/keep.ts'
import { recordedParameters } from '../../record/parameters.ts'
import type { Progress } from '../exchange.ts'
import {
  decisionHead,
  isStranger,
  recordedDecision,
  recordedOutcome,
  recordedRefusal,
  type StrangersRate,
} from '../recorded.ts'
import type { ClientFacts, SqlOutcome, SqlParameter, SqlQuestion, SqlRecorder, SqlText } from './ports.ts'

export interface SqlRecorderOptions {
  readonly journal: Journal
  readonly clock: Clock
  readonly random: Random
  /** Beyond so many bytes of an event's parameters, and characters of its text, they are cut. */
  readonly parametersBytes: number
  /** What of a statement is kept. */
  readonly keeping: Keeping
  readonly strangers: StrangersRate
}

/** The tag of what could not be understood. */
const UNKNOWN = 'UNKNOWN'
/** Leading words of so many statements of one text are told. */
const MAX_TAGS = 16
const MAX_ERROR = 128

/**
 * Records statements in the journal, as calls of the service `sql`. Invariant: where a question is secret, or metadata
 * alone is kept, no constant and no parameter of it is in any event.
 */
export class SqlJournalRecorder implements SqlRecorder {
  readonly #options: SqlRecorderOptions

  constructor(options: SqlRecorderOptions) {
    this.#options = options
  }

  newEventId(): string {
    return newId(this.#options.clock, this.#options.random)
  }

  async decision(eventId: string, progress: Progress<SqlQuestion>, facts: ClientFacts): Promise<void> {
    const { clock, journal } = this.#options
    await journal.append({
      ...decisionHead(eventId, clock.now(), progress.principal, facts),
      ...this.#call(progress),
      ...recordedDecision(progress.decision),
    })
  }

  async refusal(
    eventId: string,
    progress: Progress<SqlQuestion>,
    facts: ClientFacts,
    error: GateError,
  ): Promise<void> {
    const { clock, journal, strangers } = this.#options
    if (isStranger(progress.principal, error) && !strangers.take()) return
    await journal.append({
      ...decisionHead(eventId, clock.now(), progress.principal, facts),
      ...this.#call(progress),
      ...recordedRefusal(error),
    })
  }

  async outcome(
    decisionId: string,
    { principal, question }: Progress<SqlQuestion>,
    outcome: SqlOutcome,
    startMs: number,
  ): Promise<void> {
    const { clock, journal } = this.#options
    const at = { id: this.newEventId(), nowMs: clock.now(), startMs }
    const isKept = question !== undefined && this.resultBytes(question) > 0
    await journal.append({
      ...recordedOutcome(decisionId, principal, withShortError(outcome), at),
      protocol: 'sql',
      ...(outcome.rows === undefined ? {} : { rows: outcome.rows }),
      ...(outcome.result === undefined || !isKept ? {} : { result: outcome.result }),
    })
  }

  resultBytes({ request: { principal, pairs } }: SqlQuestion): number {
    const { level, replyBytes } = this.#options.keeping(principal.roleArn, pairs)
    return level === 'replies' || level === 'bodies' ? replyBytes : 0
  }

  #call({ principal, question }: Progress<SqlQuestion>): { readonly call?: RecordedCall } {
    if (principal === undefined || question === undefined) return {}
    return { call: this.#recorded(principal, question) }
  }

  #recorded({ roleArn }: Principal, question: SqlQuestion): RecordedCall {
    const { request, place, text, isSecret } = question
    const pairs = request.pairs.map(({ action, resource, certainty }) => ({ action, resource, certainty }))
    const { parameters, redacted, truncated, sql, leftOut } = this.#contents(
      question,
      this.#options.keeping(roleArn, pairs),
    )
    return {
      service: 'sql',
      operation: operationOf(text),
      region: place.region,
      parameters,
      redacted: isSecret && redacted.length > 0 ? redacted : [],
      truncated,
      ...(leftOut ? { leftOut: 'parameters' as const } : {}),
      pairs,
      sql,
    }
  }

  /** What the statement says, as far as it may be kept. */
  #contents({ engine, place, text, isSecret }: SqlQuestion, { level }: Keep): Contents {
    const { parametersBytes } = this.#options
    const { target, database } = place
    const { message, sql } = text
    const isKept = level !== 'metadata' && !isSecret && message !== 'Connect'
    const normalized = isKept ? text.normalized : safeForm(text)
    const said: RecordedSql = {
      engine,
      target,
      database,
      message,
      // Neither has a constant in it: they stay whatever is left out.
      ...(normalized === undefined
        ? {}
        : { normalized: normalized.text, fingerprint: normalized.fingerprint }),
    }
    if (level === 'metadata') {
      return { parameters: {}, redacted: [], truncated: false, leftOut: true, sql: said }
    }
    const recorded = recordedParameters(namedParameters(text), isSecret ? [''] : [], parametersBytes)
    if (!isKept) return { ...recorded, leftOut: false, sql: said }
    const kept = cutString(sql, parametersBytes)
    const truncated = recorded.truncated || kept !== sql
    return { ...recorded, truncated, leftOut: false, sql: { ...said, text: kept } }
  }
}

interface Contents extends Pick<RecordedCall, 'parameters' | 'redacted' | 'truncated'> {
  readonly sql: RecordedSql
  /** The configuration keeps neither text nor parameters. */
  readonly leftOut: boolean
}

/** An error code is what a server says that it is: not always five characters. */
function withShortError(outcome: SqlOutcome): SqlOutcome {
  return outcome.error === undefined ? outcome : { ...outcome, error: cutString(outcome.error, MAX_ERROR) }
}

/** The leading words of all statements: `BEGIN; UPDATE; COMMIT`. */
function operationOf({ tags }: SqlText): string {
  const more = tags.length - MAX_TAGS
  const first = tags.slice(0, MAX_TAGS).join('; ')
  return more > 0 ? `${first}; ${more} more` : first
}

/** The form where the text itself is not kept. */
export function safeForm({ tags, normalized }: SqlText): SqlText['normalized'] {
  return normalized !== undefined && tags.includes(UNKNOWN) ? outlineOf(normalized) : normalized
}

function namedParameters({ parameters }: SqlText): Record<string, string | null> {
  return Object.fromEntries(parameters.map((value, i) => [`$${i + 1}`, recordedValue(value)]))
}

const BASE64 = 'base64:'

/** A parameter as it is recorded: text that could be taken for bytes is written as such, too. */
export function recordedValue(value: SqlParameter): string | null {
  if (value === null) return null
  if (typeof value !== 'string') return `${BASE64}${value.toString('base64')}`
  return value.startsWith(BASE64) ? `${BASE64}${Buffer.from(value).toString('base64')}` : value
}
