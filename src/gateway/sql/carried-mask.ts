import { GateError } from '../../core/errors.ts'
import { bytesCarryMask, carriesMask } from '../../mask/marker.ts'
import type { SqlText } from './ports.ts'
import type { Understood } from './understood.ts'

/** What may put a value somewhere, or code that does. */
const WRITES: ReadonlySet<string> = new Set([
  ...['sql:Insert', 'sql:Update', 'sql:Merge', 'sql:Copy', 'sql:Create', 'sql:Alter'],
  ...['sql:Call', 'sql:Do', 'sql:Unknown'],
])

/**
 * A client that read a row with masks and writes it back would put them where the values were. In the text and its parameters a mask
 * is looked for, also in base64; the data of COPY is looked through as it passes. Throws `mask-carried-back`.
 */
export function requireNoMask({ pairs }: Pick<Understood, 'pairs'>, { sql, parameters }: SqlText): void {
  if (!pairs.some(({ action }) => WRITES.has(action))) return
  const at = parameters.findIndex(carries)
  if (at < 0 && !carriesMask(sql)) return
  const where = at < 0 ? 'the statement' : `parameter ${at + 1} of the statement`
  throw new GateError('mask-carried-back', `${where} has a mask in it that the gate made`)
}

function carries(value: SqlText['parameters'][number]): boolean {
  if (value === null) return false
  return typeof value === 'string' ? carriesMask(value) : bytesCarryMask(value)
}
