/**
 * Reads DER, as far as certificates need it: one value in another, lengths in their shortest form.
 * https://www.itu.int/rec/T-REC-X.690 (8.1, 10.1)
 */

/** One value. */
export interface DerValue {
  /** The identifier, one byte: class, form and number. */
  readonly tag: number
  readonly body: Buffer
}

/** What is not DER; the caller says of what. */
export class DerError extends Error {}

export const TAG = {
  boolean: 0x01,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  ia5: 0x16,
  sequence: 0x30,
  set: 0x31,
} as const

/** Values side by side; a certificate has no list of so many. */
const MAX_VALUES = 1_000

/** The values that stand side by side in the bytes. Throws `DerError`. */
export function readValues(bytes: Buffer): readonly DerValue[] {
  const values: DerValue[] = []
  let at = 0
  while (at < bytes.length) {
    if (values.length === MAX_VALUES) throw new DerError('too many values')
    const tag = bytes[at] ?? 0
    if ((tag & 0x1f) === 0x1f) throw new DerError('a tag of more than one byte')
    const { length, from } = readLength(bytes, at + 1)
    if (length > bytes.length - from) throw new DerError('a value longer than what holds it')
    values.push({ tag, body: bytes.subarray(from, from + length) })
    at = from + length
  }
  return values
}

/** The one value that the bytes are, which must be of the tag; gives what stands in it. Throws `DerError`. */
export function readOnly(bytes: Buffer, tag: number): Buffer {
  const [value, ...others] = readValues(bytes)
  if (value?.tag !== tag || others.length > 0)
    throw new DerError(`something else than one value of tag ${tag}`)
  return value.body
}

/** The values in a sequence or a set. Throws `DerError`. */
export function valuesIn(value: DerValue | undefined, tag: number): readonly DerValue[] {
  if (value?.tag !== tag) throw new DerError(`no value of tag ${tag}`)
  return readValues(value.body)
}

function readLength(bytes: Buffer, at: number): { readonly length: number; readonly from: number } {
  const first = bytes[at]
  if (first === undefined) throw new DerError('no length')
  if (first < 0x80) return { length: first, from: at + 1 }
  const count = first & 0x7f
  // Without a length, or with one of 16 MB and more.
  if (count === 0 || count > 3 || at + 1 + count > bytes.length) throw new DerError('a length that is none')
  const length = bytes.readUIntBE(at + 1, count)
  if (length < 0x80 || length < 2 ** (8 * (count - 1))) throw new DerError('a length that could be shorter')
  return { length, from: at + 1 + count }
}
