import type { Clock, Random } from '../core/clock.ts'
import type { Delivery, GrantStore } from '../grants/port.ts'
import { DeliveryFailure, type Note, type Notifier, type Timers } from './port.ts'
import { nextTryMs } from './schedule.ts'

/** How many messages of one channel are under way at once. */
export const LANE_WIDTH = 4
/** How many wait for their turn; what comes beyond is left to the end of its lease. */
export const LANE_QUEUE = 64
/** How long one try may take. */
export const DELIVER_MS = 15_000

/** What a lane takes from outside. */
export interface LanePorts {
  readonly store: Pick<GrantStore, 'delivered' | 'failed' | 'get'>
  /** Says that the people of a channel have been shown a request: `Desk.shown`. */
  shown(requestId: string, by: string): Promise<void>
  readonly clock: Clock
  readonly random: Random
  readonly timers: Timers
  readonly note: Note
}

/** A delivery that this process has alone until its lease ends. */
export interface Taken {
  readonly delivery: Delivery
  readonly leaseUntilMs: number
}

/**
 * The deliveries of one channel. Whatever happens to it, a slow or broken channel takes no more than its own
 * width. A delivery whose lease would end before the try could is left alone: it will be taken anew.
 */
export class Lane {
  readonly #notifier: Notifier
  readonly #ports: LanePorts
  readonly #waiting: Taken[] = []
  readonly #running = new Map<Promise<void>, AbortController>()
  #pausedUntilMs = 0
  #unpause: (() => void) | undefined
  #gone = false
  #stopped = false

  constructor(notifier: Notifier, ports: LanePorts) {
    this.#notifier = notifier
    this.#ports = ports
  }

  /** Takes it into the queue, if there is room. */
  offer(taken: Taken): void {
    if (this.#stopped || this.#waiting.length >= LANE_QUEUE) return
    this.#waiting.push(taken)
    this.#next()
  }

  /** Lets what is under way end, for `graceMs` at most, and breaks off what has not ended then. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true
    this.#waiting.length = 0
    this.#unpause?.()
    const cancel = this.#ports.timers.after(graceMs, () => {
      for (const abort of this.#running.values()) abort.abort(STOPPED)
    })
    await Promise.all(this.#running.keys())
    cancel()
  }

  #next(): void {
    const nowMs = this.#ports.clock.now()
    if (nowMs < this.#pausedUntilMs) {
      this.#resumeLater(nowMs)
      return
    }
    while (this.#running.size < LANE_WIDTH) {
      const taken = this.#waiting.shift()
      if (taken === undefined) return
      if (nowMs + DELIVER_MS <= taken.leaseUntilMs) this.#run(taken.delivery)
    }
  }

  #resumeLater(nowMs: number): void {
    this.#unpause ??= this.#ports.timers.after(this.#pausedUntilMs - nowMs, () => {
      this.#unpause = undefined
      this.#next()
    })
  }

  #run(delivery: Delivery): void {
    const abort = new AbortController()
    const running = this.#attempt(delivery, abort)
      .catch(error => {
        // The store: the lease ends, and the delivery is due again, here or at another process.
        this.#ports.note('a notification could not be looked up or marked in the store', {
          ...this.#about(delivery),
          why: error instanceof Error ? error.message : 'unknown',
        })
      })
      .finally(() => {
        this.#running.delete(running)
        this.#next()
      })
    this.#running.set(running, abort)
  }

  async #attempt(delivery: Delivery, abort: AbortController): Promise<void> {
    const { store } = this.#ports
    if (this.#gone) return store.failed(delivery.id, undefined, 'the channel is gone')
    const request = await store.get(delivery.event.requestId)
    if (request === undefined) {
      this.#ports.note('a notification was dropped: its access request is not there', this.#about(delivery))
      return store.failed(delivery.id, undefined, 'the access request is not there')
    }
    const cancel = this.#ports.timers.after(DELIVER_MS, () => abort.abort(TOO_SLOW))
    try {
      await unlessAborted(this.#notifier.deliver(delivery, request, abort.signal), abort.signal)
    } catch (error) {
      // Broken off by the end of the process: whether it was taken is not known, so the lease decides.
      if (abort.signal.reason === STOPPED) return
      return this.#failed(delivery, abort.signal.aborted ? TOO_SLOW : error)
    } finally {
      cancel()
    }
    await store.delivered(delivery.id)
    await this.#shown(delivery)
  }

  async #shown(delivery: Delivery): Promise<void> {
    const { what, requestId } = delivery.event
    if (what !== 'asked' && what !== 'broke-glass') return
    try {
      await this.#ports.shown(requestId, `channel/${this.#notifier.name}`)
    } catch (error) {
      // The message is out and must not come twice for the sake of a journal that is short of one event.
      this.#ports.note('that a request was shown could not be recorded', {
        ...this.#about(delivery),
        why: error instanceof Error ? error.message : 'unknown',
      })
    }
  }

  async #failed(delivery: Delivery, error: unknown): Promise<void> {
    const { store, clock, random, note } = this.#ports
    const name = error instanceof Error ? error.name : 'no error'
    const failure =
      error instanceof DeliveryFailure ? error : new DeliveryFailure(`the notifier is at fault: \`${name}\``)
    const nowMs = clock.now()
    if (failure.after === 'gone') this.#gone = true
    if (failure.retryAfterMs !== undefined) this.#pausedUntilMs = nowMs + failure.retryAfterMs
    const dueMs =
      failure.after === 'again'
        ? nextTryMs(nowMs, delivery.attempts, failure.retryAfterMs, random)
        : undefined
    note(dueMs === undefined ? 'a notification was given up' : 'a notification failed and is tried again', {
      ...this.#about(delivery),
      why: failure.message,
      ...(dueMs === undefined ? {} : { againInMs: dueMs - nowMs }),
    })
    if (this.#gone)
      note('the channel wants no notifications; it is silent until the next start', this.#name())
    await store.failed(delivery.id, dueMs, failure.message)
  }

  #name(): { channel: string } {
    return { channel: this.#notifier.name }
  }

  #about({ id, event, attempts }: Delivery): Readonly<Record<string, string | number>> {
    return {
      ...this.#name(),
      delivery: id,
      request: event.requestId,
      event: event.what,
      triesBefore: attempts,
    }
  }
}

const STOPPED = new DeliveryFailure('the process ends')
const TOO_SLOW = new DeliveryFailure(`it took longer than ${DELIVER_MS / 1000} s`)

/** Rejects as soon as the signal aborts, whether or not the notifier minds it. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
