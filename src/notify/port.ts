import type { AccessRequest } from '../grants/model.ts'
import type { Delivery } from '../grants/port.ts'

/** A configured channel that people are told by: a chat, a webhook. */
export interface Notifier {
  /** As the configuration names it: `Delivery.channel`. */
  readonly name: string
  /**
   * Tells outside what happened, and resolves once the other side has taken it. `request` is as it stands now,
   * which may be later than the event. The same delivery may come twice, after a crash: `delivery.event.id` is
   * then the same. Rejects with a `DeliveryFailure`; anything else counts as one that is tried again. Aborted
   * when it has taken too long or the process ends.
   */
  deliver(delivery: Delivery, request: AccessRequest, signal: AbortSignal): Promise<void>
}

/**
 * What becomes of a delivery that failed.
 * - `again`: later, by the schedule.
 * - `never`: the other side will not take this message at any time.
 * - `gone`: it wants no message any more; the channel is silent until the process starts again.
 */
export type AfterFailure = 'again' | 'never' | 'gone'

/** Why a message was not taken. Stays within the pump, which logs `message`: never with what a reply said. */
export class DeliveryFailure extends Error {
  readonly after: AfterFailure
  /** The other side asked to be left alone for so long, ms. */
  readonly retryAfterMs: number | undefined

  constructor(message: string, after: AfterFailure = 'again', retryAfterMs?: number) {
    super(message)
    this.name = 'DeliveryFailure'
    this.after = after
    this.retryAfterMs = retryAfterMs
  }
}

/** Timers, as a parameter. */
export interface Timers {
  /** Runs it once, after `delayMs`; what it returns takes that back. */
  after(delayMs: number, run: () => void): () => void
}

/** The timers of the process; none of them keeps it alive. */
export const systemTimers: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** A line of the operator's log. */
export type Note = (text: string, details: Readonly<Record<string, string | number>>) => void
