import type { Json } from '../../core/json.ts'
import type { Entry } from '../../record/calls.ts'
import { cutString } from '../../record/cut.ts'
import type { DecisionEvent, OutcomeEvent, RecordedBody, RecordedSql } from '../../record/event.ts'
import { endingWord } from '../../record/export/call.ts'
import { cloudTrailRecord } from '../../record/export/cloudtrail.ts'
import type { ApiFacts } from '../../record/export/facts.ts'
import { ocsfEvent } from '../../record/export/ocsf.ts'

/** How the text of an entry is made. */
export type StreamFormat = 'ocsf' | 'cloudtrail' | 'jsonl'

/** How much an entry matters, for receivers that sort by it. */
export type Weight = 'information' | 'notice' | 'warning' | 'alert'

/** An entry on its way to a receiver. */
export interface Outbound {
  /** The journal's id of the event: the same whenever the entry is sent again. */
  readonly id: string
  readonly timeMs: number
  readonly kind: Entry['kind']
  readonly sessionId: string | undefined
  readonly weight: Weight
  /** One line of JSON in ASCII: what is not is escaped, so that bytes are characters and no terminal obeys it. */
  readonly text: string
  /** The same without what a call or a request held, for receivers that take short texts alone. */
  readonly short: () => string
}

export function outbound(entry: Entry, format: StreamFormat, facts: ApiFacts): Outbound {
  const { id, timeMs, sessionId } = eventOf(entry)
  return {
    id,
    timeMs,
    kind: entry.kind,
    sessionId,
    weight: weightOf(entry),
    text: asciiJson(written(entry, format, facts)),
    short: () => asciiJson(written(withoutContent(entry), format, facts)),
  }
}

function written(entry: Entry, format: StreamFormat, facts: ApiFacts): object {
  switch (format) {
    case 'ocsf':
      return ocsfEvent(entry, facts)
    case 'cloudtrail':
      return cloudTrailRecord(entry, facts)
    case 'jsonl':
      return entry
  }
}

function eventOf(entry: Entry): { id: string; timeMs: number; sessionId?: string } {
  switch (entry.kind) {
    case 'session':
      return entry.session
    case 'call':
      return entry.decision
    case 'access-request':
    case 'end':
      return entry.event
    case 'outcome':
      return entry.outcome
  }
}

function weightOf(entry: Entry): Weight {
  if (entry.kind === 'access-request') return entry.event.what === 'broke-glass' ? 'alert' : 'notice'
  if (entry.kind === 'end') return 'by' in entry.event ? 'notice' : 'information'
  if (entry.kind !== 'call') return 'information'
  if (entry.decision.brokeGlass !== undefined) return 'alert'
  switch (endingWord(entry.ending)) {
    case 'denied':
    case 'lost':
      return 'warning'
    case 'failed':
      return 'notice'
    default:
      return 'information'
  }
}

/** The entry without the parts that may be long; marked as cut where something went. */
function withoutContent(entry: Entry): Entry {
  switch (entry.kind) {
    case 'session':
      return { ...entry, session: { ...entry.session, claims: {} } }
    case 'call': {
      const { decision, ending } = entry
      return {
        ...entry,
        decision: withoutParameters(decision),
        ending: ending.kind === 'outcome' ? { ...ending, outcome: withoutBodies(ending.outcome) } : ending,
      }
    }
    case 'outcome':
      return { ...entry, outcome: withoutBodies(entry.outcome) }
    case 'access-request': {
      const { request, ...event } = entry.event
      return { ...entry, event }
    }
    case 'end':
      return entry
  }
}

function withoutBodies(outcome: OutcomeEvent): OutcomeEvent {
  const { requestBody, replyBody, result } = outcome
  return {
    ...outcome,
    ...(requestBody === undefined ? {} : { requestBody: withoutBytes(requestBody) }),
    ...(replyBody === undefined ? {} : { replyBody: withoutBytes(replyBody) }),
    ...(result === undefined ? {} : { result: { tables: [], cut: LEFT_OUT } }),
  }
}

const LEFT_OUT = 'it is left out: the receiver takes less'
/** Characters of a statement that a receiver gets who takes less. */
const STATEMENT_LENGTH = 256

function withoutBytes({ text, base64, ...facts }: RecordedBody): RecordedBody {
  return text === undefined && base64 === undefined ? facts : { ...facts, cut: LEFT_OUT }
}

function withoutParameters(decision: DecisionEvent): DecisionEvent {
  const { call } = decision
  if (call === undefined) return decision
  const short = { ...call, parameters: {}, redacted: [], truncated: true }
  return { ...decision, call: call.sql === undefined ? short : { ...short, sql: shortSql(call.sql) } }
}

function shortSql({ text, normalized, ...sql }: RecordedSql): RecordedSql {
  return {
    ...sql,
    ...(text === undefined ? {} : { text: cutString(text, STATEMENT_LENGTH) }),
    ...(normalized === undefined ? {} : { normalized: cutString(normalized, STATEMENT_LENGTH) }),
  }
}

/** All that is not printable ASCII; what JSON has to escape below that, it has. */
const NOT_ASCII = /[^ -~]/g

/** JSON on one line, in printable ASCII. */
export function asciiJson(value: Json | object): string {
  return JSON.stringify(value).replace(
    NOT_ASCII,
    unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
