import type { Delivery, GrantStore } from '../grants/port.ts'
import { DELIVER_MS, Lane, type LanePorts } from './lane.ts'
import type { Notifier } from './port.ts'
import { nextTryMs } from './schedule.ts'

/** How often the store is asked for what is due, where nobody wakes the pump. */
export const POLL_MS = 1_000
/** After the store could not be asked. */
export const TROUBLE_MS = 5_000
/** How long a delivery that was taken is this process's alone: a few tries' time, and soon over after a crash. */
export const LEASE_MS: number = 4 * DELIVER_MS
/** How many deliveries are taken at once, and how often without a pause. */
const BATCH = 64
const BATCHES = 16

/** What the pump takes from outside. */
export interface PumpPorts extends LanePorts {
  readonly store: Pick<GrantStore, 'takeDeliveries' | 'delivered' | 'failed' | 'get'>
}

/**
 * Takes deliveries that are due out of the store and gives each to the notifier of its channel; those that fail
 * come again by the schedule. Nothing waits for it: whoever asks or decides has only put a row into the store.
 * Each delivery is made at least once; what a process had taken when it died is taken by another one once the
 * lease is over.
 */
export class DeliveryPump {
  readonly #ports: PumpPorts
  readonly #lanes: ReadonlyMap<string, Lane>
  #cancelPoll: (() => void) | undefined
  #round: Promise<void> | undefined
  #again = false
  #stopped = false
  #inTrouble = false

  constructor(notifiers: readonly Notifier[], ports: PumpPorts) {
    this.#ports = ports
    this.#lanes = new Map(notifiers.map(notifier => [notifier.name, new Lane(notifier, ports)]))
  }

  start(): void {
    this.wake()
  }

  /** Looks now instead of at the next poll: something was put into the store. Never throws. */
  wake(): void {
    if (this.#stopped) return
    this.#again = true
    this.#round ??= this.#rounds().finally(() => {
      this.#round = undefined
      // Woken after the last look: no message may wait for the poll that another wake was to spare it.
      if (this.#again) this.wake()
      else this.#poll()
    })
  }

  /** Takes no more, and lets what is under way end; the rest stays in the store. */
  async stop(graceMs: number = 5_000): Promise<void> {
    this.#stopped = true
    this.#again = false
    this.#cancelPoll?.()
    await this.#round
    await Promise.all([...this.#lanes.values()].map(lane => lane.stop(graceMs)))
  }

  #poll(): void {
    this.#cancelPoll?.()
    if (this.#stopped) return
    const delayMs = this.#inTrouble ? TROUBLE_MS : POLL_MS
    this.#cancelPoll = this.#ports.timers.after(delayMs, () => this.wake())
  }

  async #rounds(): Promise<void> {
    for (let round = 0; round < BATCHES && !this.#stopped; round++) {
      this.#again = false
      const taken = await this.#take()
      if (taken < BATCH && !this.#again) return
    }
    this.#again = false
  }

  /** How many were due. */
  async #take(): Promise<number> {
    const { store, clock, note } = this.#ports
    const nowMs = clock.now()
    const leaseUntilMs = nowMs + LEASE_MS
    let due: readonly Delivery[]
    try {
      due = await store.takeDeliveries(nowMs, leaseUntilMs, BATCH)
    } catch (error) {
      // Once, not at each poll: whoever decides finds the store away, too, and says so.
      if (!this.#inTrouble) {
        note('the store does not say which notifications are due', {
          why: error instanceof Error ? error.message : 'unknown',
        })
      }
      this.#inTrouble = true
      return 0
    }
    this.#inTrouble = false
    for (const delivery of due) {
      const lane = this.#lanes.get(delivery.channel)
      if (lane === undefined) await this.#withoutLane(delivery)
      else lane.offer({ delivery, leaseUntilMs })
    }
    return due.length
  }

  /** The channel was taken out of the configuration, or is only in that of another replica, which may come. */
  async #withoutLane({ id, channel, event, attempts }: Delivery): Promise<void> {
    const { store, clock, random, note } = this.#ports
    note('a notification is for a channel that is not configured', { channel, request: event.requestId })
    const dueMs = nextTryMs(clock.now(), attempts, undefined, random)
    try {
      await store.failed(id, dueMs, 'the channel is not configured')
    } catch (error) {
      note('a notification could not be marked in the store', {
        channel,
        why: error instanceof Error ? error.message : 'unknown',
      })
    }
  }
}
