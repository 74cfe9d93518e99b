import type { Json, JsonObject } from '../../core/json.ts'

/**
 * Values at a path of parameters: `Name`, `Filters[].Values[]`, `Attributes{}` (the values of a map).
 * A path says `[]` and `{}` where a list and a map stand, so what it finds is never guessed.
 */
export function valuesAt(parameters: JsonObject, path: string): readonly Json[] {
  let values: readonly Json[] = [parameters]
  for (const step of stepsOf(path)) {
    values = values.flatMap(value => take(value, step))
    if (values.length === 0) return values
  }
  return values
}

/** The scalars at a path as text, `true` and `4` included. */
export function textsAt(parameters: JsonObject, path: string): readonly string[] {
  const texts: string[] = []
  for (const value of valuesAt(parameters, path)) {
    const text = scalarText(value)
    if (text !== undefined) texts.push(text)
  }
  return texts
}

/** The first scalar at a path; undefined where there is none. */
export function textAt(parameters: JsonObject, path: string): string | undefined {
  return textsAt(parameters, path)[0]
}

/** A scalar as conditions see it; undefined for null, lists and objects. */
export function scalarText(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** The objects at a path. */
export function objectsAt(parameters: JsonObject, path: string): readonly JsonObject[] {
  return valuesAt(parameters, path).filter(isObject)
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value)
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

/** A member of an object, never one that it inherits. */
export function memberOf(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'list' }
  | { readonly kind: 'map' }

const compiled = new Map<string, readonly Step[]>()

/** Paths come from the catalog and from rules, so their number is bounded. */
function stepsOf(path: string): readonly Step[] {
  const known = compiled.get(path)
  if (known !== undefined) return known
  const steps: Step[] = []
  for (const part of path.split('.')) {
    const end = part.search(/[[{]/)
    const name = end === -1 ? part : part.slice(0, end)
    if (name !== '') steps.push({ kind: 'member', name })
    const marks = end === -1 ? '' : part.slice(end)
    for (let at = 0; at < marks.length; at += 2) steps.push({ kind: marks[at] === '[' ? 'list' : 'map' })
  }
  compiled.set(path, steps)
  return steps
}

function take(value: Json, step: Step): readonly Json[] {
  if (step.kind === 'list') return isList(value) ? value : []
  if (!isObject(value)) return []
  if (step.kind === 'map') return Object.values(value)
  const member = memberOf(value, step.name)
  return member === undefined ? [] : [member]
}
