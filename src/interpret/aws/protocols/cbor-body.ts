import type { ServiceShapes } from '../../../catalog/model.ts'
import type { Json } from '../../../core/json.ts'
import { CborDecimal, CborEpoch, CborFloat, type CborValue } from '../../../wire/cbor/value.ts'
import { setMember } from '../../../wire/json/value.ts'
import { decimalText, doubleText, integerText, readBase64, readInteger } from './scalar.ts'
import { elementOf, type MemberIndex, memberIndexBy, membersOf, type ResolvedShape } from './shapes.ts'
import { readEpoch, toEpoch } from './timestamp.ts'
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
  keyPath,
  malformedParameter,
  memberPath,
  noteSensitive,
  ownMember,
  type ReadWalk,
  unknownParameter,
} from './walk.ts'

/*
 * CBOR bodies of Smithy RPC v2 by shape
 * (https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html). A member that is null is absent.
 */

const byCborName: (shapes: ServiceShapes, shape: ResolvedShape['shape']) => MemberIndex = memberIndexBy(
  member => member.wireName ?? member.name,
)

/** A parameter from its CBOR. */
export function readCborValue(walk: ReadWalk, resolved: ResolvedShape, value: CborValue, path: string): Json {
  noteSensitive(walk, resolved, path)
  const { shape } = resolved
  switch (shape.type) {
    case 'structure':
      return readCborStructure(walk, resolved, value, path)
    case 'list': {
      if (!isArray(value)) throw malformedParameter(path, 'a list')
      const element = elementOf(walk.shapes, shape.member)
      return value.map((item, i) => readCborValue(walk, element, item, indexPath(path, i)))
    }
    case 'map':
      return readMap(walk, resolved, value, path)
    case 'boolean':
      if (typeof value === 'boolean') return value
      break
    case 'string':
    case 'character':
      if (typeof value === 'string') return value
      break
    case 'blob':
      if (Buffer.isBuffer(value)) return value.toString('base64')
      break
    case 'integer':
    case 'long':
    case 'biginteger':
      if (typeof value === 'bigint') return readInteger(String(value), path)
      break
    case 'float':
    case 'double':
      return readCborDouble(value, path)
    case 'bigdecimal':
      if (value instanceof CborDecimal) return `${value.mantissa}e${value.exponent}`
      break
    case 'timestamp':
      if (value instanceof CborEpoch) return readEpoch(String(value.seconds), path)
      break
    default:
      break
  }
  throw malformedParameter(path, `a ${shape.type}`)
}

export function readCborStructure(
  walk: ReadWalk,
  resolved: ResolvedShape,
  value: CborValue,
  path: string,
): Draft {
  if (!isMap(value)) throw malformedParameter(path, 'a structure')
  const index = byCborName(walk.shapes, resolved.shape)
  const draft: Draft = {}
  for (const [name, item] of value) {
    const member = index.get(name)
    if (member === undefined) throw unknownParameter(memberPath(path, name))
    if (item === null) continue
    if (Object.hasOwn(draft, member.name)) throw duplicateParameter(memberPath(path, member.name))
    draft[member.name] = readCborValue(walk, member, item, memberPath(path, member.name))
  }
  checkUnion(resolved.shape, draft, path)
  return draft
}

function readMap(walk: ReadWalk, resolved: ResolvedShape, value: CborValue, path: string): Json {
  if (!isMap(value)) throw malformedParameter(path, 'a map')
  const element = elementOf(walk.shapes, resolved.shape.value)
  const draft: Draft = {}
  for (const [key, item] of value)
    setMember(draft, key, readCborValue(walk, element, item, keyPath(path, key)))
  return draft
}

/** A double; encoders write whole ones as integers. */
function readCborDouble(value: CborValue, path: string): number | string {
  const number =
    value instanceof CborFloat ? value.value : typeof value === 'bigint' ? Number(value) : undefined
  if (number === undefined) throw malformedParameter(path, 'a number')
  if (!Number.isFinite(number)) return String(number)
  return number === 0 ? 0 : number
}

/** A parameter as CBOR: members in the order of the model, maps by key. */
export function writeCborValue(
  shapes: ServiceShapes,
  resolved: ResolvedShape,
  value: Json,
  path: string,
): CborValue {
  const { shape } = resolved
  switch (shape.type) {
    case 'structure':
      return writeCborStructure(shapes, resolved, value, path)
    case 'list': {
      const element = elementOf(shapes, shape.member)
      return asList(value, path).map((item, i) => writeCborValue(shapes, element, item, indexPath(path, i)))
    }
    case 'map': {
      const element = elementOf(shapes, shape.value)
      return new Map(
        asEntries(value, path).map(([key, item]) => [
          key,
          writeCborValue(shapes, element, item, keyPath(path, key)),
        ]),
      )
    }
    case 'boolean':
      if (typeof value === 'boolean') return value
      throw malformedParameter(path, 'a boolean')
    case 'string':
    case 'character':
      return asString(value, path)
    case 'blob':
      return Buffer.from(readBase64(asString(value, path), path), 'base64')
    case 'integer':
    case 'long':
    case 'biginteger':
      return BigInt(integerText(value, path))
    case 'float':
    case 'double':
      return new CborFloat(Number(doubleText(value, path)))
    case 'bigdecimal':
      return writeDecimal(decimalText(value, path))
    case 'timestamp':
      return writeCborTimestamp(asString(value, path), path)
    default:
      throw malformedParameter(path, `of a type that CBOR carries: ${shape.type}`)
  }
}

export function writeCborStructure(
  shapes: ServiceShapes,
  resolved: ResolvedShape,
  value: Json,
  path: string,
): ReadonlyMap<string, CborValue> {
  const structure = asStructure(value, path)
  checkMembers(structure, resolved.shape, path)
  checkUnion(resolved.shape, structure, path)
  const map = new Map<string, CborValue>()
  for (const member of membersOf(shapes, resolved.shape)) {
    const item = ownMember(structure, member.name)
    if (item === undefined) continue
    map.set(
      member.wireName ?? member.name,
      writeCborValue(shapes, member, item, memberPath(path, member.name)),
    )
  }
  return map
}

/** Whole seconds as an integer, others as a double: which must hold every digit. */
function writeCborTimestamp(iso: string, path: string): CborEpoch {
  const text = toEpoch(iso, path)
  if (!text.includes('.')) return new CborEpoch(BigInt(text))
  const seconds = Number(text)
  if (readEpoch(String(seconds), path) !== iso)
    throw malformedParameter(path, 'a timestamp that a double can hold')
  return new CborEpoch(seconds)
}

function writeDecimal(text: string): CborDecimal {
  const [digits = '', exponent = '0'] = text.toLowerCase().split('e')
  const [whole = '', fraction = ''] = digits.split('.')
  return new CborDecimal(BigInt(whole + fraction), Number(exponent) - fraction.length)
}

function isArray(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value)
}

function isMap(value: CborValue): value is ReadonlyMap<string, CborValue> {
  return value instanceof Map
}
