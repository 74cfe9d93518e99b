import { GateError } from '../../../core/errors.ts'
import type { Json, JsonObject } from '../../../core/json.ts'
import { splitPairs } from '../../../wire/http/target.ts'
import { isList, isObject, memberOf, scalarText } from '../values.ts'

/** Most tags that are read from one request: AWS's own limit is 50 a resource. */
const MAX_TAGS = 1_000

export type Tag = readonly [key: string, value: string]

/**
 * Tags in S3's header form, `a=1&b=2` (S3 API reference, `x-amz-tagging`).
 * @throws GateError `parameter-unclear` for a key that is there twice or a raw `+`
 */
export function readTagging(text: string): readonly Tag[] {
  if (text === '') return []
  if (text.includes('+')) throw new GateError('parameter-unclear', 'the tagging header has a raw `+` in it')
  const tags = splitPairs(text, MAX_TAGS, 'the tagging header')
  if (new Set(tags.map(([key]) => key)).size !== tags.length) {
    throw new GateError('parameter-unclear', 'the tagging header names a tag twice')
  }
  return tags
}

/** What a request says about tags. */
export interface RequestTags {
  readonly tags: readonly Tag[]
  /** Keys named without values: those of tags to be removed. */
  readonly keys: readonly string[]
}

/** Members that hold tags, by their names in lower case; AWS's services call them differently. */
const TAG_MEMBERS: ReadonlySet<string> = new Set([
  'tags',
  'taglist',
  'tagset',
  'addtags',
  'tagstoadd',
  'resourcetags',
])
const KEY_MEMBERS: ReadonlySet<string> = new Set([
  'tagkeys',
  'tagkeylist',
  'removetags',
  'tagstoremove',
  'tagstodelete',
])

/** Finds the tags of a request: lists of pairs or maps at the top, and EC2's tag specifications. */
export function findTags(parameters: JsonObject): RequestTags {
  const tags: Tag[] = []
  const keys: string[] = []
  for (const [name, value] of Object.entries(parameters)) {
    const lower = name.toLowerCase()
    if (TAG_MEMBERS.has(lower)) collectTags(value, tags, keys)
    else if (KEY_MEMBERS.has(lower)) collectKeys(value, keys)
    else if (lower === 'tagspecifications' || lower === 'tagspecification')
      collectSpecifications(value, tags, keys)
    else if (lower === 'createbucketconfiguration' || lower === 'tagging' || lower === 'clusterconfig') {
      if (isObject(value)) collectNested(value, tags, keys)
    }
  }
  return { tags, keys }
}

function collectNested(object: JsonObject, tags: Tag[], keys: string[]): void {
  for (const [name, value] of Object.entries(object)) {
    if (TAG_MEMBERS.has(name.toLowerCase())) collectTags(value, tags, keys)
  }
}

function collectSpecifications(value: Json, tags: Tag[], keys: string[]): void {
  if (!isList(value)) return
  for (const specification of value) {
    if (isObject(specification)) collectTags(memberOf(specification, 'Tags') ?? null, tags, keys)
  }
}

function collectTags(value: Json, tags: Tag[], keys: string[]): void {
  if (isList(value)) {
    for (const item of value) collectTag(item, tags, keys)
  } else if (isObject(value)) {
    const items = memberOf(value, 'Items')
    if (isList(items)) collectTags(items, tags, keys)
    else for (const [key, text] of Object.entries(value)) tags.push([key, scalarText(text) ?? ''])
  }
}

function collectTag(item: Json, tags: Tag[], keys: string[]): void {
  if (typeof item === 'string') keys.push(item)
  if (!isObject(item)) return
  const key = scalarText(first(item, ['Key', 'key', 'TagKey', 'tagKey']))
  if (key === undefined) return
  const value = scalarText(first(item, ['Value', 'value', 'TagValue', 'tagValue']))
  if (value === undefined) keys.push(key)
  else tags.push([key, value])
}

function collectKeys(value: Json, keys: string[]): void {
  if (isList(value)) for (const item of value) collectTag(item, [], keys)
  else if (isObject(value)) collectKeys(memberOf(value, 'Items') ?? null, keys)
}

function first(object: JsonObject, names: readonly string[]): Json | undefined {
  for (const name of names) {
    const value = memberOf(object, name)
    if (value !== undefined) return value
  }
  return undefined
}
