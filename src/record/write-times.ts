import type { JournalPorts } from './journal-options.ts'

/** When what waits for the journal is written: together with as much else as comes without anybody waiting longer for it. */
export class WriteTimes {
  readonly #ports: Pick<JournalPorts, 'after' | 'soon'>
  readonly #laterMs: number
  readonly #write: () => void
  #isSoon = false
  #cancelLater: (() => void) | undefined

  /**
   * @param laterMs how long what holds nobody up waits for something that does
   * @param write writes what waits, if anything does
   */
  constructor(ports: Pick<JournalPorts, 'after' | 'soon'>, laterMs: number, write: () => void) {
    this.#ports = ports
    this.#laterMs = laterMs
    this.#write = write
  }

  /** Something waits that holds somebody up. */
  soon(): void {
    const { soon } = this.#ports
    if (soon === undefined) {
      this.#write()
      return
    }
    if (this.#isSoon) return
    this.#isSoon = true
    soon(() => {
      this.#isSoon = false
      this.#write()
    })
  }

  /** Something waits that holds nobody up. */
  later(): void {
    this.#cancelLater ??= this.#ports.after(this.#laterMs, () => {
      this.stop()
      this.#write()
    })
  }

  stop(): void {
    this.#cancelLater?.()
    this.#cancelLater = undefined
  }
}
