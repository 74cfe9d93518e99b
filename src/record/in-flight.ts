import type { JournalEvent } from './event.ts'

/** Beyond this many, the oldest is forgotten: it only makes recovery's search shorter. */
const MAX_REMEMBERED = 100_000

/** The allowed calls that have no outcome yet, so that recovery knows how far back to look. */
export class InFlight {
  /** Decision id -> its segment, in order of arrival. */
  readonly #open = new Map<string, number>()

  note(event: JournalEvent, segment: number): void {
    if (event.type === 'outcome') this.#open.delete(event.decisionId)
    if (event.type !== 'decision' || event.effect !== 'allow') return
    this.#open.set(event.id, segment)
    if (this.#open.size <= MAX_REMEMBERED) return
    for (const oldest of this.#open.keys()) {
      this.#open.delete(oldest)
      return
    }
  }

  /** Segment of the oldest one; undefined if there is none. */
  get oldestSegment(): number | undefined {
    for (const segment of this.#open.values()) return segment
    return undefined
  }
}
