import type { Block, Stray } from './block.ts'
import type { LaneBlocks } from './lane-blocks.ts'
import type { Strays } from './select.ts'

/** A stray and the segment in which it lies. */
export type PlacedStray = Stray & { readonly segment: number }

/** Strays of the blocks that were met: for a walk back, on which how a call ended is met before the call. */
export class MetStrays implements Strays {
  readonly #known = new Map<string, PlacedStray>()

  add({ head, segment }: Block): void {
    for (const stray of head.strays) this.#known.set(stray.decisionId, { ...stray, segment })
  }

  async find(decisionId: string): Promise<PlacedStray | undefined> {
    return this.#known.get(decisionId)
  }
}

/** Strays that are looked for ahead of a walk forwards, as far as is needed: mostly in the next block. */
export class StraysAhead implements Strays {
  readonly #met = new MetStrays()
  readonly #ahead: AsyncGenerator<Block, void>

  constructor(blocks: LaneBlocks) {
    this.#ahead = blocks.walk('oldest')
  }

  async find(decisionId: string): Promise<PlacedStray | undefined> {
    for (;;) {
      const known = await this.#met.find(decisionId)
      if (known !== undefined) return known
      const step = await this.#ahead.next()
      if (step.done === true) return undefined
      this.#met.add(step.value)
    }
  }

  async close(): Promise<void> {
    await this.#ahead.return()
  }
}
