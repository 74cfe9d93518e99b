/**
 * Lets what concerns one thing happen in turn, within this process. Across processes the store decides; this
 * only spares it the tries that would fail.
 */
export class Turns {
  /** The end of the last turn that was asked for. */
  readonly #last = new Map<string, Promise<void>>()

  /** Runs after all that was asked for earlier under this key, however that went. */
  async take<T>(key: string, run: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    const { promise: turn, resolve: end } = Promise.withResolvers<void>()
    this.#last.set(key, turn)
    try {
      await before
      return await run()
    } finally {
      end()
      if (this.#last.get(key) === turn) this.#last.delete(key)
    }
  }
}
