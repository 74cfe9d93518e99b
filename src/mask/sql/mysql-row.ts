import { isUtf8 } from 'node:buffer'
import type { MaskForm } from '../../core/decision.ts'
import { maskText } from '../form.ts'
import { MARKER } from '../marker.ts'
import { detectingMask, type SecretFinder } from './detect.ts'
import type { ResultColumn, ValueMask } from './row.ts'

/**
 * Masks values of MySQL's and MariaDB's results, which have the same bytes in both protocols where they are texts. A mask
 * has to be a value of its column's type: texts take the form of the mask, JSON a text that says so, all else is NULL.
 */

/** A column of a result, as the server describes it. */
export interface MysqlColumn {
  /** https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html */
  readonly type: number
  /** Id of the collation that its values come in; 63: bytes. */
  readonly collation: number
}

/** VARCHAR, ENUM, SET, the four sizes of TEXT, VAR_STRING, STRING. */
const TEXT_TYPES: ReadonlySet<number> = new Set([0x0f, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe])
const JSON_TYPE = 0xf5
const BINARY = 63

/**
 * Collations of charsets in which ASCII is ASCII and nothing else: utf8mb4, utf8mb3, latin1, ascii, from and to. In others
 * (utf16) a mask would be no text.
 * https://dev.mysql.com/doc/refman/8.4/en/charset-charsets.html, information_schema.collations of MariaDB 11
 */
const COLLATIONS: readonly (readonly [from: number, to: number])[] = [
  ...[5, 8, 15, 31, 47, 48, 49, 94, 1032, 1071].map(one), // latin1
  ...[11, 65, 1035, 1089].map(one), // ascii
  ...[33, 76, 83, 223, 1057, 1107, 1216, 1238].map(one), // utf8mb3
  ...[45, 46, 1069, 1070, 1248, 1270].map(one), // utf8mb4
  [192, 215], // utf8mb3
  [576, 578],
  [2048, 2303],
  [224, 247], // utf8mb4
  [255, 323],
  [608, 610],
  [2304, 2559],
]

/** The mask of a column's values. */
export function mysqlValueMask({ type, collation }: MysqlColumn, form: MaskForm, hashKey: Buffer): ValueMask {
  if (form === 'null') return () => null
  if (type === JSON_TYPE) {
    // Parts of a JSON text mean nothing; equal ones may still be seen to be equal.
    return value => Buffer.from(`"${form === 'hash' ? maskText(value.toString(), 'hash', hashKey) : MARKER}"`)
  }
  if (!TEXT_TYPES.has(type) || !isAscii(collation)) return () => null
  return value => {
    // Of what is no UTF-8 nobody knows where a character begins, of which some may be kept.
    const how = form === 'partial' && !isUtf8(value) ? 'full' : form
    return Buffer.from(maskText(value.toString(how === 'hash' ? 'latin1' : 'utf8'), how, hashKey))
  }
}

/** Numbers, moments, bits and geometry: they are no texts. */
const HARMLESS: ReadonlySet<number> = new Set([
  ...[0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x08, 0x09, 0x0d, 0x10, 0xf6],
  ...[0x07, 0x0a, 0x0b, 0x0c, 0xff],
])
/** Types of PostgreSQL that are looked through in the same way. */
const LIKE_TEXT: ResultColumn = { type: 25, format: 0 }
const LIKE_JSON: ResultColumn = { type: 114, format: 0 }

/** The mask of a column's values by what is found in them; undefined where its type holds no text. */
export function mysqlDetectingMask(
  { type, collation }: MysqlColumn,
  finder: SecretFinder,
): ValueMask | undefined {
  if (HARMLESS.has(type)) return undefined
  const json = detectingMask(LIKE_JSON, finder) ?? nothing
  if (type === JSON_TYPE) return json
  if (TEXT_TYPES.has(type) && isAscii(collation)) {
    const text = detectingMask(LIKE_TEXT, finder) ?? nothing
    // MariaDB has JSON in its texts.
    return value => (value[0] === 0x7b || value[0] === 0x5b ? json(value) : text(value))
  }
  // What a part of it means is not known: with something in it that is to be masked, all of it is NULL.
  return value => {
    const found = finder.mask(value.toString('utf8')).count + finder.mask(narrow(value)).count
    return found === 0 ? value : null
  }
}

function nothing(): null {
  return null
}

/** Texts of two or four bytes a character, as far as they are ASCII. */
function narrow(value: Buffer): string {
  return value.toString('latin1').replaceAll('\0', '')
}

function one(id: number): [number, number] {
  return [id, id]
}

function isAscii(collation: number): boolean {
  return collation !== BINARY && COLLATIONS.some(([from, to]) => collation >= from && collation <= to)
}
