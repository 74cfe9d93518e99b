/**
 * A text of any script as bytes that the detectors read, one for each UTF-16 unit: ASCII as it is, the digits
 * of other scripts, full-width characters, and the many spaces and hyphens as the ASCII that they stand for,
 * everything else as a letter that is no ASCII.
 */

const LETTER = 0xf5
const SPACE = 0x20
const HYPHEN = 0x2d

/** Writes the bytes to `at` and on. */
export function foldInto(bytes: Buffer, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    bytes[at + i] = unit < 0x80 ? unit : folded(unit)
  }
}

/** Where ten digits of a script begin, of the Basic Multilingual Plane (Unicode category Nd). */
const DIGIT_ZEROS: readonly number[] = [
  0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
  0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50,
  0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0,
]

const FOLDED = new Uint8Array(0x10000).fill(LETTER)
for (const zero of DIGIT_ZEROS) for (let digit = 0; digit < 10; digit++) FOLDED[zero + digit] = 0x30 + digit
for (let unit = 0xff01; unit <= 0xff5e; unit++) FOLDED[unit] = unit - 0xfee0
for (let unit = 0x2000; unit <= 0x200a; unit++) FOLDED[unit] = SPACE
for (const unit of [0xa0, 0x1680, 0x202f, 0x205f, 0x3000]) FOLDED[unit] = SPACE
for (let unit = 0x2010; unit <= 0x2015; unit++) FOLDED[unit] = HYPHEN
// Soft hyphens, and what takes no room at all: between digits they separate, in an address they are of it.
for (const unit of [0xad, 0x200b, 0x200c, 0x200d, 0x2060, 0x2212, 0xfe63, 0xfeff]) FOLDED[unit] = HYPHEN
FOLDED[0xfe6b] = 0x40

function folded(unit: number): number {
  return FOLDED[unit] ?? LETTER
}
