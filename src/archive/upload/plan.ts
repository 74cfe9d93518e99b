import { createHash, hash } from 'node:crypto'
import { GateError } from '../../core/errors.ts'
import type { SourceFile } from './source-file.ts'

const MIB = 2 ** 20
/** Up to here an object is sent in one piece; beyond it, in parts of this size or more. */
export const PART_BYTES: number = 8 * MIB
/** S3 takes no more: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MOST_PARTS = 10_000
/** No object in S3 is larger: 5 TiB. */
export const MOST_BYTES: number = 5 * 2 ** 40
const WINDOW_BYTES = MIB

/** What is to stand in the bucket: known to the byte before the first of them is sent. */
export interface Plan {
  readonly bytes: number
  /** Of the whole, hex. */
  readonly sha256: string
  readonly partBytes: number
  /** SHA-256 of each part in order, base64; one where it is sent in one piece. */
  readonly parts: readonly string[]
  /** What the store calls the object's SHA-256, base64: of the one piece, or of the digests of its parts. */
  readonly checksum: string
}

/** Bytes of each part but the last: 8 MiB, more where there would be too many. */
export function partBytesFor(bytes: number, least: number = PART_BYTES): number {
  const needed = Math.ceil(bytes / MOST_PARTS)
  return needed <= least ? least : Math.ceil(needed / MIB) * MIB
}

/**
 * Reads the first `bytes` of a file (all, where it is not said) and plans their upload, in constant memory. Throws
 * `archive-file-refused` for more than S3 takes.
 */
export async function planUpload(
  file: SourceFile,
  signal: AbortSignal,
  limits: PlanLimits = {},
): Promise<Plan> {
  const bytes = limits.bytes ?? (await file.size())
  if (bytes > MOST_BYTES) {
    throw new GateError('archive-file-refused', `a file of ${bytes} bytes is larger than any object may be`)
  }
  const partBytes = partBytesFor(bytes, limits.partBytes)
  const window = Buffer.alloc(Math.min(WINDOW_BYTES, Math.max(bytes, 1)))
  const whole = createHash('sha256')
  const digests: Buffer[] = []
  for (let start = 0; start < bytes || digests.length === 0; start += partBytes) {
    const part = createHash('sha256')
    const end = Math.min(start + partBytes, bytes)
    for (let at = start; at < end; ) {
      signal.throwIfAborted()
      const piece = window.subarray(0, Math.min(window.length, end - at))
      await readExactly(file, piece, at)
      part.update(piece)
      whole.update(piece)
      at += piece.length
    }
    digests.push(part.digest())
  }
  return {
    bytes,
    sha256: whole.digest('hex'),
    partBytes,
    parts: digests.map(digest => digest.toString('base64')),
    checksum:
      digests.length === 1
        ? Buffer.concat(digests).toString('base64')
        : hash('sha256', Buffer.concat(digests), 'base64'),
  }
}

export interface PlanLimits {
  /** How much of the file is sent, from its beginning. */
  readonly bytes?: number
  /** For tests: parts of 8 MiB are long. */
  readonly partBytes?: number
}

/** Fills `target`; the file has changed if it ends before. */
export async function readExactly(file: SourceFile, target: Buffer, position: number): Promise<void> {
  let done = 0
  while (done < target.length) {
    const count = await file.read(target.subarray(done), position + done)
    if (count === 0) throw changed()
    done += count
  }
}

/** What was read again is not what was planned. */
export function changed(): GateError {
  return new GateError(
    'archive-contradicted',
    'a file that nobody writes any more changed while it was uploaded',
  )
}
