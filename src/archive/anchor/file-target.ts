import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { GateError } from '../../core/errors.ts'
import { MAX_LINE_BYTES } from '../../record/checkpoint/checkpoint.ts'
import type { CheckpointLine } from '../checkpoint-lines.ts'
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
          Buffer.from(`${endOfLine(tail, lines)}${lines.map(({ text }) => `${text}\n`).join('')}`),
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

/** What makes a whole line of the beginning of one that a crash has left; a line of its own where it is no beginning. */
function endOfLine(tail: Buffer, lines: readonly CheckpointLine[]): string {
  const begun = tail.toString('latin1', tail.lastIndexOf(NEWLINE) + 1)
  if (begun === '') return ''
  const whole = lines.find(({ text }) => text.startsWith(begun))?.text ?? begun
  return `${whole.slice(begun.length)}\n`
}

function appendFile(path: string): AppendFile {
  return {
    async tail(most) {
      const handle = await open(path, 'r').catch(error => {
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
      const handle = await open(path, 'a', 0o600)
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
