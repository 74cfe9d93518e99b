import type { HttpReplyHead } from '../core/http.ts'
import type { Surroundings } from './settings.ts'

/** AWS refuses signatures five minutes off; the operator hears of it well before. */
const NOTED_MS = 60_000
const PAUSE_MS = 10 * 60_000
/** After a look that found nothing the next one waits this long. */
const LOOK_MS = 10_000

/** Compares the gate's clock with the `date` of replies, and notes when it is a minute off or more. */
export class ClockWatch {
  readonly #ports: Surroundings
  #quietUntilMs = 0

  constructor(ports: Surroundings) {
    this.#ports = ports
  }

  look(reply: HttpReplyHead, host: string): void {
    const now = this.#ports.clock.now()
    if (now < this.#quietUntilMs) return
    const date = reply.headers.find(([name]) => name === 'date')?.[1]
    const offMs = date === undefined ? Number.NaN : now - Date.parse(date)
    this.#quietUntilMs = now + LOOK_MS
    if (!(Math.abs(offMs) >= NOTED_MS)) return
    this.#quietUntilMs = now + PAUSE_MS
    this.#ports.note("the gate's clock is off: AWS refuses calls from five minutes on; set it by NTP", {
      host,
      secondsAhead: Math.round(offMs / 1000),
    })
  }
}
