/**
 * What a value that was read back must look like: each check throws a `FormError` with the place, never with
 * the value. Kept small on purpose: the store checks its own writing, not input.
 */
export type Form = (value: unknown, at: string) => void

/** `at` is a path: `requester.arn`. */
export class FormError extends Error {
  constructor(at: string, wanted: string) {
    super(`\`${at}\` is not ${wanted}`)
    this.name = 'FormError'
  }
}

export const text: Form = (value, at) => {
  if (typeof value !== 'string') throw new FormError(at, 'a text')
}

export const flag: Form = (value, at) => {
  if (typeof value !== 'boolean') throw new FormError(at, 'true or false')
}

/** A count or a time: whole, and not below zero. */
export const whole: Form = (value, at) => {
  if (!Number.isSafeInteger(value) || Number(value) < 0) throw new FormError(at, 'a whole number')
}

export function oneOf(...allowed: readonly string[]): Form {
  return (value, at) => {
    if (typeof value !== 'string' || !allowed.includes(value)) throw new FormError(at, 'a word that is known')
  }
}

export function list(item: Form, least = 0): Form {
  return (value, at) => {
    if (!Array.isArray(value) || value.length < least) throw new FormError(at, `a list of ${least} or more`)
    for (const [index, member] of value.entries()) item(member, `${at}[${index}]`)
  }
}

/** Members that must be there, and members that may be; others are left alone, for the versions to come. */
export function object(must: Record<string, Form>, may: Record<string, Form> = {}): Form {
  return (value, at) => {
    const members = membersOf(value, at)
    for (const [name, form] of Object.entries(must)) form(members[name], `${at}.${name}`)
    for (const [name, form] of Object.entries(may)) {
      if (members[name] !== undefined) form(members[name], `${at}.${name}`)
    }
  }
}

/** An object of any members. */
export const anyObject: Form = (value, at) => void membersOf(value, at)

function membersOf(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FormError(at, 'an object')
  return value as Record<string, unknown>
}
