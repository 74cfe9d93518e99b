import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { GateError } from '../../core/errors.ts'
import type { Outbound } from './outbound.ts'
import type { Sink } from './sink.ts'

/** No line is longer: what is behind the last end of a line is ours only within that. */
const MAX_LINE_BYTES = 4 * 2 ** 20
/** Lines that are written at once. */
const LIMITS = { events: 2_000, bytes: 1_000_000 } as const
const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants

/**
 * Appends a line for each event to a file, and syncs it after each batch. A file that is renamed or removed by whoever
 * rotates it is left alone from then on, and a new one is made in its place. Half a line, which a crash or a full
 * disk has left, is cut off before more is written.
 */
export class FileSink implements Sink {
  readonly limits: Sink['limits'] = LIMITS
  readonly #path: string
  #file: FileHandle | undefined

  constructor(path: string) {
    this.#path = path
  }

  async deliver(batch: readonly Outbound[]): Promise<void> {
    try {
      const file = await this.#current()
      await file.appendFile(`${batch.map(({ text }) => text).join('\n')}\n`)
      await file.sync()
    } catch (error) {
      // The next attempt looks again at what there is.
      await this.close()
      if (error instanceof GateError) throw error
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
      throw undeliverable(this.#path, `it fails with \`${code}\``, error)
    }
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  /** The file that has the name now. */
  async #current(): Promise<FileHandle> {
    if (this.#file !== undefined) {
      const [held, named] = await Promise.all([this.#file.stat(), unlessMissing(stat(this.#path))])
      if (named?.ino === held.ino && named.dev === held.dev) return this.#file
      await this.close()
    }
    this.#file = await this.#open()
    return this.#file
  }

  /** A link is not followed and a pipe is not waited for: neither is the file that was named. */
  async #open(): Promise<FileHandle> {
    const file = await open(this.#path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600)
    try {
      const facts = await file.stat()
      if (!facts.isFile()) throw undeliverable(this.#path, 'it is no regular file')
      await mendEnd(file, facts.size)
      await syncFolder(dirname(this.#path))
      return file
    } catch (error) {
      await file.close()
      throw error
    }
  }
}

/** Cuts off half a line of ours; a whole one, and text of somebody else, is ended instead. */
async function mendEnd(file: FileHandle, size: number): Promise<void> {
  const length = Math.min(size, MAX_LINE_BYTES)
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await file.read(bytes, 0, length, size - length)
  const end = bytes.subarray(0, bytesRead).lastIndexOf('\n') + 1
  if (end === bytesRead) return
  const isWhole = isJson(bytes.toString('utf8', end, bytesRead))
  const isOurs = bytes[end] === 0x7b && (end > 0 || length === size) && !isWhole
  if (isOurs) await file.truncate(size - bytesRead + end)
  else await file.appendFile('\n')
  await file.sync()
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function unlessMissing<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function undeliverable(path: string, why: string, cause?: unknown): GateError {
  return new GateError('stream-undeliverable', `the file \`${path}\` cannot be written: ${why}`, { cause })
}
