import { Readable } from 'node:stream'
import { GateError } from '../../core/errors.ts'
import type { Passage } from './passage.ts'

/** The first bytes of a stream, which is paused behind them. */
export interface Head {
  readonly bytes: Buffer
  /** There is nothing after them. */
  readonly whole: boolean
}

/** Bytes that wait for a slow reader; then the source is not read any further. */
const HELD_BYTES = 64 * 1024

/** Reads at least `bytes` from the beginning of a stream, or all that it has. Rejects with its error. */
export function readHead(source: Readable, bytes: number): Promise<Head> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let read = 0
    const settle = (whole: boolean): void => {
      source.pause()
      source.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose)
      // An error that comes while nobody listens would end the process; `PassedBody` asks for it.
      source.on('error', () => undefined)
      resolve({ bytes: Buffer.concat(chunks), whole })
    }
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk)
      read += chunk.length
      if (read >= bytes) settle(false)
    }
    const onEnd = (): void => settle(true)
    const onError = (error: Error): void => reject(error)
    const onClose = (): void => reject(brokenOff(source))
    if (source.destroyed) return onClose()
    source.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose)
    source.resume()
  })
}

/**
 * A body that is read through a passage: no faster than its own reader reads it, and torn down with it.
 * Whatever goes wrong (the source breaks, the passage throws) ends it with that error and ends the source;
 * the error waits until somebody reads. When the passage is complete it ends well, and the source is let go.
 */
export class PassedBody extends Readable {
  readonly #source: Readable
  readonly #passage: Passage
  #head: Head | undefined
  /** Nothing that the source still does concerns this body. */
  #over = false
  #reading = false
  #failure: Error | undefined

  /** @param head what was read of the source before */
  constructor(source: Readable, passage: Passage, head?: Head) {
    super({ highWaterMark: HELD_BYTES })
    this.#source = source
    this.#passage = passage
    // A source whose last byte was peeked at may have ended before anybody here listened.
    const whole = head?.whole === true || source.readableEnded
    this.#head = whole ? { bytes: head?.bytes ?? Buffer.alloc(0), whole } : head
    source.pause()
    source.on('data', (chunk: Buffer) => this.#take(chunk))
    source.on('end', () => this.#end())
    source.on('error', error => this.#fail(error))
    source.on('close', () => this.#fail(brokenOff(source)))
    if (!whole && source.destroyed) this.#fail(brokenOff(source))
  }

  override _read(): void {
    this.#reading = true
    const head = this.#head
    if (head !== undefined) {
      this.#head = undefined
      if (head.bytes.length > 0) this.#take(head.bytes)
      if (head.whole) this.#end()
    }
    if (this.#failure !== undefined) this.destroy(this.#failure)
    else if (!this.#over && this.#reading) this.#source.resume()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#over = true
    this.#source.destroy()
    done(error)
  }

  #take(chunk: Buffer): void {
    if (this.#over) return
    try {
      this.#give(this.#passage.push(chunk))
      if (this.#passage.complete) this.#finish()
    } catch (error) {
      this.#fail(error)
    }
  }

  #end(): void {
    if (this.#over) return
    try {
      this.#give(this.#passage.end())
      this.#finish()
    } catch (error) {
      this.#fail(error)
    }
  }

  #give(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#reading = this.push(bytes)
    if (!this.#reading) this.#source.pause()
  }

  #finish(): void {
    this.#over = true
    this.push(null)
    this.#source.destroy()
  }

  #fail(error: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#failure = asError(this.#passage.explain?.(error) ?? error)
    this.#source.destroy()
    if (this.#reading) this.destroy(this.#failure)
  }
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new GateError('internal', 'an object broke off', { cause })
}

function brokenOff(source: Readable): Error {
  return source.errored ?? new GateError('upstream-reply-unclear', 'the object ended before its end')
}
