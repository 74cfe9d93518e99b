import { isJsonMembers, JsonNumber, type JsonValue, setMember } from '../../wire/json/value.ts'
import { writeJson } from '../../wire/json/writer.ts'
import type { TreeFormat } from './tree.ts'

/** Bodies of the json and rest-json protocols; blobs are base64 there. */
export const JSON_TREE: TreeFormat<JsonValue> = {
  members: value => (isJsonMembers(value) ? Object.entries(value) : undefined),
  list: value => (isList(value) ? value : undefined),
  text: value => (typeof value === 'string' ? value : undefined),
  blob: value => (typeof value === 'string' ? fromBase64(value) : undefined),
  number: value => {
    if (typeof value === 'number') return String(value)
    return value instanceof JsonNumber ? value.lexeme : undefined
  },
  isNull: value => value === null,
  ofMembers: entries => {
    const members: Record<string, JsonValue> = {}
    for (const [name, value] of entries) setMember(members, name, value)
    return members
  },
  ofList: items => items,
  ofText: text => text,
  ofBlob: bytes => bytes.toString('base64'),
}

/**
 * The format for one body: what has no number beyond a double, as nearly every body, is written by the writer
 * of the platform, which is several times as fast.
 */
export function jsonTree(): TreeFormat<JsonValue> & { write(value: JsonValue): string } {
  let hasLongNumbers = false
  return {
    ...JSON_TREE,
    // Every value is asked whether it is null.
    isNull: value => {
      if (value instanceof JsonNumber) hasLongNumbers = true
      return value === null
    },
    write: value => (hasLongNumbers ? writeJson(value) : JSON.stringify(value)),
  }
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/** Undefined where it is none in its one form: then it is masked as the text that it is. */
function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}
