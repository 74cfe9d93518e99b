import { GateError } from '../../core/errors.ts'
import { type JournalFile, type JournalFiles, writeFully } from '../../record/files.ts'

/** Where an export goes: in pieces of some size, however small what is written. */
export interface ExportSink {
  write(text: string): Promise<void>
  /** What was written is in place. */
  finish(): Promise<void>
  /** Nothing more will come. */
  abandon(): Promise<void>
  /** Where what was written before it was abandoned is left. */
  readonly partly?: string
}

const PIECE_CHARACTERS = 64 * 1024

/** Gathers small texts into pieces. */
class Pieces {
  #gathered = ''
  readonly #put: (piece: string) => Promise<void>

  constructor(put: (piece: string) => Promise<void>) {
    this.#put = put
  }

  async write(text: string): Promise<void> {
    this.#gathered += text
    if (this.#gathered.length >= PIECE_CHARACTERS) await this.flush()
  }

  async flush(): Promise<void> {
    const piece = this.#gathered
    this.#gathered = ''
    if (piece !== '') await this.#put(piece)
  }
}

export function streamSink(out: (text: string) => Promise<void>): ExportSink {
  const pieces = new Pieces(out)
  const flush = (): Promise<void> => pieces.flush()
  return { write: text => pieces.write(text), finish: flush, abandon: flush }
}

/** A file for its owner alone, which takes the place of another of its name when it is whole. */
export async function fileSink(files: JournalFiles, path: string): Promise<ExportSink> {
  const draft = `${path}.part`
  const file = await unlessUnwritable(draft, () => files.create(draft))
  let position = 0
  const pieces = new Pieces(async piece => {
    const bytes = Buffer.from(piece)
    await unlessUnwritable(draft, () => writeFully(file, bytes, position))
    position += bytes.length
  })
  return {
    partly: draft,
    write: text => pieces.write(text),
    async finish() {
      await pieces.flush()
      await unlessUnwritable(path, () => intoPlace(files, file, draft, path))
    },
    async abandon() {
      try {
        await pieces.flush()
      } finally {
        await file.close()
      }
    },
  }
}

async function intoPlace(files: JournalFiles, file: JournalFile, draft: string, path: string): Promise<void> {
  await file.sync()
  await file.close()
  await files.rename(draft, path)
}

async function unlessUnwritable<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? ` (\`${String(cause.code)}\`)` : ''
    throw new GateError('export-unwritable', `cannot write \`${path}\`${why}`, { cause })
  }
}
