import { constants, type FileHandle, lstat, open, readdir, realpath } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { GateError } from '../../core/errors.ts'

/** A file that is sent: a beginning of it that never changes. */
export interface SourceFile {
  /** Bytes at `position`; fewer where the file ends. */
  read(target: Buffer, position: number): Promise<number>
  size(): Promise<number>
  close(): Promise<void>
}

/** The files that are sent: a port, so that tests have them in memory. */
export interface SourceFiles {
  /**
   * Opens a file below `root`. Undefined if there is none; `archive-file-refused` if it is no plain file or a link leads
   * to it: whoever can write into the journal's folder shall not have files read to them that they cannot read.
   */
  open(root: string, path: string): Promise<SourceFile | undefined>
  /** Names in a folder, ascending; none if there is no such folder. */
  list(path: string): Promise<readonly string[]>
}

export const sourceFiles: SourceFiles = {
  async open(root, path) {
    const handle = await openPlain(path)
    if (handle === undefined) return undefined
    try {
      await checkPlace(handle, root, path)
    } catch (error) {
      await handle.close()
      throw error
    }
    return {
      read: async (target, position) => (await handle.read(target, 0, target.length, position)).bytesRead,
      size: async () => (await handle.stat()).size,
      close: () => handle.close(),
    }
  },
  async list(path) {
    try {
      return (await readdir(path)).sort()
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return []
      throw error
    }
  },
}

/** Neither follows a link at the end of the path nor waits for the other end of a pipe. */
async function openPlain(path: string): Promise<FileHandle | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  try {
    return await open(path, O_RDONLY | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    if (['ELOOP', 'EMLINK', 'ENXIO'].includes(codeOf(error) ?? '')) throw refused(path)
    throw error
  }
}

/** What was opened is the plain file that stands there, and no link on the way led out of `root`. */
async function checkPlace(handle: FileHandle, root: string, path: string): Promise<void> {
  const opened = await handle.stat()
  const [realRoot, real] = await Promise.all([realpath(root), realpath(path)])
  const named = await lstat(real)
  const isThere = real === join(realRoot, relative(root, path))
  if (!opened.isFile() || !isThere || named.ino !== opened.ino || named.dev !== opened.dev)
    throw refused(path)
}

function refused(path: string): GateError {
  return new GateError('archive-file-refused', `\`${path}\` is a link or no plain file: it is not uploaded`)
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
