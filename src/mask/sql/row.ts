import type { MaskForm } from '../../core/decision.ts'
import { maskText } from '../form.ts'
import { MARKER } from '../marker.ts'

/**
 * Masks rows of PostgreSQL. A mask has to be a value of its column's type, or clients would fail to read it: texts take
 * the form of the mask, JSON a text that says so, and every other type NULL.
 */

/** OIDs of types whose values are text, in both formats alike (pg_type.dat). */
const TEXT_TYPES: ReadonlySet<number> = new Set([
  18, // "char"
  19, // name
  25, // text
  705, // unknown
  1042, // bpchar
  1043, // varchar
])
const JSON_TYPE = 114
const JSONB_TYPE = 3802
/** The binary form of jsonb begins with its version (jsonb.c). */
const JSONB_VERSION = 1

/** Nobody writes to it. */
const MASKED = Buffer.from(MARKER)

/** A column of a result, as the server describes it. */
export interface ResultColumn {
  /** OID of its type. */
  readonly type: number
  /** 0 text, 1 binary. */
  readonly format: 0 | 1
}

/** How a value is masked: gives what stands in its place, or itself where nothing of it is masked. NULL stays NULL. */
export type ValueMask = (value: Buffer) => Buffer | null

/** The mask of a column's values. */
export function valueMask({ type, format }: ResultColumn, form: MaskForm, hashKey: Buffer): ValueMask {
  if (form === 'null') return () => null
  if (TEXT_TYPES.has(type) && form === 'full') return () => MASKED
  if (TEXT_TYPES.has(type)) return value => Buffer.from(maskText(value.toString('utf8'), form, hashKey))
  if (type !== JSON_TYPE && type !== JSONB_TYPE) return () => null
  const isVersioned = type === JSONB_TYPE && format === 1
  // Parts of a JSON text mean nothing; equal ones may still be seen to be equal.
  const formOf = form === 'hash' ? 'hash' : 'full'
  return value => {
    const text = value.toString('utf8', isVersioned ? 1 : 0)
    const masked = Buffer.from(`"${formOf === 'full' ? MARKER : maskText(text, formOf, hashKey)}"`)
    return isVersioned ? Buffer.concat([Buffer.of(JSONB_VERSION), masked]) : masked
  }
}

/** Masks a row by the masks of its columns, which has one for each; absent: the value stays. */
export function maskRow(
  values: readonly (Buffer | null)[],
  masks: readonly (ValueMask | undefined)[],
): { readonly values: readonly (Buffer | null)[]; readonly count: number } {
  let count = 0
  const masked = values.map((value, i) => {
    const mask = masks[i]
    if (mask === undefined || value === null) return value
    const masked = mask(value)
    if (masked !== value) count += 1
    return masked
  })
  return { values: masked, count }
}
