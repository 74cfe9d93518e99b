import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** What the keyring needs to know of a file before it trusts it. */
export interface SecretFileFacts {
  /** Permission bits of the file, and of the folder that it lies in. */
  readonly mode: number
  readonly folderMode: number
  /** Changes whenever the file does: its modification time in ms, its inode and its size. */
  readonly version: string
}

/**
 * The file system, as far as secrets need it. Synchronous, because it is used on start, on rotation,
 * and otherwise at a bounded rate for one `stat`. Errors are node's, with their `code`.
 */
export interface SecretFiles {
  /** Undefined where there is no such file. */
  facts(path: string): SecretFileFacts | undefined
  read(path: string): string
  /** Makes the folder with mode 0700 where it is missing. */
  makeFolder(path: string): void
  /** Writes a new file of mode 0600 durably and in one step; false where one exists already. */
  create(path: string, text: string): boolean
  /** Replaces the file durably and in one step: readers see the old text or the new, never a part. */
  replace(path: string, text: string): void
  /** Replaces a file that everybody may read, durably and in one step: a certificate. */
  publish(path: string, text: string): void
  remove(path: string): void
}

/** The real file system. */
export const secretFiles: SecretFiles = {
  facts: path => {
    const file = statSync(path, { throwIfNoEntry: false })
    if (file === undefined) return undefined
    return {
      mode: file.mode & 0o777,
      folderMode: statSync(dirname(path)).mode & 0o777,
      version: `${file.mtimeMs}-${file.ino}-${file.size}`,
    }
  },
  read: path => readFileSync(path, 'utf8'),
  makeFolder: path => {
    if (mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined) chmodSync(path, 0o700)
  },
  create: (path, text) => {
    const draft = writeDraft(path, text)
    try {
      linkSync(draft, path)
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false
      throw error
    } finally {
      unlinkSync(draft)
    }
    syncFolder(path)
    return true
  },
  replace: (path, text) => {
    renameSync(writeDraft(path, text), path)
    syncFolder(path)
  },
  publish: (path, text) => {
    const draft = writeDraft(path, text)
    chmodSync(draft, 0o644)
    renameSync(draft, path)
    syncFolder(path)
  },
  remove: path => unlinkSync(path),
}

/** The `code` of a node error, for telling `EEXIST` from trouble. */
function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

function writeDraft(path: string, text: string): string {
  // Random, so that what a crash left behind stands in nobody's way.
  const draft = `${path}.${randomBytes(6).toString('hex')}.draft`
  const file = openSync(draft, 'wx', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  return draft
}

/** A rename or link is durable only once the folder is. */
function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
