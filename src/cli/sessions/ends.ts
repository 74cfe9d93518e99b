import type { Entry } from '../../record/calls.ts'
import type { RevocationEvent, SessionEndEvent } from '../../record/event.ts'
import type { SessionSummary } from '../../record/sessions.ts'
import { printable } from '../../record/shell.ts'
import { count, dateTime, size } from './format.ts'

type EndEvent = Extract<Entry, { kind: 'end' }>['event']

const WHY: Readonly<Record<SessionEndEvent['why'], string>> = {
  expired: 'its credentials expired',
  revoked: 'ended by a person',
  idle: 'no call for a while',
  stopped: 'the gate stopped',
}

/** What ended and why, for one line of a timeline. */
export function endedBy(event: EndEvent): string {
  if (event.type === 'session-end') {
    const { why, by } = event
    return why === 'revoked' && by !== undefined ? `ended by ${printable(by)}` : printable(WHY[why] ?? why)
  }
  return printable(`every session of the ${event.what} ${event.of}, by ${event.by}`)
}

/** What stands under it. */
export function endDetails(event: EndEvent, many: boolean): readonly string[] {
  const said = event.reason === undefined ? [] : [`\u201c${printable(event.reason)}\u201d`]
  if (event.type === 'revocation') return [...said, issuedUntil(event)]
  const { calls, denied, bytesIn, bytesOut, sessionId } = event
  return [
    ...said,
    `${count(calls, 'call')} here, ${Number(denied)} denied`,
    `${size(bytesIn)} up, ${size(bytesOut)} down`,
    ...(many ? [`session ${printable(sessionId)}`] : []),
  ]
}

function issuedUntil({ issuedUntilMs }: RevocationEvent): string {
  return `those that were issued until ${dateTime(issuedUntilMs)}`
}

/** `revoked 2026-01-02 03:04:05`; where nobody recorded it, what can be known of it at `nowMs`. */
export function endOf({ ended, began }: Pick<SessionSummary, 'ended' | 'began'>, nowMs: number): string {
  if (ended !== undefined) return `${printable(ended.why)} ${dateTime(ended.timeMs)}`
  return unrecordedEnd(began?.expiresAtMs, nowMs)
}

/** A gate that was killed records no end: its sessions' credentials end all the same. */
export function unrecordedEnd(expiresAtMs: number | undefined, nowMs: number): string {
  if (expiresAtMs === undefined || expiresAtMs > nowMs) return 'no end recorded'
  return `expired ${dateTime(expiresAtMs)}, not recorded`
}
