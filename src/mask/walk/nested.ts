import { GateError } from '../../core/errors.ts'
import { readJsonText } from '../../wire/json/reader.ts'
import { isJsonMembers, JsonNumber, type JsonValue, setMember } from '../../wire/json/value.ts'
import { writeJson } from '../../wire/json/writer.ts'

/** JSON in JSON in JSON: beyond this it is only text. */
const MAX_NESTING = 4
/** Of the nested text alone. */
const LIMITS = { maxBytes: Number.POSITIVE_INFINITY, maxDepth: 64 }

/** Masks one text; the context is the name of what it is a value of. */
export type MaskPart = (text: string, context: string | undefined) => string

/**
 * Masks the texts, keys and numbers of a text that is JSON itself: names beside values tell more than the
 * text as a whole, and an escape (`\u0040`) hides nothing. As it was where nothing was masked; undefined
 * where it is no JSON object or list.
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
  const value = depth > MAX_NESTING ? undefined : readNested(text)
  if (value === undefined) return undefined
  const walk = new NestedWalk(mask, depth)
  const masked = walk.value(value, context)
  return walk.changed ? writeJson(masked) : text
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
      setMember(members, names.take(this.#plain(name, context)), this.value(item, name))
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
