import type { TextMasker } from './passage.ts'

const KEPT = 8
const SECRET = Buffer.from('SECRET')

/**
 * A stand-in for the detectors: every `SECRET` becomes `******`. Holds the last bytes back, as those do, since
 * the rest of a match may still come.
 */
export class StarMasker implements TextMasker {
  #kept: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): Buffer {
    const bytes = starred(Buffer.concat([this.#kept, chunk]))
    const end = Math.max(0, bytes.length - KEPT)
    this.#kept = bytes.subarray(end)
    return bytes.subarray(0, end)
  }

  end(): Buffer {
    const rest = this.#kept
    this.#kept = Buffer.alloc(0)
    return rest
  }
}

/** What the stand-in makes of bytes as a whole. */
export function starred(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  for (let at = copy.indexOf(SECRET); at >= 0; at = copy.indexOf(SECRET, at))
    copy.fill('*', at, at + SECRET.length)
  return copy
}
