import { constants, createZstdCompress } from 'node:zlib'
import { GateError } from '../../core/errors.ts'
import { type JournalFile, writeFully } from '../files.ts'
import type { Sealing } from './ports.ts'

/** The window of a body's compression, as a power of two: what it and whoever reads it hold in memory. */
export const WINDOW_LOG = 20
/** Fast: what goes by waits for it. Higher ones take more time than the disk saves. */
const LEVEL = 1
/** Bytes of packed output that are written at once. */
const WRITE_BYTES = 64 * 1024

/** Where a body goes. */
export interface BlobTarget {
  /** Empty, under a name for the time being. */
  readonly file: JournalFile
  /** Takes room on the volume. Rejects with `body-unrecorded`. */
  take(bytes: number): Promise<void>
  /** Encrypts what was compressed. */
  readonly sealing?: Sealing | undefined
  /** Forces the file to the disk, and gives it its own name there. */
  publish(): Promise<string>
  /** Takes it away. */
  discard(): Promise<void>
}

/** Writes one body, compressed, in constant memory. One call at a time: the caller sees to it. */
export class BlobWriter {
  readonly #target: BlobTarget
  readonly #zstd = createZstdCompress({
    chunkSize: WRITE_BYTES,
    params: {
      [constants.ZSTD_c_compressionLevel]: LEVEL,
      [constants.ZSTD_c_windowLog]: WINDOW_LOG,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  })
  readonly #written: Promise<void>
  #failure: GateError | undefined
  #rejectWrite: ((error: GateError) => void) | undefined

  constructor(target: BlobTarget) {
    this.#target = target
    this.#written = this.#run().catch((error: unknown) => this.#fail(error))
  }

  /** Resolves when there is room for more. Rejects with `body-unrecorded`, from then on each time. */
  write(bytes: Buffer): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      // A stream that is destroyed forgets whom it was working for.
      this.#rejectWrite = reject
      this.#zstd.write(bytes, () => resolve())
    })
  }

  /** Resolves with the body's name when all of it is on disk under it. Rejects with `body-unrecorded`; then it is gone. */
  async finish(): Promise<string> {
    this.#zstd.end()
    await this.#written
    try {
      if (this.#failure !== undefined) throw this.#failure
      return await this.#target.publish()
    } catch (error) {
      await this.#target.discard()
      throw unrecorded(error)
    } finally {
      await this.#target.file.close()
    }
  }

  async discard(): Promise<void> {
    this.#zstd.destroy()
    await this.#written
    await this.#target.file.close()
    await this.#target.discard()
  }

  async #run(): Promise<void> {
    const { file, sealing } = this.#target
    const packed: AsyncIterable<Buffer> = this.#zstd
    let position = 0
    for await (const bytes of sealing === undefined ? packed : sealing(packed)) {
      await this.#target.take(bytes.length)
      await writeFully(file, bytes, position)
      position += bytes.length
    }
  }

  #fail(error: unknown): void {
    this.#failure = unrecorded(error)
    this.#zstd.destroy()
    this.#rejectWrite?.(this.#failure)
  }
}

/** Public prose for what became of a body: the file system's code, and no path. */
export function unrecorded(error: unknown): GateError {
  if (error instanceof GateError) return error
  const code = error instanceof Error && 'code' in error ? ` with \`${String(error.code)}\`` : ''
  return new GateError('body-unrecorded', `the body cannot be kept: a write failed${code}`, { cause: error })
}
