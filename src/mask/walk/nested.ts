import { isUtf8 } from 'node:buffer'
import { GateError } from '../../core/errors.ts'
import { readJsonText } from '../../wire/json/reader.ts'
import { isJsonMembers, JsonNumber, type JsonValue, setMember } from '../../wire/json/value.ts'
import { writeJson } from '../../wire/json/writer.ts'

/** JSON in JSON in JSON: beyond this it is only text. */
const MAX_NESTING = 4
/** Of the nested text alone. */
const LIMITS = { maxBytes: Number.POSITIVE_INFINITY, maxDepth: 64 }

/** What DynamoDB writes between the name of an attribute and its value. */
const ATTRIBUTE_TYPES: ReadonlySet<string> = new Set(['S', 'N', 'B', 'SS', 'NS', 'BS', 'L', 'M'])

/** What a value is called: the name that it has, but for a type of DynamoDB, which is around a named value. */
export function contextIn(name: string, outer: string | undefined): string {
  return outer !== undefined && ATTRIBUTE_TYPES.has(name) ? outer : name
}

/** Masks one text; the context is the name of what it is a value of. */
export type MaskPart = (text: string, context: string | undefined) => string

/**
 * Masks what is in a text that holds another one: JSON, whose names tell more than the text as a whole and
 * whose escapes (`\u0040`) hide nothing; JSON that is percent-encoded, as IAM sends policies; base64, as user
 * data and logs are sent. As it was where nothing was masked; undefined where it holds no other.
 */
export function maskNested(text: string, context: string | undefined, mask: MaskPart): string | undefined {
  return nested(text, context, mask, 1)
}

function nested(
  text: string,
  context: string | undefined,
  mask: MaskPart,
  depth: number,
): string | undefined {
  if (depth > MAX_NESTING) return undefined
  const encoding = ENCODINGS.find(({ starts }) => starts.test(text))
  const inner = encoding?.decode(text)
  if (encoding !== undefined && inner !== undefined) {
    const masked = nested(inner, context, mask, depth + 1) ?? mask(inner, context)
    if (masked !== inner) return encoding.encode(masked, text)
  }
  // What it seems to hold may be chance: then it is looked through as it stands.
  return nestedJson(text, context, mask, depth)
}

function nestedJson(
  text: string,
  context: string | undefined,
  mask: MaskPart,
  depth: number,
): string | undefined {
  const value = readNested(text)
  if (value === undefined) return undefined
  const walk = new NestedWalk(mask, depth)
  const masked = walk.value(value, context)
  return walk.changed ? writeJson(masked) : text
}

/** A way in which one text holds another. */
interface Encoding {
  /** Whether it could be; a cheap look. */
  readonly starts: RegExp
  /** Undefined where it is not. */
  decode(text: string): string | undefined
  /** @param before how it was encoded */
  encode(text: string, before: string): string
}

const ENCODINGS: readonly Encoding[] = [
  { starts: /^%(?:7[bB]|5[bB])/, decode: percentDecoded, encode: text => encodeURIComponent(text) },
  {
    // Long enough to hold anything that a detector finds.
    starts: /^[A-Za-z0-9+/_-]{16}[A-Za-z0-9+/_\r\n-]*(?:={1,2}[\r\n]{0,2})?$/,
    decode: base64Decoded,
    encode: (text, before) =>
      Buffer.from(text, 'utf8').toString(/[-_]/.test(before) ? 'base64url' : 'base64'),
  },
]

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

/** Only if it is text: what looks like base64 by chance seldom is. In either alphabet, with padding or without. */
function base64Decoded(text: string): string | undefined {
  const bytes = Buffer.from(text, 'base64')
  if (!isUtf8(bytes) || bytes.includes(0)) return undefined
  const plain = text
    .replaceAll(/[\r\n=]/g, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_')
  return bytes.toString('base64url') === plain ? bytes.toString('utf8') : undefined
}

function readNested(text: string): JsonValue | undefined {
  if (!/^[ \t\r\n]{0,64}[{[]/.test(text)) return undefined
  try {
    return readJsonText(text, LIMITS)
  } catch (error) {
    // It only looks like JSON: then it is a text.
    if (error instanceof GateError && error.code !== 'internal') return undefined
    throw error
  }
}

class NestedWalk {
  changed = false
  readonly #mask: MaskPart
  readonly #depth: number

  constructor(mask: MaskPart, depth: number) {
    this.#mask = mask
    this.#depth = depth
  }

  value(value: JsonValue, context: string | undefined): JsonValue {
    if (typeof value === 'string') return this.#text(value, context)
    if (typeof value === 'number') return this.#number(String(value), value, context)
    if (value instanceof JsonNumber) return this.#number(value.lexeme, value, context)
    if (isList(value)) return value.map(item => this.value(item, context))
    if (!isJsonMembers(value)) return value
    const members: Record<string, JsonValue> = {}
    const names = new FreeNames()
    for (const [name, item] of Object.entries(value)) {
      setMember(members, names.take(this.#plain(name, context)), this.value(item, contextIn(name, context)))
    }
    return members
  }

  /** A card's number may be written as one; then a text takes its place. */
  #number(lexeme: string, value: JsonValue, context: string | undefined): JsonValue {
    const masked = this.#plain(lexeme, context)
    return masked === lexeme ? value : masked
  }

  #text(text: string, context: string | undefined): string {
    const inner = nested(text, context, this.#mask, this.#depth + 1)
    if (inner === undefined) return this.#plain(text, context)
    if (inner !== text) this.changed = true
    return inner
  }

  #plain(text: string, context: string | undefined): string {
    const masked = this.#mask(text, context)
    if (masked !== text) this.changed = true
    return masked
  }
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/** Two keys may have the same mask: the second is told from the first, so that no value is lost. */
export class FreeNames {
  readonly #uses = new Map<string, number>()

  take(name: string): string {
    const uses = (this.#uses.get(name) ?? 0) + 1
    this.#uses.set(name, uses)
    return uses === 1 ? name : this.take(`${name} (${uses})`)
  }
}
