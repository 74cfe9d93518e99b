import { pipeline, type Readable, type Transform } from 'node:stream'
import { GateError } from '../../core/errors.ts'
import { type Coding, type Decoder, newDecoder, newEncoder } from './encoding.ts'
import { type ObjectLimits, RATIO_GRACE_BYTES } from './limits.ts'
import { type Passage, PlainPassage } from './passage.ts'
import { type Head, PassedBody } from './passed-body.ts'

/** Counts what goes into a decoder. */
class CountPassage extends PlainPassage {
  bytes = 0
  ended = false

  override push(chunk: Buffer): Buffer {
    this.bytes += chunk.length
    return chunk
  }

  override end(): Buffer {
    this.ended = true
    return super.end()
  }
}

/** What comes out of a decoder, within limits; and all that went in must have been used. */
class OpenedPassage extends PlainPassage implements Passage {
  readonly #coding: Coding
  readonly #limits: ObjectLimits
  readonly #packed: CountPassage
  readonly #decoder: Decoder
  #opened = 0

  constructor(coding: Coding, limits: ObjectLimits, packed: CountPassage, decoder: Decoder) {
    super()
    this.#coding = coding
    this.#limits = limits
    this.#packed = packed
    this.#decoder = decoder
  }

  override push(chunk: Buffer): Buffer {
    this.#opened += chunk.length
    const { inflatedBytes, inflationRatio } = this.#limits
    if (this.#opened > inflatedBytes) throw tooLarge(`to more than ${inflatedBytes} bytes`)
    if (this.#opened > RATIO_GRACE_BYTES && this.#opened > this.#packed.bytes * inflationRatio) {
      throw tooLarge(`to more than ${inflationRatio} times its size`)
    }
    return chunk
  }

  override end(): Buffer {
    if (!this.#packed.ended || this.#decoder.bytesWritten !== this.#packed.bytes) {
      throw new GateError('object-unmaskable', 'the object has data after its compressed data')
    }
    return super.end()
  }

  explain(error: unknown): unknown {
    // The errors of zlib have a number; all others come from before it.
    if (!(error instanceof Error) || !('errno' in error)) return error
    return new GateError(
      'object-unmaskable',
      `the object has damaged ${this.#coding} data: the rest was withheld`,
      { cause: error },
    )
  }
}

/**
 * What a compressed object holds, opened as it is read. Breaks off with `object-unmaskable` where the data is
 * damaged, cut, or followed by anything else, and with `object-inflated-limit`.
 */
export function openBody(source: Readable, coding: Coding, limits: ObjectLimits, head?: Head): PassedBody {
  const packed = new CountPassage()
  const decoder = newDecoder(coding)
  join(new PassedBody(source, packed, head), decoder)
  return new PassedBody(decoder, new OpenedPassage(coding, limits, packed, decoder))
}

/** The same in the coding again. */
export function closeBody(plain: Readable, coding: Coding): PassedBody {
  const encoder = newEncoder(coding)
  join(plain, encoder)
  return new PassedBody(encoder, new PlainPassage())
}

/** Errors and early ends go both ways; whoever reads the last stage is told. */
function join(source: Readable, stage: Transform): void {
  pipeline(source, stage, () => undefined)
}

function tooLarge(how: string): GateError {
  return new GateError('object-inflated-limit', `the object unpacks ${how}: the rest was withheld`)
}
