import type { Output } from '../../interpret/sql/model.ts'
import type { ColumnRule } from '../../mask/sql/columns.ts'
import { type ValueMask, valueMask } from '../../mask/sql/row.ts'
import type { Column } from '../../wire/postgres/messages.ts'
import { columnForms } from '../sql/masks.ts'

/** The masks of a result's columns; undefined where none is masked. */
export function columnMasks(
  columns: readonly Column[],
  output: Output | undefined,
  rules: readonly ColumnRule[],
  hashKey: Buffer,
): readonly (ValueMask | undefined)[] | undefined {
  return columnForms(columns.length, output, rules)?.map((form, i) => {
    const column = columns[i]
    return form && column && valueMask(column, form, hashKey)
  })
}
