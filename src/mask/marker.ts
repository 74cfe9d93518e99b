/**
 * What makes a mask recognisable. Everything that the gate masks begins with the marker, so that a person sees
 * what was done, and so that a request which carries one back (a read-modify-write) is refused before a secret
 * is overwritten with its mask.
 *
 * It is looked for in the plain and in base64, because blobs travel in base64 in the parameters of AWS. Not
 * seen: a mask inside of something compressed, encrypted, in hex or in UTF-16.
 */

/** Six bytes of ASCII that have no meaning in JSON, XML, CSV or URLs, and that hardly any text has by chance. */
export const MARKER = '~mask~'

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The marker in base64 behind 0, 1 or 2 bytes of a group of three. */
interface Alignment {
  /** The characters that the marker alone decides. Seven of each: 42 of the 48 bits. */
  readonly core: string
  /** The characters that may stand before and behind the core; empty where anything may. */
  readonly before: string
  readonly behind: string
}

const ALIGNMENTS: readonly Alignment[] = [0, 1, 2].map(alignment).flatMap(plain => {
  const url = plain.core.replaceAll('+', '-').replaceAll('/', '_')
  return url === plain.core ? [plain] : [plain, { ...plain, core: url }]
})

function alignment(skipped: number): Alignment {
  const bits = [...Buffer.from(MARKER, 'latin1')].map(byte => byte.toString(2).padStart(8, '0')).join('')
  const first = (6 - ((skipped * 8) % 6)) % 6
  const core = [0, 1, 2, 3, 4, 5, 6]
    .map(i => character(bits.slice(first + 6 * i, first + 6 * i + 6)))
    .join('')
  const rest = bits.slice(first + 42)
  return { core, before: first === 0 ? '' : ending(bits.slice(0, first)), behind: beginning(rest) }
}

function character(bits: string): string {
  return BASE64.charAt(Number.parseInt(bits, 2))
}

function ending(bits: string): string {
  const value = Number.parseInt(bits, 2)
  return withUrlForm([...BASE64].filter((_, code) => code % 2 ** bits.length === value))
}

function beginning(bits: string): string {
  const value = Number.parseInt(bits, 2)
  return withUrlForm([...BASE64].filter((_, code) => code >> (6 - bits.length) === value))
}

/** Base64url writes `-` and `_` where base64 has `+` and `/`. */
function withUrlForm(characters: readonly string[]): string {
  const set = characters.join('')
  return `${set}${set.includes('+') ? '-' : ''}${set.includes('/') ? '_' : ''}`
}

/** Whether the text has a mask in it, in the plain or in base64 (also base64 that is broken into lines). */
export function carriesMask(text: string): boolean {
  if (text.includes(MARKER) || hasEncoded(text)) return true
  return /[\r\n]/.test(text) && hasEncoded(text.replace(/[\r\n]+[ \t]*/g, ''))
}

function hasEncoded(text: string): boolean {
  return ALIGNMENTS.some(({ core, before, behind }) => {
    for (let at = text.indexOf(core); at >= 0; at = text.indexOf(core, at + 1)) {
      if (stands(before, text.charAt(at - 1)) && stands(behind, text.charAt(at + core.length))) return true
    }
    return false
  })
}

function stands(allowed: string, character: string): boolean {
  return allowed === '' || (character !== '' && allowed.includes(character))
}

/** Whether the bytes have a mask in them, in the plain or in base64 that is not broken into lines. */
export function bytesCarryMask(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.indexOf(MARKER, 0, 'latin1') >= 0) return true
  return ALIGNMENTS.some(({ core, before, behind }) => {
    for (let at = buffer.indexOf(core, 0, 'latin1'); at >= 0; at = buffer.indexOf(core, at + 1, 'latin1')) {
      const ahead = at === 0 ? '' : String.fromCharCode(buffer[at - 1] ?? 0)
      const next = at + core.length
      const after = next >= buffer.length ? '' : String.fromCharCode(buffer[next] ?? 0)
      if (stands(before, ahead) && stands(behind, after)) return true
    }
    return false
  })
}

/** One byte less than the longest form of the marker: eight characters of core and one on each side. */
const OVERLAP_BYTES = 9

/** Looks for a mask in bytes that come in pieces; a few bytes of memory. */
export class StreamMarkerScan {
  #tail: Buffer = Buffer.alloc(0)
  #found = false

  /** Whether any piece so far, or two of them together, had a mask. */
  get found(): boolean {
    return this.#found
  }

  /** Takes the next piece; says whether a mask was found in this one or before. */
  push(chunk: Uint8Array): boolean {
    if (this.#found || chunk.length === 0) return this.#found
    const seam = Buffer.concat([this.#tail, chunk.subarray(0, OVERLAP_BYTES)])
    this.#found = bytesCarryMask(seam) || bytesCarryMask(chunk)
    const end = chunk.length >= OVERLAP_BYTES ? chunk : seam
    this.#tail = Buffer.from(end.subarray(Math.max(0, end.length - OVERLAP_BYTES)))
    return this.#found
  }
}
