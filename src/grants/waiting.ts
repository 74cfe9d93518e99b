import type { AccessRequest } from './model.ts'
import type { GrantStore } from './port.ts'
import { identityOf } from './rate.ts'

/** How other processes' answers are looked for. */
export interface Poll {
  /** How often the store is asked, for all that is waited for at once, ms. */
  readonly every: number
  /** Runs it once, after so many ms; gives what takes that back. */
  after(ms: number, run: () => void): () => void
}

export interface WaitingPorts {
  readonly store: Pick<GrantStore, 'states'>
  readonly poll: Poll
  /** Beyond these nobody waits: a call is answered at once, and asks again by its own retry. */
  readonly most: number
  /** The same of one principal: nobody takes all the places. */
  readonly mostEach: number
}

/** What is waited for, and whose it is. */
export type WaitedFor = Pick<AccessRequest, 'id' | 'requester'>

/**
 * Those who wait for an answer. They are woken by what this process does and, as others may answer elsewhere,
 * by one look into the store every so often while anybody waits.
 */
export class Waiting {
  readonly #ports: WaitingPorts
  readonly #waiters = new Map<string, Set<() => void>>()
  /** How many wait, by identity. */
  readonly #each = new Map<string, number>()
  #count = 0
  #isPolling = false

  constructor(ports: WaitingPorts) {
    this.#ports = ports
  }

  /** How many wait. */
  get count(): number {
    return this.#count
  }

  /** Resolves when the request is pending no longer, after `holdMs`, or when the signal aborts. Never rejects. */
  async wait({ id, requester }: WaitedFor, holdMs: number, signal: AbortSignal): Promise<void> {
    const who = identityOf(requester)
    if (signal.aborted || holdMs <= 0 || this.#isFull(who)) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    const cancelHold = this.#ports.poll.after(holdMs, wake)
    signal.addEventListener('abort', wake, { once: true })
    this.#add(id, wake)
    this.#countOf(who, 1)
    try {
      // The answer may have come between the question and here.
      void this.#look([id])
      this.#pollSoon()
      await promise
    } finally {
      this.#remove(id, wake)
      this.#countOf(who, -1)
      signal.removeEventListener('abort', wake)
      cancelHold()
    }
  }

  #isFull(who: string): boolean {
    const { most, mostEach } = this.#ports
    return this.#count >= most || (this.#each.get(who) ?? 0) >= mostEach
  }

  #countOf(who: string, change: number): void {
    const count = (this.#each.get(who) ?? 0) + change
    if (count > 0) this.#each.set(who, count)
    else this.#each.delete(who)
  }

  wake(id: string): void {
    for (const wake of this.#waiters.get(id) ?? []) wake()
  }

  #pollSoon(): void {
    if (this.#isPolling || this.#count === 0) return
    this.#isPolling = true
    this.#ports.poll.after(this.#ports.poll.every, () => {
      void this.#look([...this.#waiters.keys()]).then(() => {
        this.#isPolling = false
        this.#pollSoon()
      })
    })
  }

  /** Wakes who waits for one that is pending no longer, or is not there. A store that fails changes nothing. */
  async #look(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    const states = await this.#ports.store.states(ids).catch(() => undefined)
    if (states === undefined) return
    for (const id of ids) if (states.get(id) !== 'pending') this.wake(id)
  }

  #add(id: string, wake: () => void): void {
    const waiters = this.#waiters.get(id) ?? new Set()
    this.#waiters.set(id, waiters.add(wake))
    this.#count++
  }

  #remove(id: string, wake: () => void): void {
    const waiters = this.#waiters.get(id)
    if (waiters?.delete(wake)) this.#count--
    if (waiters?.size === 0) this.#waiters.delete(id)
  }
}
