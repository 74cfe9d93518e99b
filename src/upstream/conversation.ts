import type { Socket } from 'node:net'
import { GateError } from '../core/errors.ts'

/** What cuts bytes into messages. */
interface Reader {
  push(chunk: Buffer): void
}

/** Bytes that came while nobody asked, beyond which a socket is read no further: a server may talk, and nobody listens yet. */
const MAX_UNASKED = 1024 * 1024

/**
 * Questions to a database server and its answers, one at a time, for as long as a connection is being made. Then whoever uses
 * it listens itself.
 */
export class Conversation<R extends Reader> {
  readonly reader: R
  readonly socket: Socket
  #wake: (() => void) | undefined
  #failure: GateError | undefined
  #unasked = 0

  constructor(socket: Socket, reader: R) {
    this.reader = reader
    this.socket = socket
    socket.on('data', this.#onData)
    socket.on('error', this.#onEnd)
    socket.on('close', this.#onEnd)
    if (socket.destroyed) this.#onEnd()
  }

  /** Stops listening, and leaves the socket paused; what came and was not read stays in the reader. */
  leave(): void {
    this.socket.pause()
    this.socket.off('data', this.#onData)
    this.socket.off('error', this.#onEnd)
    this.socket.off('close', this.#onEnd)
    // One that breaks before its next owner listens is an end, and no exception that would be everybody's.
    this.socket.on('error', () => this.socket.destroy())
  }

  /** The next thing that `pull` finds. Rejects with `database-unreachable` where the connection ends before it. */
  async until<T>(pull: (reader: R) => T | undefined): Promise<T> {
    for (;;) {
      const found = pull(this.reader)
      if (found !== undefined) return found
      if (this.#failure !== undefined) throw this.#failure
      this.#unasked = 0
      this.socket.resume()
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  /** Ends every wait. */
  fail(error: GateError): void {
    this.#failure ??= error
    this.#wake?.()
  }

  readonly #onData = (chunk: Buffer): void => {
    this.reader.push(chunk)
    this.#unasked += chunk.length
    if (this.#unasked > MAX_UNASKED) this.socket.pause()
    this.#wake?.()
  }

  readonly #onEnd = (cause?: unknown): void => {
    const why = cause instanceof Error ? whyEnded(cause) : 'it closed the connection'
    this.fail(new GateError('database-unreachable', `the database server does not answer: ${why}`, { cause }))
  }
}

/** The kind of an error of a socket; its message may hold addresses. */
function whyEnded(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? `\`${error.code}\`` : 'the connection broke'
}
