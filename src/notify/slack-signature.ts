import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import type { Redacted } from '../core/redacted.ts'

const VERSION = 'v0'
/** How old a message may be, and how far ahead its clock. */
export const SLACK_WINDOW_MS: number = 5 * 60_000
/** Signed messages that are remembered. Only Slack can fill it: what is not authentic is not kept. */
const MOST_SEEN = 10_000

/**
 * Slack's signature of what it sends: `v0=` and hex of HMAC-SHA256 over `v0:TIMESTAMP:BODY`
 * (https://docs.slack.dev/authentication/verifying-requests-from-slack/). Each message is taken once; a replica
 * that has not seen it takes it too, and finds the request answered or the vote there already.
 */
export class SlackSignature {
  readonly #secret: Redacted
  readonly #clock: Clock
  /** Signature, and when its timestamp is too old anyway, ms; oldest first. */
  readonly #seen = new Map<string, number>()

  constructor(secret: Redacted, clock: Clock) {
    this.#secret = secret
    this.#clock = clock
  }

  /** Throws `callback-unauthentic`, `callback-replayed` and `overloaded`. */
  check(timestamp: string, signature: string, body: Buffer): void {
    const nowMs = this.#clock.now()
    const timestampMs = /^\d{1,11}$/.test(timestamp) ? Number(timestamp) * 1000 : Number.NaN
    if (!(Math.abs(nowMs - timestampMs) <= SLACK_WINDOW_MS)) {
      throw new GateError('callback-unauthentic', 'the timestamp is missing or more than five minutes off')
    }
    const expected = this.#sign(timestamp, body)
    if (!sameText(expected, signature)) {
      throw new GateError('callback-unauthentic', 'the signature is missing or not by the signing secret')
    }
    this.#once(expected, timestampMs + SLACK_WINDOW_MS, nowMs)
  }

  #sign(timestamp: string, body: Buffer): string {
    const hmac = createHmac('sha256', this.#secret.reveal()).update(`${VERSION}:${timestamp}:`).update(body)
    return `${VERSION}=${hmac.digest('hex')}`
  }

  #once(signature: string, untilMs: number, nowMs: number): void {
    if (this.#seen.has(signature)) {
      throw new GateError('callback-replayed', 'this very message was taken already')
    }
    if (this.#seen.size >= MOST_SEEN) this.#forget(nowMs)
    if (this.#seen.size >= MOST_SEEN) {
      throw new GateError('overloaded', `more than ${MOST_SEEN} clicks came within five minutes`)
    }
    this.#seen.set(signature, untilMs)
  }

  #forget(nowMs: number): void {
    for (const [signature, untilMs] of this.#seen) if (untilMs < nowMs) this.#seen.delete(signature)
  }
}

/** In constant time, whatever the lengths: of hashes. */
function sameText(expected: string, given: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(expected), hash(given))
}
