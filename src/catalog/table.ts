/**
 * A read-only map whose values are decoded from lines of text when they are first asked for. The
 * catalog has a hundred thousand shapes, of which a request touches ten.
 *
 * Lookups go through a real `Map`, so names such as `__proto__` or `constructor` find nothing but
 * themselves. There is no way to change an entry.
 */
export class Table<V> implements ReadonlyMap<string, V> {
  readonly #places: ReadonlyMap<string, number>
  readonly #names: readonly string[]
  readonly #decode: (place: number) => V
  readonly #values: (V | undefined)[]
  readonly #fold: boolean

  /**
   * @param names the keys in order; unique (also without regard to case, if `fold` is set)
   * @param decode makes the value at a place; called at most once for each
   * @param fold whether look-ups disregard case, as IAM does for actions and condition keys
   */
  constructor(names: readonly string[], decode: (place: number) => V, fold = false) {
    const places = new Map<string, number>()
    for (const [place, name] of names.entries()) places.set(fold ? name.toLowerCase() : name, place)
    this.#places = places
    this.#names = names
    this.#decode = decode
    this.#values = new Array<V | undefined>(names.length)
    this.#fold = fold
  }

  get size(): number {
    return this.#names.length
  }

  get(name: string): V | undefined {
    const place = this.#places.get(this.#fold ? name.toLowerCase() : name)
    return place === undefined ? undefined : this.#at(place)
  }

  has(name: string): boolean {
    return this.#places.has(this.#fold ? name.toLowerCase() : name)
  }

  forEach(visit: (value: V, name: string, map: ReadonlyMap<string, V>) => void, self?: unknown): void {
    for (const [name, value] of this) visit.call(self, value, name, this)
  }

  *entries(): MapIterator<[string, V]> {
    for (const [place, name] of this.#names.entries()) yield [name, this.#at(place)]
  }

  *keys(): MapIterator<string> {
    yield* this.#names
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries()
  }

  #at(place: number): V {
    const known = this.#values[place]
    if (known !== undefined) return known
    const value = this.#decode(place)
    this.#values[place] = value
    return value
  }
}

/** A table of values that exist already. */
export function tableOf<V>(entries: readonly (readonly [string, V])[], fold = false): Table<V> {
  const names = entries.map(([name]) => name)
  return new Table(
    names,
    place => {
      const entry = entries[place]
      if (entry === undefined) throw new RangeError(`no entry at place ${place}`)
      return entry[1]
    },
    fold,
  )
}
