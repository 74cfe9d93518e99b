/**
 * CRC-64/NVME, the checksum that S3 prefers: polynomial 0xad93d23594c93659 reflected, all ones at the
 * start and the end. https://reveng.sourceforge.io/crc-catalogue/all.htm#crc.cat.crc-64-nvme
 *
 * JavaScript has no fast 64-bit integers, so each value is two 32-bit halves. Eight bytes are folded in at
 * once: table `k` holds the effect of a byte that has `k` bytes after it in the group.
 *
 * Invariant: the value does not depend on how the bytes were split over `update` calls.
 */

/** The reflected polynomial, 0x9a6c9329ac4bc9b5. */
const POLYNOMIAL_HIGH = 0x9a6c9329
const POLYNOMIAL_LOW = 0xac4bc9b5
const GROUP = 8

/** Entry `k * 256 + byte`; halves in arrays of their own. */
const HIGH = new Int32Array(GROUP * 256)
const LOW = new Int32Array(GROUP * 256)

for (let byte = 0; byte < 256; byte++) {
  let high = 0
  let low = byte
  for (let bit = 0; bit < 8; bit++) {
    const carry = low & 1
    low = (low >>> 1) | (high << 31)
    high >>>= 1
    if (carry === 1) {
      high ^= POLYNOMIAL_HIGH
      low ^= POLYNOMIAL_LOW
    }
  }
  HIGH[byte] = high
  LOW[byte] = low
}
for (let at = 256; at < GROUP * 256; at++) {
  const high = HIGH[at - 256] ?? 0
  const low = LOW[at - 256] ?? 0
  HIGH[at] = (high >>> 8) ^ (HIGH[low & 255] ?? 0)
  LOW[at] = (low >>> 8) ^ (high << 24) ^ (LOW[low & 255] ?? 0)
}

export class Crc64Nvme {
  #high = -1
  #low = -1

  update(bytes: Uint8Array): void {
    let high = this.#high
    let low = this.#low
    const grouped = bytes.length - (bytes.length % GROUP)
    let at = 0
    for (; at < grouped; at += GROUP) {
      const a = (low ^ word(bytes, at)) >>> 0
      const b = (high ^ word(bytes, at + 4)) >>> 0
      const i7 = 1792 + (a & 255)
      const i6 = 1536 + ((a >>> 8) & 255)
      const i5 = 1280 + ((a >>> 16) & 255)
      const i4 = 1024 + (a >>> 24)
      const i3 = 768 + (b & 255)
      const i2 = 512 + ((b >>> 8) & 255)
      const i1 = 256 + ((b >>> 16) & 255)
      const i0 = b >>> 24
      high = entry(HIGH, i7) ^ entry(HIGH, i6) ^ entry(HIGH, i5) ^ entry(HIGH, i4)
      high ^= entry(HIGH, i3) ^ entry(HIGH, i2) ^ entry(HIGH, i1) ^ entry(HIGH, i0)
      low = entry(LOW, i7) ^ entry(LOW, i6) ^ entry(LOW, i5) ^ entry(LOW, i4)
      low ^= entry(LOW, i3) ^ entry(LOW, i2) ^ entry(LOW, i1) ^ entry(LOW, i0)
    }
    for (; at < bytes.length; at++) {
      const index = (low ^ (bytes[at] ?? 0)) & 255
      low = (low >>> 8) ^ (high << 24) ^ entry(LOW, index)
      high = (high >>> 8) ^ entry(HIGH, index)
    }
    this.#high = high
    this.#low = low
  }

  /** The value so far, big-endian. */
  value(): Buffer {
    const bytes = Buffer.alloc(8)
    bytes.writeInt32BE(~this.#high, 0)
    bytes.writeInt32BE(~this.#low, 4)
    return bytes
  }
}

/** No index here leaves its table; `?? 0` only tells the compiler so. */
function entry(table: Int32Array, index: number): number {
  return table[index] ?? 0
}

/** Four bytes, little-endian. */
function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  )
}
