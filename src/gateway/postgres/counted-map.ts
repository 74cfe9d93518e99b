/** A map that knows how much is in it, by what each entry weighs when it is put. */
export class CountedMap<V> {
  readonly #weigh: (value: V) => number
  readonly #entries = new Map<string, { readonly value: V; readonly weight: number }>()
  #weight = 0

  constructor(weigh: (value: V) => number) {
    this.#weigh = weigh
  }

  get size(): number {
    return this.#entries.size
  }

  get weight(): number {
    return this.#weight
  }

  get(name: string): V | undefined {
    return this.#entries.get(name)?.value
  }

  set(name: string, value: V): void {
    this.delete(name)
    const weight = this.#weigh(value)
    this.#entries.set(name, { value, weight })
    this.#weight += weight
  }

  delete(name: string): void {
    this.#weight -= this.#entries.get(name)?.weight ?? 0
    this.#entries.delete(name)
  }

  clear(): void {
    if (this.#entries.size > 0) this.#entries.clear()
    this.#weight = 0
  }
}
