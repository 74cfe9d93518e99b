/** Lets one through at a time, in the order of asking, and nobody wait for ever. */
export class Turnstile {
  readonly #patienceMs: number
  readonly #waiting: (() => void)[] = []
  #taken = false

  /** How long one may wait before it is turned away. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  /** Resolves when it is one's turn, which lasts until `leave`. Rejects when the patience is over. */
  async enter(): Promise<void> {
    if (!this.#taken) {
      this.#taken = true
      return
    }
    await new Promise<void>((resolve, reject) => {
      const turn = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1)
        reject(new Error(`the connection was not free within ${this.#patienceMs} ms`))
      }, this.#patienceMs)
      this.#waiting.push(turn)
    })
  }

  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#taken = false
    else next()
  }
}
