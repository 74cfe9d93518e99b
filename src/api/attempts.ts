import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'

/** So many refused tokens at once, and one more every so often, ms. */
const BURST = 30
const EARN_MS = 2_000
const MAX_ADDRESSES = 4_096
const MAX_GOOD = 1_024
/** For so long a token that was verified is not held up by what others at its address do, ms. */
const GOOD_MS = 3_600_000

interface Bucket {
  readonly left: number
  readonly filledMs: number
}

/**
 * How often an address may show a token that is refused. Guessing one is hopeless anyway; this bounds what
 * strangers make the gate verify and log. Tokens that were verified here before pass whatever the address
 * did, so that nobody behind the same proxy can lock people out who are at work.
 */
export class Attempts {
  readonly #clock: Clock
  /** Those of which something is used up, least recently used first. */
  readonly #buckets = new Map<string, Bucket>()
  /** By the digest of the token: until when it is known to be good, ms. */
  readonly #good = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Throws `api-attempts-too-many`. */
  check(address: string, token: string): void {
    const nowMs = this.#clock.now()
    if (nowMs < (this.#good.get(digestOf(token)) ?? 0)) return
    if (this.#bucket(keyOf(address), nowMs).left >= 1) return
    throw new GateError('api-attempts-too-many', 'too many tokens from this address were refused')
  }

  refused(address: string, token: string): void {
    this.#good.delete(digestOf(token))
    this.failed(address)
  }

  /** The token may be good, but what it takes to find out was not there: that costs something, too. */
  failed(address: string): void {
    const key = keyOf(address)
    const { left, filledMs } = this.#bucket(key, this.#clock.now())
    keep(this.#buckets, key, { left: Math.max(0, left - 1), filledMs }, MAX_ADDRESSES)
  }

  verified(token: string): void {
    keep(this.#good, digestOf(token), this.#clock.now() + GOOD_MS, MAX_GOOD)
  }

  #bucket(key: string, nowMs: number): Bucket {
    const held = this.#buckets.get(key)
    if (held === undefined) return { left: BURST, filledMs: nowMs }
    const earned = Math.max(0, nowMs - held.filledMs) / EARN_MS
    return { left: Math.min(BURST, held.left + earned), filledMs: nowMs }
  }
}

/** Puts it at the end, and drops the first where there are too many. */
function keep<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= most) return
  for (const first of map.keys()) {
    map.delete(first)
    return
  }
}

/** A network of IPv6 counts as one: whoever has one address of it has all of them. */
function keyOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail = ''] = address.split('::', 2)
  const front = head.split(':').filter(part => part !== '')
  const back = tail.split(':').filter(part => part !== '')
  const zeros = address.includes('::')
    ? new Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0')
    : []
  return [...front, ...zeros, ...back].slice(0, 4).join(':')
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}
