import { JsonNumber, type JsonValue } from './value.ts'

/**
 * The compact JSON text of a value: members in the order that they have, numbers beyond a double as
 * their own digits. `readJson` gives the same value back.
 */
export function writeJson(value: JsonValue): string {
  if (value instanceof JsonNumber) return value.lexeme
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(writeJson).join(',')}]`
  let text = '{'
  for (const [name, member] of Object.entries(value)) {
    if (text.length > 1) text += ','
    text += `${JSON.stringify(name)}:${writeJson(member)}`
  }
  return `${text}}`
}
