import type { Clock, Random } from './clock.ts'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/**
 * An id of 26 characters in Crockford's base 32: 48 bits of time in ms, then 80 random bits. Sorts by
 * time. The form is ULID's (https://github.com/ulid/spec); ids of one millisecond are in no order.
 */
export function newId(clock: Clock, random: Random): string {
  const head = headOf(clock.now())
  let tail = ''
  for (const byte of random.bytes(16)) tail += ALPHABET.charAt(byte & 31)
  return head + tail
}

/** What sorts before every id that was made at this time or later, ms. */
export function firstIdAt(timeMs: number): string {
  return headOf(Math.max(timeMs, 0)) + '0'.repeat(16)
}

/** When an id was made, ms; undefined for what is none. */
export function timeOfId(id: string): number | undefined {
  if (id.length !== 26) return undefined
  let time = 0
  for (const character of id.slice(0, 10)) {
    const digit = ALPHABET.indexOf(character)
    if (digit === -1) return undefined
    time = time * 32 + digit
  }
  return time
}

function headOf(timeMs: number): string {
  let time = Math.floor(timeMs)
  let head = ''
  for (let i = 0; i < 10; i++) {
    head = ALPHABET.charAt(time % 32) + head
    time = Math.floor(time / 32)
  }
  return head
}
