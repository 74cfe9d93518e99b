/** How far an anchor has been told: `anchors/NAME.json` in the archivist's folder. */
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { type JournalFiles, readFully, replaceFile } from '../../record/files.ts'

/** The last checkpoint of a lane that the anchor keeps. */
export interface LaneCursor {
  /** The journal id, hex. */
  readonly journal: string
  readonly number: number
  /** Where its line stands in the lane's checkpoint file, and the SHA-256 of the line with its end, hex. */
  readonly start: number
  readonly end: number
  readonly sha256: string
}

/** By lane. */
export type Cursors = Map<number, LaneCursor>

/** 100 lanes take less than 32 KB. */
const MAX_BYTES = 2 ** 16

export class CursorFile {
  readonly #files: JournalFiles
  readonly #folder: string
  readonly #path: string
  /** The place that was told, hashed: a URL may hold a secret. */
  readonly #place: string

  constructor(files: JournalFiles, folder: string, name: string, place: string) {
    this.#files = files
    this.#folder = join(folder, 'anchors')
    this.#path = join(this.#folder, `${name}.json`)
    this.#place = hash('sha256', place)
  }

  /** Empty where it cannot be read, or was of another place: telling something twice does no harm. */
  async read(): Promise<Cursors> {
    const file = await this.#files.open(this.#path, 'read')
    if (file === undefined) return new Map()
    try {
      const bytes = Buffer.alloc(MAX_BYTES)
      return parse(bytes.toString('utf8', 0, await readFully(file, bytes, 0)), this.#place)
    } finally {
      await file.close()
    }
  }

  /** Durable when it resolves. */
  async write(cursors: Cursors): Promise<void> {
    await this.#files.makeFolder(this.#folder)
    const text = JSON.stringify({ place: this.#place, lanes: [...cursors] })
    const file = await replaceFile(this.#files, this.#folder, this.#path, Buffer.from(`${text}\n`))
    await file.close()
  }
}

function parse(text: string, place: string): Cursors {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return new Map()
  }
  const state = value as { place?: unknown; lanes?: unknown } | null
  if (state?.place !== place || !Array.isArray(state.lanes)) return new Map()
  return new Map(state.lanes.filter(isEntry))
}

function isEntry(value: unknown): value is [number, LaneCursor] {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [lane, cursor] = value as [unknown, Partial<Record<keyof LaneCursor, unknown>> | null]
  return (
    [lane, cursor?.number, cursor?.start, cursor?.end].every(Number.isSafeInteger) &&
    typeof cursor?.journal === 'string' &&
    typeof cursor.sha256 === 'string'
  )
}
