import type { Formats, Value } from '../../wire/postgres/messages.ts'
import type { SqlParameter } from '../sql/ports.ts'
import { valueText } from './value-text.ts'

/**
 * Parameters of a Bind as they are recorded and shown: text where the client says that it is, and it can be one, or where
 * the binary form of its type reads as text for certain.
 * @param types OIDs that Parse has named; 0, or fewer than there are parameters, where the server was to find out
 */
export function saidParameters(
  values: readonly Value[],
  formats: Formats,
  types: readonly number[] = [],
): readonly SqlParameter[] {
  return values.map((value, i) => {
    const format = (formats.length > 1 ? formats[i] : formats[0]) ?? 0
    return valueText(value, { format, type: types[i] ?? 0 })
  })
}
