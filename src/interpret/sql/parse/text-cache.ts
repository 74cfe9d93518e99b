/** What was made of texts, by the texts: the ones that were used last, up to a number of bytes. */
export class TextCache<T> {
  readonly #maxBytes: number
  /** In the order in which they were used. */
  readonly #entries = new Map<string, { readonly value: T; readonly bytes: number }>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get(text: string): T | undefined {
    const found = this.#entries.get(text)
    if (found === undefined) return undefined
    this.#entries.delete(text)
    this.#entries.set(text, found)
    return found.value
  }

  /** @param bytes that the text and its value take, about; one that takes more than an eighth of all is not kept */
  set(text: string, value: T, bytes: number): void {
    this.#forget(text)
    if (bytes > this.#maxBytes / 8) return
    this.#entries.set(text, { value, bytes })
    this.#bytes += bytes
    for (const [oldest] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return
      this.#forget(oldest)
    }
  }

  #forget(text: string): void {
    const found = this.#entries.get(text)
    if (found === undefined) return
    this.#entries.delete(text)
    this.#bytes -= found.bytes
  }
}
