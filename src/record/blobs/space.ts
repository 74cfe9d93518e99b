import { GateError } from '../../core/errors.ts'

/** How much room a volume has, bytes. */
export interface VolumeSpace {
  readonly freeBytes: number
  readonly totalBytes: number
}

/** What bodies leave free for the journal: a share of the volume, and the most that it comes to. */
const FREE_SHARE = 1 / 20
const MOST_FREE_BYTES = 2 ** 30
/** Bytes after which the volume is looked at again. */
const LOOK_EVERY_BYTES = 8 * 2 ** 20

/**
 * Sees to it that bodies leave room for the journal: without it, whoever may upload could stop every call of everybody.
 * One for all bodies of a process.
 */
export class SpaceGuard {
  readonly #look: () => Promise<VolumeSpace>
  #allowance = 0
  #looking: Promise<void> | undefined

  constructor(look: () => Promise<VolumeSpace>) {
    this.#look = look
  }

  /** Resolves when there is room for so many bytes more. Rejects with `body-unrecorded`. */
  async take(bytes: number): Promise<void> {
    if (this.#allowance < bytes) {
      this.#looking ??= this.#lookAgain().finally(() => {
        this.#looking = undefined
      })
      await this.#looking
    }
    this.#allowance -= bytes
  }

  async #lookAgain(): Promise<void> {
    const { freeBytes, totalBytes } = await this.#look()
    const reserve = Math.min(totalBytes * FREE_SHARE, MOST_FREE_BYTES)
    if (freeBytes <= reserve) {
      this.#allowance = 0
      const mib = Math.floor(reserve / 2 ** 20)
      throw new GateError(
        'body-unrecorded',
        `the data volume has no more than ${mib} MiB left, which are the journal's`,
      )
    }
    this.#allowance = Math.min(LOOK_EVERY_BYTES, freeBytes - reserve)
  }
}
