/**
 * A number whose digits a double cannot hold: an integer beyond 2^53 or a long decimal. It keeps the
 * lexeme, so that nothing is lost between the reader and the writer.
 */
export class JsonNumber {
  /** As written, in the grammar of RFC 8259, section 6. */
  readonly lexeme: string

  constructor(lexeme: string) {
    this.lexeme = lexeme
  }
}

/** A JSON value on the wire. A `number` is always finite and prints as it was written, by value. */
export type JsonValue = null | boolean | number | string | JsonNumber | readonly JsonValue[] | JsonMembers

/** An object: each name once, `__proto__` an ordinary name. */
export interface JsonMembers {
  readonly [member: string]: JsonValue
}

export function isJsonMembers(value: JsonValue): value is JsonMembers {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber)
  )
}

/** Sets an own member whatever its name is: a plain assignment of `__proto__` would set the prototype. */
export function setMember<T>(object: Record<string, T>, name: string, value: T): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
  } else {
    object[name] = value
  }
}
