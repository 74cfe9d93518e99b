import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'

/** A file as the configuration needs it. */
export interface FoundFile {
  readonly bytes: Buffer
  /** Permission bits. */
  readonly mode: number
}

/** Files, as a parameter. */
export interface FilePort {
  /** Reads a regular file of at most `maxBytes`; throws an `Error` whose message says what is wrong. */
  read(path: string, maxBytes: number): FoundFile
}

export const systemFiles: FilePort = {
  read: (path, maxBytes) => {
    const file = openSync(path, 'r')
    try {
      // Asked of the open file, so that what was checked is what is read.
      const found = fstatSync(file)
      if (!found.isFile()) throw new Error('it is not a regular file')
      if (found.size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`)
      return { bytes: readFileSync(file), mode: found.mode & 0o777 }
    } finally {
      closeSync(file)
    }
  },
}

/** Why a file could not be read, in an operator's words. */
export function whyUnreadable(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return 'it does not exist'
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it'
  if (code === 'EISDIR') return 'it is a folder'
  return error instanceof Error ? error.message : 'it cannot be read'
}
