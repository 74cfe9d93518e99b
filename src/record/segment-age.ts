import type { Clock } from '../core/clock.ts'

/** A timer of the system holds no longer than 24 days, and clocks are set: it is looked at again after this. */
const LOOK_EVERY_MS = 3_600_000
/** Where a successor could not be made, it is tried again after this. */
const RETRY_MS = 60_000

export interface SegmentAgePorts {
  readonly clock: Clock
  after(delayMs: number, run: () => void): () => void
  /** The segment has had events for so long that it is to get a successor. */
  due(): void
}

/** Sees to it that a segment with events gets a successor at an age, though nothing comes any more. */
export class SegmentAge {
  readonly #ageMs: number
  readonly #ports: SegmentAgePorts
  #segment: number | undefined
  #sinceMs = 0
  #cancel: (() => void) | undefined

  /** `ageMs` may be infinite: then segments end by their size alone. */
  constructor(ageMs: number, ports: SegmentAgePorts) {
    this.#ageMs = ageMs
    this.#ports = ports
  }

  /** The segment has events: since a time that is known, or, where it is new, since now. */
  note(segment: number, sinceMs?: number): void {
    if (segment === this.#segment || this.#ageMs === Number.POSITIVE_INFINITY) return
    this.#segment = segment
    const now = this.#ports.clock.now()
    this.#sinceMs = Math.min(sinceMs ?? now, now)
    this.#wait(this.#leftMs())
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #leftMs(): number {
    return this.#sinceMs + this.#ageMs - this.#ports.clock.now()
  }

  #wait(delayMs: number): void {
    this.#cancel?.()
    this.#cancel = this.#ports.after(Math.min(Math.max(delayMs, 0), LOOK_EVERY_MS), () => {
      const isDue = this.#leftMs() <= 0
      this.#wait(isDue ? RETRY_MS : this.#leftMs())
      if (isDue) this.#ports.due()
    })
  }

  /** The segment has a successor, which has no events yet. */
  rolled(): void {
    this.stop()
    this.#segment = undefined
  }
}
