import { GateError } from '../../core/errors.ts'
import type { RangeCutter } from './range.ts'
import { TextGuard } from './text-guard.ts'

/** Something that bytes go through, piece by piece. Throws where they may not; then nothing more passes. */
export interface Passage {
  push(chunk: Buffer): Buffer
  /** What is left when the last piece has come. */
  end(): Buffer
  /** It wants no more bytes: what passed is all that is to pass. */
  readonly complete: boolean
  /** What an error of the source means; absent: what it says. */
  explain?(error: unknown): unknown
}

/** Masks a stream of UTF-8; what comes out has the length of what went in, however that is cut. */
export interface TextMasker {
  push(chunk: Buffer): Buffer
  end(): Buffer
}

const NOTHING = Buffer.alloc(0)

/** Lets everything through as it is, or a range of it. */
export class PlainPassage implements Passage {
  readonly #cutter: RangeCutter | undefined

  constructor(cutter?: RangeCutter) {
    this.#cutter = cutter
  }

  get complete(): boolean {
    return this.#cutter?.complete ?? false
  }

  push(chunk: Buffer): Buffer {
    return this.#cutter?.cut(chunk) ?? chunk
  }

  end(): Buffer {
    return NOTHING
  }
}

/**
 * The contents of an object of text on their way to the client: proven to be text, masked by each masker in
 * turn, and cut to the range. Every byte of the range passes in the place in which it is stored.
 *
 * Invariant: what came out is never longer than what went in, and as long when both have ended.
 */
export class MaskPassage implements Passage {
  readonly #guard = new TextGuard()
  readonly #maskers: readonly TextMasker[]
  readonly #cutter: RangeCutter | undefined
  /** Bytes that went in and have not come out. */
  #held = 0

  constructor(maskers: readonly TextMasker[], cutter?: RangeCutter) {
    this.#maskers = maskers
    this.#cutter = cutter
  }

  get complete(): boolean {
    return this.#cutter?.complete ?? false
  }

  /** @throws GateError `object-unmaskable` */
  push(chunk: Buffer): Buffer {
    this.#guard.check(chunk)
    this.#held += chunk.length
    let bytes = chunk
    for (const masker of this.#maskers) bytes = masker.push(bytes)
    return this.#out(bytes)
  }

  /** @throws GateError `object-unmaskable` */
  end(): Buffer {
    this.#guard.end()
    let bytes = NOTHING
    for (const masker of this.#maskers) bytes = Buffer.concat([masker.push(bytes), masker.end()])
    const last = this.#out(bytes)
    if (this.#held !== 0) throw unequal()
    return last
  }

  #out(bytes: Buffer): Buffer {
    this.#held -= bytes.length
    if (this.#held < 0) throw unequal()
    return this.#cutter?.cut(bytes) ?? bytes
  }
}

function unequal(): GateError {
  return new GateError('internal', 'a masked object has not the length of the stored one')
}
