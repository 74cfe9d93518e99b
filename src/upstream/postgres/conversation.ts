import type { Socket } from 'node:net'
import { GateError } from '../../core/errors.ts'
import type { BackendMessage } from '../../wire/postgres/messages.ts'
import { BackendReader } from '../../wire/postgres/reader.ts'

/** Questions and answers, one at a time, for as long as a connection is being made. Then whoever uses it listens itself. */
export class Conversation {
  readonly reader: BackendReader = new BackendReader()
  readonly socket: Socket
  #wake: (() => void) | undefined
  #failure: GateError | undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', this.#onData)
    socket.on('error', this.#onEnd)
    socket.on('close', this.#onEnd)
  }

  /** Stops listening, and leaves the socket paused; what came and was not read stays in the reader. */
  leave(): void {
    this.socket.pause()
    this.socket.off('data', this.#onData)
    this.socket.off('error', this.#onEnd)
    this.socket.off('close', this.#onEnd)
  }

  /** The next message. Rejects with `database-unreachable` where the connection ends before it. */
  message(): Promise<BackendMessage> {
    return this.#until(() => {
      const frame = this.reader.next()
      return frame && this.reader.read(frame)
    })
  }

  encryptionReply(): Promise<'S' | 'G' | 'N'> {
    return this.#until(() => this.reader.nextEncryptionReply())
  }

  /** Ends every wait. */
  fail(error: GateError): void {
    this.#failure ??= error
    this.#wake?.()
  }

  async #until<T>(pull: () => T | undefined): Promise<T> {
    for (;;) {
      const found = pull()
      if (found !== undefined) return found
      if (this.#failure !== undefined) throw this.#failure
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  readonly #onData = (chunk: Buffer): void => {
    this.reader.push(chunk)
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
