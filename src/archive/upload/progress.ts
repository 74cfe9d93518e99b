/** The upload in parts that is under way: `uploading.json` in the archivist's folder. One at a time. */
import { join } from 'node:path'
import { type JournalFiles, readFully, replaceFile } from '../../record/files.ts'

/** What has to be known to go on with it after a crash. */
export interface Progress {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  /** Of the planned object, hex: another plan is another upload. */
  readonly sha256: string
  readonly partBytes: number
  /** ETags of the parts that were taken, by their number. */
  readonly etags: Readonly<Record<string, string>>
}

/** 10,000 parts with their ETags take less than 500 KB. */
const MAX_BYTES = 2 ** 20

export interface ProgressStore {
  /** Undefined if nothing is under way, or nothing that can be read: then the old upload is aborted. */
  read(): Promise<Progress | undefined>
  /** Durable when it resolves. */
  write(progress: Progress): Promise<void>
  remove(): Promise<void>
}

/** For what is always sent in one piece. */
export const noProgress: ProgressStore = {
  read: async () => undefined,
  write: async () => undefined,
  remove: async () => undefined,
}

export class ProgressFile implements ProgressStore {
  readonly #files: JournalFiles
  readonly #folder: string
  readonly #path: string

  constructor(files: JournalFiles, folder: string) {
    this.#files = files
    this.#folder = folder
    this.#path = join(folder, 'uploading.json')
  }

  async read(): Promise<Progress | undefined> {
    const file = await this.#files.open(this.#path, 'read')
    if (file === undefined) return undefined
    try {
      const bytes = Buffer.alloc(Math.min(await file.size(), MAX_BYTES))
      await readFully(file, bytes, 0)
      return parse(bytes.toString('utf8'))
    } finally {
      await file.close()
    }
  }

  async write(progress: Progress): Promise<void> {
    await this.#files.makeFolder(this.#folder)
    const bytes = Buffer.from(JSON.stringify(progress))
    const file = await replaceFile(this.#files, this.#folder, this.#path, bytes)
    await file.close()
  }

  async remove(): Promise<void> {
    const file = await this.#files.open(this.#path, 'read')
    if (file === undefined) return
    await file.close()
    await this.#files.remove(this.#path)
  }
}

function parse(text: string): Progress | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const it = value as Partial<Record<keyof Progress, unknown>>
  const texts = [it.bucket, it.key, it.uploadId, it.sha256].every(text => typeof text === 'string')
  const etags = typeof it.etags === 'object' && it.etags !== null ? Object.values(it.etags) : [undefined]
  return texts && Number.isSafeInteger(it.partBytes) && etags.every(etag => typeof etag === 'string')
    ? (value as Progress)
    : undefined
}
