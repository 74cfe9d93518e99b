import type { Socket } from 'node:net'

/** Together they are written at once, beyond which nobody waits for more. */
const MAX_WAITING = 64 * 1024
/** What is copied into one piece before it is written, together or on average: a system call for many pieces costs more. */
const MAX_JOINED = 16 * 1024
const MAX_JOINED_EACH = 4 * 1024

/**
 * What goes to a socket, gathered: messages that lie next to each other in what came are one piece again, and a batch is one
 * system call. Whoever waits for what the other side says to it must `flush` first.
 */
export class Outbox {
  readonly #socket: Socket
  readonly #pieces: Buffer[] = []
  /** The piece behind these, which may grow: a part of `#memory`. */
  #memory: ArrayBufferLike | undefined
  #start = 0
  #end = 0
  #bytes = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Takes bytes that nobody writes to any more. */
  push(bytes: Buffer): void {
    const { buffer, byteOffset, length } = bytes
    if (buffer === this.#memory && byteOffset === this.#end) {
      this.#end += length
    } else {
      this.#close()
      this.#memory = buffer
      this.#start = byteOffset
      this.#end = byteOffset + length
    }
    this.#bytes += length
    if (this.#bytes > MAX_WAITING) this.flush()
  }

  /** Writes what waits, if anybody still takes it. */
  flush(): void {
    if (this.#bytes === 0) return
    this.#close()
    const pieces = this.#pieces.splice(0)
    const bytes = this.#bytes
    this.#bytes = 0
    const socket = this.#socket
    if (!socket.writable) return
    const [only, other] = pieces
    if (only !== undefined && other === undefined) {
      socket.write(only)
    } else if (bytes <= MAX_JOINED || bytes <= pieces.length * MAX_JOINED_EACH) {
      socket.write(Buffer.concat(pieces, bytes))
    } else {
      socket.cork()
      for (const piece of pieces) socket.write(piece)
      socket.uncork()
    }
  }

  #close(): void {
    if (this.#memory === undefined) return
    this.#pieces.push(Buffer.from(this.#memory as ArrayBuffer, this.#start, this.#end - this.#start))
    this.#memory = undefined
  }
}
