import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Attribute {
  readonly requirement: 'required' | 'recommended' | 'optional'
  /** A type, or `object:NAME`. */
  readonly type: string
  readonly array?: boolean
  readonly deprecated?: boolean
  /** Value to caption. */
  readonly enum?: Readonly<Record<string, string>>
  /** The attribute that holds the caption. */
  readonly sibling?: string
}

interface Structure {
  readonly constraints?: { readonly at_least_one?: readonly string[]; readonly just_one?: readonly string[] }
  readonly attributes: Readonly<Record<string, Attribute>>
}

interface Schema {
  readonly classes: Readonly<Record<string, Structure & { readonly uid: number }>>
  readonly objects: Readonly<Record<string, Structure>>
  readonly types: Readonly<Record<string, ScalarType>>
}

interface ScalarType {
  readonly type?: string
  readonly regex?: string
  readonly max_len?: number
  readonly range?: readonly [number, number]
}

const FILE = join(import.meta.dirname, '..', '..', '..', 'vectors', 'export', 'ocsf-1.6.0.json')
const schema = JSON.parse(readFileSync(FILE, 'utf8')) as Schema

/** What is wrong with an event by the published schema; empty where nothing is. */
export function ocsfProblems(event: unknown): string[] {
  if (!isObject(event)) return ['not an object']
  const found = Object.values(schema.classes).find(({ uid }) => uid === event['class_uid'])
  if (found === undefined) return [`no class has the uid ${event['class_uid']}`]
  const typeUid = Number(event['class_uid']) * 100 + Number(event['activity_id'])
  const wrongType = event['type_uid'] === typeUid ? [] : [`type_uid is not ${typeUid}`]
  return [...wrongType, ...structure(event, found, '')]
}

function structure(value: Readonly<Record<string, unknown>>, spec: Structure, path: string): string[] {
  const problems: string[] = []
  for (const [name, { requirement }] of Object.entries(spec.attributes)) {
    // Of the profiles, `cloud` applies to every event and `security_control` requires nothing.
    if (requirement === 'required' && value[name] === undefined) problems.push(`${path}${name} is missing`)
  }
  const anyOf = spec.constraints?.at_least_one
  if (anyOf !== undefined && !anyOf.some(name => value[name] !== undefined)) {
    problems.push(`${path} has none of ${anyOf.join(', ')}`)
  }
  for (const [name, inner] of Object.entries(value)) {
    const attribute = Object.hasOwn(spec.attributes, name) ? spec.attributes[name] : undefined
    if (attribute === undefined) problems.push(`${path}${name} is not in the schema`)
    else
      problems.push(
        ...attributeProblems(inner, attribute, `${path}${name}`),
        ...sibling(value, name, attribute),
      )
    if (attribute?.deprecated === true) problems.push(`${path}${name} is deprecated`)
  }
  return problems
}

/** The caption beside a number must be the schema's, but for 99 (`Other`), where the word is the source's own. */
function sibling(value: Readonly<Record<string, unknown>>, name: string, attribute: Attribute): string[] {
  const { sibling: beside, enum: captions } = attribute
  if (beside === undefined || captions === undefined) return []
  const caption = value[beside]
  if (value[name] === 99) return typeof caption === 'string' ? [] : [`${beside} must say which other`]
  const expected = captions[String(value[name])]
  return caption === undefined || caption === expected ? [] : [`${beside} is not \`${expected}\``]
}

function attributeProblems(value: unknown, attribute: Attribute, path: string): string[] {
  if (attribute.array === true) {
    if (!Array.isArray(value)) return [`${path} is no array`]
    return value.flatMap((one, i) => single(one, attribute, `${path}[${i}]`))
  }
  return single(value, attribute, path)
}

function single(value: unknown, attribute: Attribute, path: string): string[] {
  if (attribute.enum !== undefined && !Object.hasOwn(attribute.enum, String(value))) {
    return [`${path} has no value \`${String(value)}\``]
  }
  if (!attribute.type.startsWith('object:')) return scalar(value, attribute.type, path)
  if (!isObject(value)) return [`${path} is no object`]
  const name = attribute.type.slice('object:'.length)
  if (name === 'object') return []
  const spec = schema.objects[name]
  return spec === undefined
    ? [`${path} is an object that this part of the schema lacks`]
    : structure(value, spec, `${path}.`)
}

function scalar(value: unknown, name: string, path: string): string[] {
  const type = schema.types[name]
  if (type === undefined) return [`${path} has a type that this part of the schema lacks`]
  if (name === 'json_t') return []
  const base = type.type ?? name
  if (base === 'boolean_t') return typeof value === 'boolean' ? [] : [`${path} is no boolean`]
  if (base === 'string_t') return text(value, type, path)
  if (!Number.isSafeInteger(value)) return [`${path} is no integer`]
  const [least, most] = type.range ?? [-Infinity, Infinity]
  return Number(value) < least || Number(value) > most ? [`${path} is out of range`] : []
}

function text(value: unknown, type: ScalarType, path: string): string[] {
  if (typeof value !== 'string') return [`${path} is no string`]
  if (type.max_len !== undefined && value.length > type.max_len) return [`${path} is too long`]
  if (type.regex !== undefined && !new RegExp(type.regex).test(value)) return [`${path} has the wrong form`]
  return []
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
