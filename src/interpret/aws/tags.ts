import type { Json, JsonObject } from '../../core/json.ts'
import type { Answer } from './answer.ts'
import type { Parameters } from './call.ts'
import { isList, isObject, memberOf, scalarText } from './values.ts'

/** Members that hold the tags of what a call makes or tags, whatever a service's spelling. */
const TAG_MEMBERS: ReadonlySet<string> = new Set(['tags', 'taglist', 'tagset', 'tagstoadd', 'resourcetags'])
const TAG_KEY_MEMBERS: ReadonlySet<string> = new Set(['tagkeys', 'tagkeylist', 'tagstoremove'])
const KEY_NAMES: readonly string[] = ['Key', 'key', 'TagKey', 'tagKey']
const VALUE_NAMES: readonly string[] = ['Value', 'value', 'TagValue', 'tagValue']

/** `aws:RequestTag/KEY` and `aws:TagKeys` from wherever a service keeps the tags of a request. */
export function addTags(parameters: Parameters, answer: Answer): void {
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
