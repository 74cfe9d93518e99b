import type { Random } from '../core/clock.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/**
 * How long after each failed try the next one comes, ms: the manner of Standard Webhooks, "Retry schedule"
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md), over close to
 * three days. A person is waited for: the first ones come soon.
 */
export const RETRY_DELAYS_MS: readonly number[] = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  24 * HOUR_MS,
  24 * HOUR_MS,
]

/** What a `Retry-After` is followed to at most, ms. */
export const LONGEST_RETRY_AFTER_MS: number = 24 * HOUR_MS

/** The part of a delay that chance takes away at most: a channel that comes back is not met by all at once. */
const JITTER = 0.2

/**
 * When to try again, ms; undefined: it was tried often enough. `triesBefore` counts the tries before the one
 * that failed now.
 */
export function nextTryMs(
  nowMs: number,
  triesBefore: number,
  retryAfterMs: number | undefined,
  random: Random,
): number | undefined {
  const delayMs = RETRY_DELAYS_MS[Math.max(triesBefore, 0)]
  if (delayMs === undefined) return undefined
  const jittered = Math.ceil(delayMs * (1 - JITTER * fraction(random)))
  const asked = Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS)
  return nowMs + Math.max(jittered, asked)
}

/**
 * `Retry-After` in ms from now: seconds, or an HTTP date (RFC 9110, section 10.2.3); undefined for anything
 * else and for the past.
 */
export function retryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined || value.length > 64) return undefined
  const text = value.trim()
  const afterMs = /^\d{1,10}$/.test(text) ? Number(text) * SECOND_MS : Date.parse(text) - nowMs
  return afterMs > 0 ? Math.min(afterMs, LONGEST_RETRY_AFTER_MS) : undefined
}

/** From 0 to below 1. */
function fraction(random: Random): number {
  return random.bytes(4).readUInt32BE() / 2 ** 32
}
