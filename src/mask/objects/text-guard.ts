import { isUtf8 } from 'node:buffer'
import { GateError } from '../../core/errors.ts'
import { characterBytes, cutCharacterBytes } from './kind.ts'

const NONE = Buffer.alloc(0)

/**
 * Holds a stream to what its beginning promised: UTF-8 without NUL, to its last byte. What is no text could
 * hide a copy in another form (UTF-16, deflated) that no detector reads, so the first byte that breaks the
 * promise ends the stream before it is passed on.
 *
 * Invariant: `#cut` is the beginning of one character, 0 to 3 bytes, and everything before it was good.
 */
export class TextGuard {
  #cut: Buffer = NONE
  /** Bytes seen before the current chunk. */
  #seen = 0

  /**
   * Checks the next bytes; nothing of a chunk that throws may be passed on.
   * @throws GateError `object-unmaskable`
   */
  check(chunk: Buffer): void {
    if (chunk.includes(0)) throw this.#broken('a NUL byte')
    const rest = this.#completeCut(chunk)
    const cut = cutCharacterBytes(rest)
    if (!isUtf8(rest.subarray(0, rest.length - cut))) throw this.#broken('bytes that are no UTF-8')
    if (cut > 0) this.#cut = Buffer.concat([this.#cut, rest.subarray(rest.length - cut)])
    this.#seen += chunk.length
  }

  /** @throws GateError `object-unmaskable`: the last character is cut */
  end(): void {
    if (this.#cut.length > 0) throw this.#broken('bytes that are no UTF-8')
  }

  /** The chunk without the bytes that complete the character that the last one began. */
  #completeCut(chunk: Buffer): Buffer {
    if (this.#cut.length === 0) return chunk
    const missing = characterBytes(this.#cut[0] ?? 0) - this.#cut.length
    const character = Buffer.concat([this.#cut, chunk.subarray(0, missing)])
    if (chunk.length < missing) {
      this.#cut = character
      return NONE
    }
    if (!isUtf8(character)) throw this.#broken('bytes that are no UTF-8')
    this.#cut = NONE
    return chunk.subarray(missing)
  }

  #broken(what: string): GateError {
    return new GateError(
      'object-unmaskable',
      `the object began as text and has ${what} after byte ${this.#seen}: the rest was withheld`,
    )
  }
}
