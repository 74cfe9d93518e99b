/**
 * The moments of a signature.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html (X-Amz-Date)
 */
import type { Clock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import { SIGV4_LIMITS, type SigV4Limits } from './limits.ts'
import type { SignedRequest } from './messages.ts'

const BASIC = /^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z$/
const HTTP_DATE = /^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/

/** ISO 8601's basic form in UTC, as SigV4 has it: `20130524T000000Z`. */
export function formatTimestamp(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}

/** Reads ISO 8601's basic form; the moment must exist. Throws `signature-malformed`. */
export function parseTimestamp(text: string): number {
  const match = BASIC.exec(text)
  if (match !== null) {
    const [year, month, day, hour, minute, second] = match.slice(1).map(Number)
    const timeMs = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second)
    const date = new Date(timeMs)
    // Date.UTC carries what is too large into the next field: a moment that exists comes back unchanged.
    const exists =
      date.getUTCFullYear() === year &&
      date.getUTCMonth() + 1 === month &&
      date.getUTCDate() === day &&
      date.getUTCHours() === hour &&
      date.getUTCMinutes() === minute &&
      date.getUTCSeconds() === second
    if (exists) return timeMs
  }
  throw new GateError(
    'signature-malformed',
    'the time of the signature is not of the form `YYYYMMDDTHHMMSSZ`',
  )
}

/** Reads a `date` header: HTTP's form or ISO 8601's basic one. Throws `signature-malformed`. */
export function parseDateHeader(text: string): number {
  if (!HTTP_DATE.test(text)) return parseTimestamp(text)
  const timeMs = Date.parse(text)
  if (!Number.isNaN(timeMs) && new Date(timeMs).toUTCString() === text) return timeMs
  throw new GateError('signature-malformed', 'the `date` header names no moment')
}

/**
 * Checks that the signature holds now. A signed header may be off by the skew either way; a presigned URL
 * holds from its time (less the skew) until it expires. Throws `signature-skewed`, `signature-expired`.
 */
export function checkTimes(signed: SignedRequest, clock: Clock, limits: SigV4Limits = SIGV4_LIMITS): void {
  const now = clock.now()
  const early = now < signed.timeMs - limits.skewMs
  const late = signed.expiresMs === undefined && now > signed.timeMs + limits.skewMs
  if (early || late) {
    throw new GateError(
      'signature-skewed',
      `the request is signed for \`${signed.timestamp}\`, but here it is \`${formatTimestamp(now)}\``,
    )
  }
  if (signed.expiresMs !== undefined && now > signed.timeMs + signed.expiresMs) {
    const ended = formatTimestamp(signed.timeMs + signed.expiresMs)
    throw new GateError(
      'signature-expired',
      `the presigned URL ended at \`${ended}\`; here it is \`${formatTimestamp(now)}\``,
    )
  }
}
