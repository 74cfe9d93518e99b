import type { Clock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import type { GrantStore } from './port.ts'
import { Turns } from './turns.ts'

interface PlacesPorts {
  readonly store: Pick<GrantStore, 'pendingOf'>
  readonly clock: Clock
  /** How many requests of one principal may wait. */
  readonly most: number
}

/**
 * Counts the requests of each principal that wait, with those that are about to: between the question whether
 * there is room and the new request lies all that people are to be shown, and many calls come at once.
 */
export class Places {
  readonly #ports: PlacesPorts
  readonly #turns = new Turns<void>()
  /** Taken, and perhaps not in the store yet, by principal key. More are taken in turn only. */
  readonly #taken = new Map<string, number>()

  constructor(ports: PlacesPorts) {
    this.#ports = ports
  }

  /**
   * Does something that may keep one more request of this principal. Throws `requests-too-many` where there is
   * no room for it.
   */
  async within<T>(principalKey: string, ask: () => Promise<T>): Promise<T> {
    const { store, clock, most } = this.#ports
    await this.#turns.take(principalKey, async () => {
      // Those of before: a request that is kept while the store is asked may be in its answer or not.
      const taken = this.#takenBy(principalKey)
      const pending = await store.pendingOf(principalKey, clock.now())
      if (pending + taken >= most) {
        throw new GateError(
          'requests-too-many',
          `${most} access requests of this principal wait for an answer`,
        )
      }
      this.#taken.set(principalKey, this.#takenBy(principalKey) + 1)
    })
    try {
      return await ask()
    } finally {
      this.#giveBack(principalKey)
    }
  }

  #takenBy(principalKey: string): number {
    return this.#taken.get(principalKey) ?? 0
  }

  #giveBack(principalKey: string): void {
    const left = this.#takenBy(principalKey) - 1
    if (left > 0) this.#taken.set(principalKey, left)
    else this.#taken.delete(principalKey)
  }
}
