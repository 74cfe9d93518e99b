import type { Socket } from 'node:net'

/** Bytes that were read and not looked at, beyond which a socket is read no further. */
const MAX_BUFFERED = 256 * 1024

/** What cuts bytes into things. */
interface Reader {
  push(chunk: Buffer): void
  readonly buffered: number
}

/**
 * What comes from a socket, pulled: nothing is read while nobody asks and enough waits. A socket that ended, broke or was
 * closed gives no more.
 */
export class Source<R extends Reader> {
  readonly reader: R
  readonly socket: Socket
  #wake: (() => void) | undefined
  #ended = false
  /** Told once, when nothing more can come. */
  onGone: () => void = () => undefined

  constructor(socket: Socket, reader: R) {
    this.socket = socket
    this.reader = reader
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onEnd)
    socket.on('close', this.#onEnd)
    if (socket.destroyed) this.#ended = true
    socket.resume()
  }

  get ended(): boolean {
    return this.#ended
  }

  /** The next thing that `take` finds; undefined where nothing more comes. Rejects with what `take` throws. */
  async next<T>(take: (reader: R) => T | undefined): Promise<T | undefined> {
    for (;;) {
      const found = take(this.reader)
      if (found !== undefined) return found
      if (this.#ended) return undefined
      await this.more()
    }
  }

  /** Resolves when more has come, or nothing more will. */
  more(): Promise<void> {
    if (this.#ended) return Promise.resolve()
    return new Promise(resolve => {
      this.#wake = resolve
      this.socket.resume()
    })
  }

  /** Hands the socket to somebody else, paused. */
  leave(): void {
    this.socket.pause()
    this.socket.off('data', this.#onData)
    this.socket.off('end', this.#onEnd)
    this.socket.off('error', this.#onEnd)
    this.socket.off('close', this.#onEnd)
  }

  readonly #onData = (chunk: Buffer): void => {
    this.reader.push(chunk)
    if (this.reader.buffered > MAX_BUFFERED) this.socket.pause()
    this.#awake()
  }

  readonly #onEnd = (): void => {
    if (this.#ended) return
    this.#ended = true
    this.#awake()
    this.onGone()
  }

  #awake(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}

/** Writes; resolves when the other side takes more, at once where it does. */
export async function send(socket: Socket, bytes: Buffer): Promise<void> {
  if (socket.destroyed || !socket.writable) return
  if (socket.write(bytes)) return
  await drained(socket)
}

/** Resolves when what was written has gone, or never will. */
export function drained(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.once('drain', done)
    socket.once('close', done)
  })
}

/** How long a client may take to read the last of what it was told, ms. */
const FAREWELL_MS = 10_000

/** Says the last, if anything, and closes. */
export function farewell(socket: Socket, bytes?: Buffer): void {
  if (socket.destroyed || socket.writableEnded) return
  const timer = setTimeout(() => socket.destroy(), FAREWELL_MS)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
  socket.resume()
  const finish = (): void => socket.destroySoon()
  if (bytes === undefined) socket.end(finish)
  else socket.end(bytes, finish)
}
