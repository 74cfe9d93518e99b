import { GateError } from '../core/errors.ts'
import { cutString, cutToFit, jsonBytes } from './cut.ts'
import type { DecisionEvent, JournalEvent, OutcomeEvent, RecordedBody, RecordedCall } from './event.ts'
import { cutResult, withShortSql } from './fit-sql.ts'

/** An event as JSON that fits. */
export interface FittedEvent {
  readonly event: JournalEvent
  readonly json: string
  /** UTF-8 bytes of `json`. */
  readonly bytes: number
}

/** Characters kept of a user agent, a path, a reason: what a client can make long. */
const PROSE_LENGTH = 1_024

/**
 * The event within `limitBytes` of JSON. What a client can make large is cut, bodies, texts, results and parameters
 * first, then pairs; a cut is marked where it was made and by `truncated`. Throws `event-too-large` if that is not
 * enough.
 */
export function fitEvent(event: JournalEvent, limitBytes: number): FittedEvent {
  for (const candidate of smallerAndSmaller(event, limitBytes)) {
    const json = JSON.stringify(candidate)
    const bytes = Buffer.byteLength(json)
    if (bytes <= limitBytes) return { event: candidate, json, bytes }
  }
  throw new GateError('event-too-large', `the event takes more than ${limitBytes} bytes`)
}

function* smallerAndSmaller(event: JournalEvent, limitBytes: number): Generator<JournalEvent> {
  yield event
  if (event.type === 'session') {
    yield { ...event, claims: cutToFit(event.claims, limitBytes / 4).value }
  }
  if (event.type === 'access-request' && event.request !== undefined) {
    yield { ...event, request: cutToFit(event.request, limitBytes / 4).value }
  }
  if (event.type === 'outcome') {
    const bare = withoutBodies(event)
    yield bare
    const { result } = bare
    if (result === undefined) return
    for (const part of [2, 8, Number.POSITIVE_INFINITY]) {
      yield { ...bare, result: cutResult(result, limitBytes / part) }
    }
  }
  if (event.type !== 'decision') return
  const prose = cutProse(event)
  if (prose.call === undefined) {
    yield prose
    return
  }
  const call = withShortSql(prose.call, limitBytes / 2)
  const rest = jsonBytes({ ...prose, call: { ...call, parameters: {} } })
  yield withParameters(prose, call, Math.max(limitBytes - rest - 16, 0))
  const short = withShortSql(call, limitBytes / 8)
  for (let pairs = call.pairs.length; pairs > 1; pairs = Math.floor(pairs / 2)) {
    yield withParameters(prose, withPairs(short, pairs), limitBytes / 8)
  }
  // What is left beside parameters and pairs are the statements that decided.
  const least = { ...withPairs(withShortSql(call, 0), 1), truncated: true }
  yield withParameters({ ...prose, statements: prose.statements.slice(0, 20) }, least, 64)
}

function withoutBodies(event: OutcomeEvent): OutcomeEvent {
  const { requestBody, replyBody } = event
  return {
    ...event,
    ...(requestBody === undefined ? {} : { requestBody: withoutContents(requestBody) }),
    ...(replyBody === undefined ? {} : { replyBody: withoutContents(replyBody) }),
  }
}

/** What a file holds of it is there still. */
function withoutContents({ text, base64, cut, ...rest }: RecordedBody): RecordedBody {
  if (text === undefined && base64 === undefined) return { ...rest, ...(cut === undefined ? {} : { cut }) }
  const left = 'its beginning is left out: the event was too large'
  return { ...rest, cut: cut === undefined ? left : `${cut}; ${left}` }
}

function cutProse(event: DecisionEvent): DecisionEvent {
  const { userAgent, denial, target } = event
  return {
    ...event,
    ...(userAgent === undefined ? {} : { userAgent: cutString(userAgent, PROSE_LENGTH) }),
    ...(denial === undefined
      ? {}
      : { denial: { ...denial, reason: cutString(denial.reason, PROSE_LENGTH) } }),
    ...(target === undefined ? {} : { target: cutTarget(target) }),
  }
}

function cutTarget(target: { readonly method: string; readonly path: string }): {
  readonly method: string
  readonly path: string
} {
  return { method: cutString(target.method, 32), path: cutString(target.path, PROSE_LENGTH) }
}

function withParameters(event: DecisionEvent, call: RecordedCall, limitBytes: number): DecisionEvent {
  const { value, truncated } = cutToFit(call.parameters, limitBytes)
  return { ...event, call: { ...call, parameters: value, truncated: call.truncated || truncated } }
}

function withPairs(call: RecordedCall, count: number): RecordedCall {
  const first = call.pairs[count]
  if (first === undefined) return call
  const left = call.pairs.length - count
  const marker = { ...first, resource: `<${left} pairs left out>`, certainty: 'any' as const }
  return { ...call, truncated: true, pairs: [...call.pairs.slice(0, count), marker] }
}
