/**
 * Lets what concerns one thing happen in turn, within this process; each turn is handed what the one before it
 * has come to. Across processes the store decides; this only spares it the tries that would fail.
 */
export class Turns<T> {
  /** The last turn that was asked for, under each key that has one going on. */
  readonly #last = new Map<string, Promise<T | undefined>>()

  /** Runs after all that was asked for earlier under this key; `before` is undefined where that failed. */
  async take(key: string, run: (before: T | undefined) => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve(undefined)
    const turn = before.then(run)
    const settled = turn.catch(() => undefined)
    this.#last.set(key, settled)
    try {
      return await turn
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key)
    }
  }
}
