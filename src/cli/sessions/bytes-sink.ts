import { GateError } from '../../core/errors.ts'
import { type JournalFiles, writeFully } from '../../record/files.ts'
import type { Terminal } from './terminal.ts'

/** Where bytes go as they are. */
export interface BytesSink {
  write(bytes: Buffer): Promise<void>
  /** What was written is in place. */
  finish(): Promise<void>
  /** Nothing of it is left, as far as it can be taken back. */
  abandon(): Promise<void>
}

export function pipeBytes({ bytes }: Terminal): BytesSink {
  const done = async (): Promise<void> => undefined
  return { write: bytes, finish: done, abandon: done }
}

/** A file for its owner alone, which takes the place of another of its name when it is whole. */
export async function fileBytes(files: JournalFiles, path: string): Promise<BytesSink> {
  const draft = `${path}.part`
  const file = await unlessUnwritable(path, () => files.create(draft))
  let position = 0
  return {
    async write(bytes) {
      await unlessUnwritable(path, () => writeFully(file, bytes, position))
      position += bytes.length
    },
    async finish() {
      await unlessUnwritable(path, async () => {
        await file.sync()
        await file.close()
        await files.rename(draft, path)
      })
    },
    async abandon() {
      await file.close()
      // What failed is what is said: a draft that is left says by its name what it is.
      await files.remove(draft).catch(() => undefined)
    },
  }
}

async function unlessUnwritable<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? ` (\`${String(cause.code)}\`)` : ''
    throw new GateError('export-unwritable', `cannot write \`${path}\`${why}`, { cause })
  }
}
