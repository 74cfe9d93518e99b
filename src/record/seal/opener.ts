import { FRAME_PREFIX_BYTES } from '../frame.ts'
import { findSealed, openSealed, type SealedIn, type SealedPlace, withoutSealed } from './event.ts'
import type { KeyFinder } from './ports.ts'

/** Opens the events of one segment. Its memory is bounded by the keys of a segment. */
export class FrameOpener {
  readonly #keys: KeyFinder | undefined
  readonly #in: SealedIn
  /** Keys by id; undefined: shredded. */
  readonly #known = new Map<string, Buffer | undefined>()

  /** Without keys, readers are given what is readable of sealed events, marked `sealed`. */
  constructor(keys: KeyFinder | undefined, sealedIn: SealedIn) {
    this.#keys = keys
    this.#in = sealedIn
  }

  /**
   * The frame with its event as it was before it was sealed, without a checksum; the frame itself where the event is
   * in the clear. At once, where the key is known. Rejects or throws `journal-corrupt` where it does not open, and
   * `master-key-unavailable`.
   */
  open(frame: Buffer): Buffer | Promise<Buffer> {
    const payload = frame.subarray(FRAME_PREFIX_BYTES)
    const place = findSealed(payload)
    if (place === undefined) return frame
    if (this.#keys === undefined) return reframed(frame, withoutSealed(payload, place, 'sealed'))
    if (this.#known.has(place.keyId)) return this.#opened(frame, payload, place)
    return this.#findAndOpen(this.#keys, frame, payload, place)
  }

  async #findAndOpen(keys: KeyFinder, frame: Buffer, payload: Buffer, place: SealedPlace): Promise<Buffer> {
    const found = await keys.find(place.keyId)
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.set(place.keyId, found?.key)
    return this.#opened(frame, payload, place)
  }

  #opened(frame: Buffer, payload: Buffer, place: SealedPlace): Buffer {
    const key = this.#known.get(place.keyId)
    const opened =
      key === undefined
        ? withoutSealed(payload, place, 'shredded')
        : openSealed(payload, place, key, this.#in)
    return reframed(frame, opened)
  }
}

/** Keys that an opener has in mind. */
const MAX_KNOWN = 10_000

function reframed(frame: Buffer, payload: Buffer): Buffer {
  return Buffer.concat([frame.subarray(0, FRAME_PREFIX_BYTES), payload])
}
