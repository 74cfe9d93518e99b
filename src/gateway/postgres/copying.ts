import { GateError } from '../../core/errors.ts'
import { StreamMarkerScan } from '../../mask/marker.ts'
import { FRONTEND } from '../../wire/postgres/types.ts'
import { writeFrontend } from '../../wire/postgres/writer.ts'
import type { Line } from './line.ts'
import type { Run } from './run.ts'

/** Of a message before its data: type and length. */
const HEADER_BYTES = 5
/** The server says so in its error, and has copied nothing. */
const CARRIED = 'the data has a mask in it that the gate made (mask-carried-back)'

/**
 * Data of COPY on its way to the server: while it wants some, nothing else of the client passes. Flush and Sync are ignored
 * meanwhile, as by the server. Data with a mask of the gate in it fails: it would overwrite what the mask stands for.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
export class Copying {
  readonly #line: Line
  #isWanted = false
  #hasEnded = false
  #wake: () => void = () => undefined

  constructor(line: Line, run: Run) {
    this.#line = line
    run.onCopyIn = () => {
      this.#isWanted = true
      this.#wake()
    }
    void run.answered.then(() => {
      this.#hasEnded = true
      this.#wake()
    })
  }

  /** Carries what the server wants, each time that it does, until the statement has ended. */
  async untilEnded(): Promise<void> {
    while (await this.once()) await Promise.resolve()
  }

  /** Carries what the server wants once; false where the statement ended without. */
  async once(): Promise<boolean> {
    while (!this.#isWanted && !this.#hasEnded) await this.#change()
    if (!this.#isWanted) return false
    this.#isWanted = false
    await this.#feed()
    return true
  }

  async #feed(): Promise<void> {
    const { client } = this.#line
    const scan = new StreamMarkerScan()
    while (!this.#hasEnded) {
      const frame = client.reader.next()
      if (frame === undefined) {
        if (client.ended) return
        this.#line.flush()
        await Promise.race([client.more(), this.#change()])
        continue
      }
      switch (frame.type) {
        case FRONTEND['copy-data']:
          if (scan.push(frame.bytes.subarray(HEADER_BYTES))) {
            this.#line.write(writeFrontend({ kind: 'copy-fail', reason: CARRIED }))
            this.#line.flush()
            return
          }
          this.#line.write(frame.bytes)
          await this.#line.drained()
          break
        case FRONTEND['copy-done']:
        case FRONTEND['copy-fail']:
          this.#line.write(frame.bytes)
          this.#line.flush()
          return
        case FRONTEND.flush:
        case FRONTEND.sync:
          break
        default:
          throw new GateError('postgres-malformed', 'the client sends something else while it copies')
      }
    }
  }

  #change(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }
}
