import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { GateError } from '../../core/errors.ts'
import { MAX_LINE_BYTES } from '../../record/checkpoint/checkpoint.ts'
import type { AnchorTarget } from './target.ts'

/** A file that can only be added to: a port, so that tests can cut a write short. */
export interface AppendFile {
  /** The last bytes of the file, at most so many; none if there is no such file. */
  tail(most: number): Promise<Buffer>
  /** Adds at the end. Durable when it resolves; anything from nothing to all of it may be there when it rejects. */
  append(bytes: Buffer): Promise<void>
}

/** Lines of one write: 64 KB. */
const MOST_LINES = 100
const NEWLINE = 0x0a
const { O_APPEND, O_CREAT, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants

/**
 * Anchors to a file elsewhere: another machine's disk, or one that can only be appended to (`chattr +a`). What a crash
 * left of a line is completed; what is not known to be on that disk is written again, so a line may stand there twice.
 */
export function fileTarget(path: string, file: AppendFile = appendFile(path)): AnchorTarget {
  return {
    most: MOST_LINES,
    place: `file ${path}`,
    async tell(lines) {
      try {
        const tail = await file.tail(MAX_LINE_BYTES + 1)
        await file.append(
          Buffer.from(
            continued(
              tail,
              lines.map(({ text }) => `${text}\n`),
            ),
          ),
        )
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
        throw new GateError('anchor-unavailable', `the file \`${path}\` cannot be written: \`${code}\``, {
          cause: error,
        })
      }
    },
  }
}

/**
 * What is to be added so that all lines are there: the rest of the first one, where a crash has left its beginning. The
 * beginning of another one is completed, too, and any other text gets an end; then all lines follow.
 */
function continued(tail: Buffer, lines: readonly string[]): string {
  const begun = tail.toString('latin1', tail.lastIndexOf(NEWLINE) + 1)
  const text = lines.join('')
  if (lines[0]?.startsWith(begun)) return text.slice(begun.length)
  const line = lines.find(each => each.startsWith(begun)) ?? `${begun}\n`
  return line.slice(begun.length) + text
}

/** A pipe that nobody reads would hold a thread of the process, and keep nothing. */
async function openPlain(path: string, flags: number): Promise<FileHandle> {
  const handle = await open(path, flags | O_NONBLOCK, 0o600)
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw Object.assign(new Error('it is no plain file'), { code: 'ENOTSUP' })
}

function appendFile(path: string): AppendFile {
  return {
    async tail(most) {
      const handle = await openPlain(path, O_RDONLY).catch(error => {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
        throw error
      })
      if (handle === undefined) return Buffer.alloc(0)
      try {
        const { size } = await handle.stat()
        const bytes = Buffer.alloc(Math.min(most, size))
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, size - bytes.length)
        return bytes.subarray(0, bytesRead)
      } finally {
        await handle.close()
      }
    },
    async append(bytes) {
      const handle = await openPlain(path, O_WRONLY | O_APPEND | O_CREAT)
      try {
        await handle.appendFile(bytes)
        await handle.datasync()
      } finally {
        await handle.close()
      }
      await syncFolder(dirname(path))
    },
  }
}

/** The file's name is durable, too; not every file system that one can mount can do that. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error
  } finally {
    await handle.close()
  }
}
