import type { Json, JsonObject } from '../core/json.ts'
import { readJsonText } from '../wire/json/reader.ts'
import { isJsonMembers, type JsonValue } from '../wire/json/value.ts'
import { carriesMask } from './marker.ts'

/** A JSON text that writes the marker with an escape: `\u007emask~`. */
const ESCAPED = /\\u00[2-7][0-9a-fA-F]/
/** JSON in JSON in JSON. */
const MAX_NESTING = 4

/**
 * The path of the first parameter that carries a mask: `Environment.Variables["PASSWORD"]`. Undefined where
 * none does. Looks into base64 and into JSON texts; costs one search through the texts of the parameters.
 */
export function findMask(parameters: JsonObject): string | undefined {
  return find(parameters, '')
}

function find(value: Json, path: string): string | undefined {
  if (typeof value === 'string') return textCarriesMask(value, MAX_NESTING) ? path : undefined
  if (typeof value !== 'object' || value === null) return undefined
  if (isList(value)) {
    for (const [index, item] of value.entries()) {
      const found = find(item, `${path}[${index}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  for (const [name, item] of Object.entries(value)) {
    const at = pathTo(path, name)
    if (textCarriesMask(name, 0)) return at
    const found = find(item, at)
    if (found !== undefined) return found
  }
  return undefined
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function pathTo(path: string, name: string): string {
  if (!/^[\w-]{1,128}$/.test(name)) return `${path}[${JSON.stringify(name)}]`
  return path === '' ? name : `${path}.${name}`
}

function textCarriesMask(text: string, nesting: number): boolean {
  if (carriesMask(text)) return true
  return nesting > 0 && ESCAPED.test(text) && jsonCarriesMask(text, nesting)
}

function jsonCarriesMask(text: string, nesting: number): boolean {
  let value: JsonValue
  try {
    value = readJsonText(text)
  } catch {
    // No JSON: then its escapes mean nothing.
    return false
  }
  return anyText(value, part => textCarriesMask(part, nesting - 1))
}

function anyText(value: JsonValue, test: (text: string) => boolean): boolean {
  if (typeof value === 'string') return test(value)
  if (Array.isArray(value)) return value.some((item: JsonValue) => anyText(item, test))
  if (!isJsonMembers(value)) return false
  return Object.entries(value).some(([name, item]) => test(name) || anyText(item, test))
}
