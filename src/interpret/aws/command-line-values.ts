import type { ServiceShapes, Shape, ShapeRef } from '../../catalog/model.ts'
import { GateError } from '../../core/errors.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { resolve } from './protocols/shapes.ts'
import { readTimestamp } from './protocols/timestamp.ts'
import { isShorthand, parseShorthand, type Shorthand } from './shorthand.ts'

/** A value as it was written: JSON, or the text of a shorthand. */
type Written = Json | Shorthand

/** What an option's words are read with. */
export interface OptionContext {
  readonly shapes: ServiceShapes
  /** `--instance-ids`, for messages. */
  readonly option: string
}

const MAX_DEPTH = 64
const SCALAR_LISTS: ReadonlySet<string> = new Set(['structure', 'map', 'list'])

/** The parameter that the words behind an option stand for, as `Parameters` hold it. */
export function optionValue(context: OptionContext, ref: ShapeRef, words: readonly string[]): Json {
  const { shape } = resolve(context.shapes, ref)
  for (const word of words) refuseFile(context, word)
  if (shape.type === 'list') return convert(context, ref, listOf(context, shape, words), 0)
  const [word, ...more] = words
  if (word === undefined || more.length > 0) throw invalid(context, 'takes one value')
  return convert(context, ref, isComplex(shape) ? complexValue(context, word) : word, 0)
}

/** Reads a member of `--cli-input-json`. */
export function jsonMember(context: OptionContext, ref: ShapeRef, value: Json): Json {
  return convert(context, ref, value, 0)
}

function listOf(context: OptionContext, shape: Shape, words: readonly string[]): readonly Written[] {
  const [first] = words
  if (words.length === 1 && first?.trimStart().startsWith('[')) {
    const value = parseJson(context, first)
    if (!isList(value)) throw invalid(context, 'takes a list')
    return value
  }
  const element = shape.member && resolve(context.shapes, shape.member).shape
  if (element === undefined || !isComplex(element)) return words
  return words.map(word => complexValue(context, word))
}

function complexValue(context: OptionContext, word: string): Written {
  const start = word.trimStart().charAt(0)
  if (start === '{' || start === '[') return parseJson(context, word)
  return isShorthand(word) ? parseShorthand(word) : word
}

export function parseJson(context: OptionContext, text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    throw new GateError('command-line-invalid', `\`${context.option}\` is not valid JSON`, { cause })
  }
}

function isComplex(shape: Shape): boolean {
  return SCALAR_LISTS.has(shape.type) || shape.type === 'document'
}

/** A command line is read without a look at the disk: what a file would say is not known here. */
function refuseFile(context: OptionContext, word: string): void {
  if (!word.startsWith('file://') && !word.startsWith('fileb://')) return
  throw invalid(context, 'names a file: write what is in it')
}

function convert(context: OptionContext, ref: ShapeRef, value: Written, depth: number): Json {
  if (depth > MAX_DEPTH) throw invalid(context, 'is nested too deep')
  const { shape } = resolve(context.shapes, ref)
  switch (shape.type) {
    case 'structure':
      return structure(context, shape, value, depth)
    case 'list': {
      const { member } = shape
      const values = isList(value) ? value : [value]
      return member === undefined ? [] : values.map(each => convert(context, member, each, depth + 1))
    }
    case 'map': {
      const element = shape.value
      if (!isMap(value) || element === undefined) throw invalid(context, 'takes keys and values')
      const entries = Object.entries(value).map(([key, each]): [string, Json] => {
        return [key, convert(context, element, each, depth + 1)]
      })
      return Object.fromEntries(entries)
    }
    case 'document':
      return value
    default:
      return scalar(context, shape, value)
  }
}

function structure(context: OptionContext, shape: Shape, value: Written, depth: number): JsonObject {
  const members = shape.members ?? new Map<string, ShapeRef>()
  const [only, ...others] = members
  // The CLI lets a structure of one member be given as the member's value alone.
  if (!isMap(value) && only !== undefined && others.length === 0) {
    return { [only[0]]: convert(context, only[1], value, depth + 1) }
  }
  if (!isMap(value)) throw invalid(context, 'takes a structure: `Member=value,…` or JSON')
  const entries = Object.entries(value).map(([name, each]): [string, Json] => {
    const ref = members.get(name)
    if (ref === undefined) throw invalid(context, `has no member \`${name.slice(0, 64)}\``)
    return [name, convert(context, ref, each, depth + 1)]
  })
  return Object.fromEntries(entries)
}

function scalar(context: OptionContext, shape: Shape, value: Written): Json {
  if (typeof value === 'object')
    throw invalid(context, `takes a ${shape.type} where a list or structure stands`)
  const text = String(value)
  switch (shape.type) {
    case 'boolean': {
      const word = text.toLowerCase()
      if (word !== 'true' && word !== 'false') throw invalid(context, 'takes `true` or `false`')
      return word === 'true'
    }
    case 'integer':
    case 'long':
    case 'biginteger': {
      if (!/^-?\d{1,40}$/.test(text)) throw invalid(context, 'takes a whole number')
      return Number.isSafeInteger(Number(text)) ? Number(text) : text
    }
    case 'float':
    case 'double':
    case 'bigdecimal': {
      if (text.trim() === '' || !Number.isFinite(Number(text))) throw invalid(context, 'takes a number')
      return Number(text)
    }
    case 'timestamp':
      return readTimestamp(text, context.option)
    case 'blob':
      if (Buffer.from(text, 'base64').toString('base64') !== text) throw invalid(context, 'takes base64')
      return text
    default:
      return text
  }
}

function invalid(context: OptionContext, what: string): GateError {
  return new GateError('command-line-invalid', `\`${context.option}\` ${what}`)
}

function isList(value: Written): value is readonly Written[] & readonly Json[] {
  return Array.isArray(value)
}

function isMap(value: Written): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
