import type { Json } from '../../core/json.ts'
import type { Answer } from './answer.ts'
import type { Parameters } from './call.ts'
import { isKnownKey } from './services/known-keys.ts'
import { PLAIN_KEYS } from './services/plain-keys.ts'
import { findTags } from './services/tags.ts'
import { isList, isObject, scalarText, textsAt } from './values.ts'

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
  const { tags, keys } = findTags(parameters)
  for (const [key, value] of tags) {
    answer.key(`aws:RequestTag/${key}`, value)
    answer.key('aws:TagKeys', key)
  }
  if (keys.length > 0) answer.key('aws:TagKeys', ...keys)
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
