import { isUtf8 } from 'node:buffer'
import type { Formats, Value } from '../../wire/postgres/messages.ts'
import type { SqlParameter } from '../sql/ports.ts'

/** Parameters of a Bind as they are recorded and shown: text where the client says that it is, and it can be one. */
export function saidParameters(values: readonly Value[], formats: Formats): readonly SqlParameter[] {
  return values.map((value, i) => {
    const format = formats.length > 1 ? formats[i] : (formats[0] ?? 0)
    return value !== null && format === 0 && isUtf8(value) ? value.toString('utf8') : value
  })
}
