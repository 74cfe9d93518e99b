import { type JournalSource, listLanes, type PlacedEvent, type Wanted } from '../read.ts'
import { LaneFollower } from './lane.ts'

/** When the journal may have changed: a port, so that tests say when. */
export interface Changes {
  /** Resolves with true when it is worth to look again, and with false when nobody wants to know any more. */
  next(): Promise<boolean>
  close(): void
}

/**
 * Follows all lanes of a journal that gates may be writing; lanes that appear are followed as well. Order
 * holds within a lane. `wanted` leaves events out before they are parsed.
 */
export class JournalFollower {
  readonly #source: JournalSource
  readonly #wanted: Wanted | undefined
  readonly #lanes = new Map<number, LaneFollower>()
  #looked = false

  constructor(source: JournalSource, wanted?: Wanted) {
    this.#source = source
    this.#wanted = wanted
  }

  /**
   * What came since the last look, lane by lane. The first look gives what the newest segment of each
   * lane has. Throws `journal-corrupt` where a chain breaks.
   */
  async *look(): AsyncGenerator<PlacedEvent, void> {
    // A lane that appears has no past; where it had been there before, its past is not of interest.
    const from = this.#looked ? 'first' : 'newest'
    this.#looked = true
    for (const lane of await listLanes(this.#source)) {
      let follower = this.#lanes.get(lane)
      if (follower === undefined) {
        follower = new LaneFollower(this.#source, lane, from, this.#wanted)
        this.#lanes.set(lane, follower)
      }
      yield* follower.look()
    }
  }

  async close(): Promise<void> {
    for (const follower of this.#lanes.values()) await follower.close()
    this.#lanes.clear()
  }
}
