import { Transform, type TransformCallback } from 'node:stream'
import { GateError } from '../../core/errors.ts'
import { StreamMarkerScan } from '../marker.ts'
import { type Coding, codingOf, deflateOf, readCodings } from './encoding.ts'
import { DEFAULT_OBJECT_LIMITS, type ObjectLimits } from './limits.ts'
import { PackedScan } from './packed-scan.ts'

export interface UploadFacts {
  /** The upload's `Content-Encoding`. */
  readonly contentEncoding?: string
  readonly limits?: ObjectLimits
}

/** By which a coding is known; a mask does not fit in less. */
const MAGIC_BYTES = 4

/**
 * Passes an upload's plain bytes on, and fails before the last of them has passed if there is a mask in them:
 * what carries a mask back would overwrite what the mask stands for. S3 keeps nothing of an upload that is
 * shorter than it was announced to be.
 *
 * One layer of compression is opened. The parts of a multipart upload are looked at one by one, so that a mask
 * that is cut between two of them is not seen, and a compressed one in the first part alone.
 *
 * Invariant: a chunk passes when the next one, or the end, has been looked at. A decoder may keep what it was
 * given until then.
 */
export class UploadScan extends Transform {
  readonly #facts: UploadFacts
  readonly #scan = new StreamMarkerScan()
  /** Looks inside; undefined until the first chunk has come, null if there is nothing to open. */
  #inside: PackedScan | null | undefined
  #held: Buffer | undefined

  constructor(facts: UploadFacts = {}) {
    super()
    this.#facts = facts
  }

  override _transform(given: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let chunk = given
    if (this.#inside === undefined) {
      chunk = Buffer.concat([this.#held ?? Buffer.alloc(0), given])
      this.#held = undefined
      if (!this.#begin(chunk)) {
        this.#held = chunk
        done()
        return
      }
    }
    if (this.#scan.push(chunk)) {
      done(carriedBack())
      return
    }
    void this.#after(this.#inside?.push(chunk), done, () => {
      const passed = this.#held
      this.#held = chunk
      done(null, passed)
    })
  }

  override _flush(done: TransformCallback): void {
    void this.#after(this.#inside?.end(), done, () => done(null, this.#held))
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#inside?.destroy()
    done(error)
  }

  async #after(looked: Promise<void> | undefined, done: TransformCallback, pass: () => void): Promise<void> {
    await looked
    if (this.#inside?.found === true) done(carriedBack())
    else pass()
  }

  /** Finds out whether there is something to open; says whether these first bytes are enough for that. */
  #begin(first: Buffer): boolean {
    if (first.length < MAGIC_BYTES) return false
    const coding = packing(first, this.#facts.contentEncoding ?? '')
    this.#inside =
      coding === undefined ? null : new PackedScan(coding, this.#facts.limits ?? DEFAULT_OBJECT_LIMITS)
    return true
  }
}

/** What the upload is compressed with: what its bytes say, else its metadata. */
function packing(first: Buffer, contentEncoding: string): Coding | undefined {
  const evident = codingOf(first)
  if (evident !== undefined) return evident
  const [named] = readCodings(contentEncoding)
  return named === 'deflate' ? deflateOf(first) : named
}

function carriedBack(): GateError {
  return new GateError('mask-carried-back', 'the upload has a mask in it that the gate made')
}
