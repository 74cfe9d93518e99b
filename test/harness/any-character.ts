import fc from 'fast-check'

const LAST = 0x10_ffff
const SURROGATES = { first: 0xd800, count: 0x800 }

/**
 * Any character of Unicode, as a unit of `fc.string`. As its own unit `binary`, but for the second of a processor
 * and the hundred megabytes that that takes for a table of them all.
 */
export const ANY_CHARACTER: fc.Arbitrary<string> = fc
  .nat(LAST - SURROGATES.count)
  .map(place => String.fromCodePoint(place < SURROGATES.first ? place : place + SURROGATES.count))
