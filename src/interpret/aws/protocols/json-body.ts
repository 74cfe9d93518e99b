import type { ServiceShapes } from '../../../catalog/model.ts'
import type { Json } from '../../../core/json.ts'
import { isJsonMembers, JsonNumber, type JsonValue, setMember } from '../../../wire/json/value.ts'
import {
  decimalText,
  doubleText,
  integerText,
  readBase64,
  readDouble,
  readInteger,
  writeTimestamp,
} from './scalar.ts'
import {
  elementOf,
  type MemberIndex,
  memberIndexBy,
  membersOf,
  type ResolvedMember,
  type ResolvedShape,
} from './shapes.ts'
import { readEpoch, readTimestamp } from './timestamp.ts'
import {
  asEntries,
  asList,
  asString,
  asStructure,
  checkMembers,
  checkUnion,
  type Draft,
  duplicateParameter,
  indexPath,
  isObject,
  keyPath,
  malformedParameter,
  memberPath,
  noteSensitive,
  ownMember,
  type ReadWalk,
  unknownParameter,
} from './walk.ts'

/*
 * JSON bodies of the json and rest-json protocols by shape
 * (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html). A member that is `null` is absent.
 */

const byJsonName: (shapes: ServiceShapes, shape: ResolvedShape['shape']) => MemberIndex =
  memberIndexBy(jsonName)

function jsonName(member: ResolvedMember): string {
  return member.wireName ?? member.name
}

/** A parameter from its JSON. */
export function readJsonValue(walk: ReadWalk, resolved: ResolvedShape, value: JsonValue, path: string): Json {
  noteSensitive(walk, resolved, path)
  const { shape } = resolved
  switch (shape.type) {
    case 'structure':
      return readStructure(walk, resolved, value, path)
    case 'list':
      return readList(walk, resolved, value, path)
    case 'map':
      return readMap(walk, resolved, value, path)
    case 'document':
      return readDocument(value, path)
    case 'boolean':
      if (typeof value === 'boolean') return value
      throw malformedParameter(path, 'a boolean')
    case 'string':
    case 'character':
      if (typeof value === 'string') return value
      throw malformedParameter(path, 'a string')
    case 'blob':
      if (typeof value === 'string') return readBase64(value, path)
      throw malformedParameter(path, 'a string in base64')
    case 'timestamp':
      return readJsonTimestamp(value, path)
    default:
      return readJsonNumber(shape.type, value, path)
  }
}

/** A structure's members that travel in the body; those with a location elsewhere are unknown here. */
export function readStructure(
  walk: ReadWalk,
  resolved: ResolvedShape,
  value: JsonValue,
  path: string,
): Draft {
  if (!isJsonMembers(value)) throw malformedParameter(path, 'a structure')
  const index = byJsonName(walk.shapes, resolved.shape)
  const draft: Draft = {}
  for (const [name, item] of Object.entries(value)) {
    const member = index.get(name)
    if (member === undefined || member.ref.location !== undefined)
      throw unknownParameter(memberPath(path, name))
    if (item === null) continue
    if (Object.hasOwn(draft, member.name)) throw duplicateParameter(memberPath(path, member.name))
    draft[member.name] = readJsonValue(walk, member, item, memberPath(path, member.name))
  }
  checkUnion(resolved.shape, draft, path)
  return draft
}

function readList(walk: ReadWalk, resolved: ResolvedShape, value: JsonValue, path: string): Json {
  if (!isArray(value)) throw malformedParameter(path, 'a list')
  const element = elementOf(walk.shapes, resolved.shape.member)
  return value.map((item, i) => readJsonValue(walk, element, item, indexPath(path, i)))
}

function readMap(walk: ReadWalk, resolved: ResolvedShape, value: JsonValue, path: string): Json {
  if (!isJsonMembers(value)) throw malformedParameter(path, 'a map')
  const element = elementOf(walk.shapes, resolved.shape.value)
  const draft: Draft = {}
  for (const [key, item] of Object.entries(value)) {
    setMember(draft, key, readJsonValue(walk, element, item, keyPath(path, key)))
  }
  return draft
}

/** A document: any JSON. Without a shape, a number that a double cannot hold would change on its way. */
export function readDocument(value: JsonValue, path: string): Json {
  if (value instanceof JsonNumber) throw malformedParameter(path, 'a number that a double can hold')
  if (isArray(value)) return value.map((item, i) => readDocument(item, indexPath(path, i)))
  if (!isJsonMembers(value)) return value
  const draft: Draft = {}
  for (const [key, item] of Object.entries(value))
    setMember(draft, key, readDocument(item, keyPath(path, key)))
  return draft
}

function readJsonTimestamp(value: JsonValue, path: string): string {
  if (typeof value === 'string') return readTimestamp(value, path)
  if (value instanceof JsonNumber) return readEpoch(value.lexeme, path)
  if (typeof value === 'number') return readEpoch(String(value), path)
  throw malformedParameter(path, 'a timestamp')
}

function readJsonNumber(type: ResolvedShape['shape']['type'], value: JsonValue, path: string): Json {
  const text = value instanceof JsonNumber ? value.lexeme : String(value)
  const isNumber = typeof value === 'number' || value instanceof JsonNumber
  switch (type) {
    case 'integer':
    case 'long':
    case 'biginteger':
      if (isNumber) return readInteger(text, path)
      break
    case 'float':
    case 'double':
      if (isNumber) return value instanceof JsonNumber ? doubleOf(value) : readDouble(text, path)
      if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return value
      break
    case 'bigdecimal':
      if (isNumber) return text
      break
    default:
      break
  }
  throw malformedParameter(
    path,
    type === 'double' || type === 'float' ? 'a number' : `a number of type ${type}`,
  )
}

/** AWS reads a long lexeme into a double too; the reader of JSON has checked that one can hold it. */
function doubleOf(number: JsonNumber): number {
  return Number(number.lexeme)
}

/** A parameter as JSON: members in the order of the model, maps by key. */
export function writeJsonValue(
  shapes: ServiceShapes,
  resolved: ResolvedShape,
  value: Json,
  path: string,
): JsonValue {
  const { shape } = resolved
  switch (shape.type) {
    case 'structure':
      return writeStructure(shapes, resolved, value, path)
    case 'list': {
      const element = elementOf(shapes, shape.member)
      return asList(value, path).map((item, i) => writeJsonValue(shapes, element, item, indexPath(path, i)))
    }
    case 'map': {
      const element = elementOf(shapes, shape.value)
      const object: Record<string, JsonValue> = {}
      for (const [key, item] of asEntries(value, path)) {
        setMember(object, key, writeJsonValue(shapes, element, item, keyPath(path, key)))
      }
      return object
    }
    case 'document':
      return sortedDocument(value)
    case 'boolean':
      if (typeof value === 'boolean') return value
      throw malformedParameter(path, 'a boolean')
    case 'timestamp':
      return writeJsonTimestamp(resolved, asString(value, path), path)
    case 'string':
    case 'character':
      return asString(value, path)
    case 'blob':
      return readBase64(asString(value, path), path)
    case 'float':
    case 'double':
      return typeof value === 'number' ? new JsonNumber(doubleText(value, path)) : doubleText(value, path)
    case 'bigdecimal':
      return new JsonNumber(decimalText(value, path))
    default:
      return new JsonNumber(integerText(value, path))
  }
}

/** A structure's members that travel in the body. */
export function writeStructure(
  shapes: ServiceShapes,
  resolved: ResolvedShape,
  value: Json,
  path: string,
): Record<string, JsonValue> {
  const structure = asStructure(value, path)
  checkMembers(structure, resolved.shape, path)
  checkUnion(resolved.shape, structure, path)
  const object: Record<string, JsonValue> = {}
  for (const member of membersOf(shapes, resolved.shape)) {
    const item = ownMember(structure, member.name)
    if (item === undefined || member.ref.location !== undefined) continue
    setMember(object, jsonName(member), writeJsonValue(shapes, member, item, memberPath(path, member.name)))
  }
  return object
}

function writeJsonTimestamp(resolved: ResolvedShape, iso: string, path: string): JsonValue {
  const format = resolved.timestampFormat ?? 'unixTimestamp'
  const text = writeTimestamp(format, iso, path)
  return format === 'unixTimestamp' ? new JsonNumber(text) : text
}

/** A document with the members of its objects in one order, so that it has one text. */
export function sortedDocument(value: Json): JsonValue {
  if (isArray(value)) return value.map(item => sortedDocument(item as Json))
  if (!isObject(value)) return value
  const object: Record<string, JsonValue> = {}
  for (const [key, item] of asEntries(value, '')) setMember(object, key, sortedDocument(item))
  return object
}

function isArray(value: JsonValue | Json): value is readonly JsonValue[] {
  return Array.isArray(value)
}
