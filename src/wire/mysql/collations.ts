/**
 * Character sets of collations, by the ids that a handshake can say (one byte). Alike in MySQL and MariaDB:
 * `SELECT id, character_set_name FROM information_schema.collations`.
 */

/** Sets in which every byte below 0x80 is that character of ASCII and no part of another: what texts of SQL are read in. */
export type ReadableCharacterSet = 'utf8mb3' | 'utf8mb4' | 'latin1' | 'ascii'

const RANGES: readonly (readonly [from: number, to: number, characterSet: ReadableCharacterSet])[] = [
  [5, 5, 'latin1'],
  [8, 8, 'latin1'],
  [11, 11, 'ascii'],
  [15, 15, 'latin1'],
  [31, 31, 'latin1'],
  [33, 33, 'utf8mb3'],
  [45, 46, 'utf8mb4'],
  [47, 49, 'latin1'],
  [65, 65, 'ascii'],
  [76, 76, 'utf8mb3'],
  [83, 83, 'utf8mb3'],
  [94, 94, 'latin1'],
  [192, 215, 'utf8mb3'],
  [223, 223, 'utf8mb3'],
  [224, 247, 'utf8mb4'],
  [255, 255, 'utf8mb4'],
]

/** The character set of a collation; undefined for all others (`gbk`, `sjis`, `utf16`, …), and for ids that are none. */
export function characterSetOf(collation: number): ReadableCharacterSet | undefined {
  return RANGES.find(([from, to]) => from <= collation && collation <= to)?.[2]
}
