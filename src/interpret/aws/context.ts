import type { Json, JsonObject } from '../../core/json.ts'
import type { Answer } from './answer.ts'
import type { Parameters } from './call.ts'
import { isKnownKey } from './services/known-keys.ts'
import { PLAIN_KEYS } from './services/plain-keys.ts'
import { isList, isObject, memberOf, scalarText, textsAt } from './values.ts'

/** True for a condition key, in any case, that the parameters of a call can tell. */
export function canKnow(key: string): boolean {
  return key.toLowerCase().startsWith('request:') || isKnownKey(key)
}

/**
 * Condition keys that every call has: `request:PATH` for each scalar of the parameters, named as the AWS
 * API names them, with `[]` behind each list (`request:Tags[].Key`) and the key of a map as one more
 * name (`request:Environment.Variables.STAGE`); `aws:RequestTag/KEY` and `aws:TagKeys` for tags.
 * @throws GateError `too-many-values`
 */
export function addParameterKeys(parameters: Parameters, answer: Answer): void {
  addScalars(parameters, 'request:', answer)
  addTags(parameters, answer)
}

function addScalars(value: Json, path: string, answer: Answer): void {
  if (isList(value)) {
    for (const item of value) addScalars(item, `${path}[]`, answer)
    return
  }
  if (isObject(value)) {
    const prefix = path === 'request:' ? path : `${path}.`
    for (const [name, member] of Object.entries(value)) addScalars(member, `${prefix}${name}`, answer)
    return
  }
  const text = scalarText(value)
  if (text !== undefined) answer.key(path, text)
}

/** The keys of a service that stand in its parameters as they are. */
export function addPlainKeys(service: string, parameters: Parameters, answer: Answer): void {
  const keys = PLAIN_KEYS[service]
  if (keys === undefined) return
  for (const [key, path] of Object.entries(keys)) {
    const texts = textsAt(parameters, path)
    if (texts.length > 0) answer.key(key, ...texts)
  }
}

/** Members that hold the tags of what a call makes or tags, whatever a service's spelling. */
const TAG_MEMBERS: ReadonlySet<string> = new Set(['tags', 'taglist', 'tagset', 'tagstoadd', 'resourcetags'])
const TAG_KEY_MEMBERS: ReadonlySet<string> = new Set(['tagkeys', 'tagkeylist', 'tagstoremove'])
const KEY_NAMES: readonly string[] = ['Key', 'key', 'TagKey', 'tagKey']
const VALUE_NAMES: readonly string[] = ['Value', 'value', 'TagValue', 'tagValue']

function addTags(parameters: Parameters, answer: Answer): void {
  for (const [name, value] of Object.entries(parameters)) {
    const lower = name.toLowerCase()
    if (TAG_MEMBERS.has(lower)) addTagValue(value, answer)
    if (TAG_KEY_MEMBERS.has(lower) && isList(value)) {
      for (const key of value) if (typeof key === 'string') answer.key('aws:TagKeys', key)
    }
  }
  const specifications = memberOf(parameters, 'TagSpecifications') ?? memberOf(parameters, 'TagSpecification')
  if (!isList(specifications)) return
  for (const specification of specifications) {
    if (isObject(specification)) addTagValue(memberOf(specification, 'Tags') ?? null, answer)
  }
}

/** Tags as a map, as a list of keys with values, or as a list of keys alone. */
export function addTagValue(value: Json, answer: Answer): void {
  if (isObject(value)) {
    for (const [key, text] of Object.entries(value)) addTag(key, scalarText(text) ?? '', answer)
    return
  }
  if (!isList(value)) return
  for (const item of value) {
    if (typeof item === 'string') answer.key('aws:TagKeys', item)
    if (!isObject(item)) continue
    const key = firstText(item, KEY_NAMES)
    if (key !== undefined) addTag(key, firstText(item, VALUE_NAMES) ?? '', answer)
  }
}

/** One tag that the request sets. */
export function addTag(key: string, value: string, answer: Answer): void {
  answer.key(`aws:RequestTag/${key}`, value)
  answer.key('aws:TagKeys', key)
}

function firstText(object: JsonObject, names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = scalarText(memberOf(object, name))
    if (text !== undefined) return text
  }
  return undefined
}
