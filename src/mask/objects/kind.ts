import { isUtf8 } from 'node:buffer'

/**
 * What an object's bytes are to the mask. Its content type has no say: whoever stores or copies an object
 * chooses that freely, and the bytes are what reaches the client.
 * - `text`: can be masked: UTF-8 (or ASCII) without NUL, as far as it was looked at
 * - `other`: nothing can be detected in it
 */
export type Kind = 'text' | 'other'

/** What was found by looking at the first bytes of an object. */
export interface Look {
  readonly kind: Kind
  /** For people: `PDF`, `text`, `data with NUL bytes`. */
  readonly name: string
}

/** Formats by their first bytes. https://www.iana.org/assignments/media-types and each format's own page. */
const MAGIC: readonly (readonly [name: string, hex: string])[] = [
  ['PDF', '255044462d'],
  ['zip', '504b0304'],
  ['zip', '504b0506'],
  ['zip', '504b0708'],
  ['Parquet', '50415231'],
  ['Parquet', '50415245'],
  ['Avro', '4f626a01'],
  ['ORC', '4f5243'],
  ['gzip', '1f8b'],
  ['zstd', '28b52ffd'],
  ['bzip2', '425a68'],
  ['xz', 'fd377a585a00'],
  ['lz4', '04224d18'],
  ['7z', '377abcaf271c'],
  ['PNG', '89504e470d0a1a0a'],
  ['JPEG', 'ffd8ff'],
  ['GIF', '47494638'],
  ['UTF-16 text', 'fffe'],
  ['UTF-16 text', 'feff'],
]

/**
 * Formats that may be spelt in ASCII from end to end and still hold their text in another form (deflated and
 * written in base 85, in a PDF). All others give themselves away by bytes that no text has.
 */
const ASCII_CONTAINERS: ReadonlySet<string> = new Set(['PDF', 'zip'])

/**
 * Looks at the first bytes of what is to be masked, after everything that it was compressed with. A `text`
 * holds for these bytes alone: `TextGuard` sees to the rest.
 * @param whole there is nothing after `head`; else its last character may be cut
 */
export function lookAt(head: Buffer, whole: boolean): Look {
  const magic = magicOf(head)
  if (magic !== undefined && ASCII_CONTAINERS.has(magic)) return { kind: 'other', name: magic }
  const flaw = flawOf(head, whole)
  if (flaw === undefined) return { kind: 'text', name: 'text' }
  return { kind: 'other', name: magic ?? flaw }
}

function magicOf(head: Buffer): string | undefined {
  const start = head.subarray(0, 8).toString('hex')
  return MAGIC.find(([, hex]) => start.startsWith(hex))?.[0]
}

/** Why these bytes are no text; undefined if they may be. */
function flawOf(bytes: Buffer, whole: boolean): string | undefined {
  if (bytes.includes(0)) return 'data with NUL bytes'
  const end = whole ? bytes.length : bytes.length - cutCharacterBytes(bytes)
  return isUtf8(bytes.subarray(0, end)) ? undefined : 'data that is no UTF-8'
}

/**
 * How many bytes at the end of `bytes` begin a character of UTF-8 that is not complete: 0 to 3. Says nothing
 * about whether the character is a good one. https://www.rfc-editor.org/rfc/rfc3629#section-3
 */
export function cutCharacterBytes(bytes: Buffer): number {
  const most = Math.min(3, bytes.length)
  for (let back = 1; back <= most; back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return characterBytes(byte) > back ? back : 0
  }
  return 0
}

/** Bytes of the character that this one leads; 1 for what leads none. */
export function characterBytes(lead: number): number {
  if (lead >= 0xf0) return 4
  if (lead >= 0xe0) return 3
  return lead >= 0xc0 ? 2 : 1
}
