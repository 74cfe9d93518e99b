import { constants, type FileHandle, mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { GateError } from '../core/errors.ts'
import type { FileLock, JournalFile, JournalFiles } from './files.ts'

const OWNER_FOLDER = 0o700
const OWNER_FILE = 0o600
/** SQLITE_BUSY: another connection holds the lock. https://sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5

/** The journal's files on a real disk. */
export const nodeFiles: JournalFiles = {
  async makeFolder(path) {
    await mkdir(path, { recursive: true, mode: OWNER_FOLDER })
  },
  async list(path) {
    return (await unlessMissing(readdir(path))) ?? []
  },
  async open(path, mode) {
    const handle = await unlessMissing(mode === 'read' ? open(path) : openToWrite(path))
    return handle && new NodeFile(handle)
  },
  async create(path) {
    try {
      return new NodeFile(await open(path, 'wx+', OWNER_FILE))
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    // What stands there goes, and is not opened: it may be a link.
    await rm(path)
    return new NodeFile(await open(path, 'wx+', OWNER_FILE))
  },
  async rename(from, to) {
    await rename(from, to)
  },
  async remove(path) {
    await rm(path)
  },
  async removeFolder(path) {
    await unlessMissing(rmdir(path), 'ENOTDIR')
  },
  async syncFolder(path) {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  async lock(path) {
    return takeLock(path)
  },
}

class NodeFile implements JournalFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async read(target: Buffer, position: number): Promise<number> {
    return (await this.#handle.read(target, 0, target.length, position)).bytesRead
  }

  async write(bytes: Buffer, position: number): Promise<number> {
    return (await this.#handle.write(bytes, 0, bytes.length, position)).bytesWritten
  }

  async sync(): Promise<void> {
    await this.#handle.datasync()
  }

  async truncate(length: number): Promise<void> {
    await this.#handle.truncate(length)
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

/**
 * Not through a link: who can write into this folder, and no more than that, shall not have other files overwritten. On
 * a system that does not know the flag, links are followed.
 */
async function openToWrite(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0))
  } catch (cause) {
    if (codeOf(cause) !== 'ELOOP') throw cause
    throw new GateError('journal-corrupt', `\`${path}\` is a link: nothing is written through it`, { cause })
  }
}

/**
 * A lock that the kernel holds. Node has no flock, but the SQLite inside it locks its file by
 * `fcntl` (LockFileEx on Windows), and an exclusive transaction that is never ended is exactly such a
 * lock. Why this and not a file with a pid in it: the kernel releases the lock in the moment in which
 * the process dies, however it dies, so there is no stale lock to judge, no window between judging and
 * taking over, and no pid that somebody else has been given since. It holds between containers that
 * share the volume, where pids mean nothing, and inside one process SQLite keeps its own count.
 * The file stays empty: nothing is ever written in the transaction. On a network file system the lock
 * is as good as that system's `fcntl` locks; the book asks for a local disk.
 */
function takeLock(path: string): FileLock | undefined {
  const { DatabaseSync } = loadSqlite()
  const database = new DatabaseSync(path)
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if (isBusy(error)) return undefined
    throw error
  }
  held.add(database)
  return {
    release() {
      if (held.delete(database)) database.close()
    },
  }
}

/** What nobody refers to is collected, and closed with that: the lock would be gone. */
const held = new Set<object>()

/** Loaded when the first lock is taken: offline commands that only read never pay for it. */
function loadSqlite(): typeof import('node:sqlite') {
  return createRequire(import.meta.url)('node:sqlite')
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}

async function unlessMissing<T>(opening: Promise<T>, alike = 'ENOENT'): Promise<T | undefined> {
  try {
    return await opening
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === alike) return undefined
    throw error
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
