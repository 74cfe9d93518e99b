/**
 * Session tags: from the parameters of a call and from the claims of a token.
 * Source: IAM User Guide, "Pass session tags in AWS STS".
 */

import { GateError } from '../../core/errors.ts'
import type { Json, JsonObject } from '../../core/json.ts'

/** Checked tags: keys are unique without regard to case, and every transitive key is that of a tag. */
export interface SessionTags {
  readonly values: ReadonlyMap<string, string>
  readonly transitive: readonly string[]
}

const MAX_TAGS = 50
const MAX_KEY_CHARS = 128
const MAX_VALUE_CHARS = 256
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u
/** Line and paragraph separators are in `\p{Z}`, but forge lines wherever a tag is shown. */
const LINES = /[\p{Zl}\p{Zp}]/u

const CLAIM = 'https://aws.amazon.com/tags'

/** Tags from the `Tags` and `TransitiveTagKeys` parameters. Throws `sts-parameter-invalid`. */
export function readTags(tags: Json | undefined, transitive: Json | undefined): SessionTags {
  if (tags !== undefined && !Array.isArray(tags)) throw invalid('`Tags` is not a list')
  const pairs = (tags ?? []).map((tag: Json): readonly [string, string] => {
    const key = isObject(tag) ? tag['Key'] : undefined
    const value = isObject(tag) ? tag['Value'] : undefined
    if (typeof key !== 'string' || typeof value !== 'string')
      throw invalid('a session tag needs `Key` and `Value`')
    return [key, value]
  })
  return checkTags(pairs, texts(transitive, '`TransitiveTagKeys`'))
}

/**
 * Tags from the `https://aws.amazon.com/tags` claim of a verified token, in its nested and its flattened
 * form. Throws `sts-parameter-invalid`.
 */
export function readTagClaims(claims: JsonObject): SessionTags {
  const pairs: (readonly [string, string])[] = []
  const transitive: string[] = []
  const nested = claims[CLAIM]
  if (nested !== undefined) {
    if (!isObject(nested)) throw invalid(`the claim \`${CLAIM}\` is not an object`)
    const values = nested['principal_tags'] ?? {}
    if (!isObject(values)) throw invalid('`principal_tags` is not an object')
    for (const [key, value] of Object.entries(values)) pairs.push([key, oneText(value)])
    transitive.push(...texts(nested['transitive_tag_keys'], '`transitive_tag_keys`'))
  }
  const prefix = `${CLAIM}/principal_tags/`
  for (const [name, value] of Object.entries(claims)) {
    if (name.startsWith(prefix)) pairs.push([name.slice(prefix.length), oneText(value)])
  }
  transitive.push(...texts(claims[`${CLAIM}/transitive_tag_keys`], '`transitive_tag_keys`'))
  return checkTags(pairs, transitive)
}

/** The tags of a chained session: the transitive ones of the session before, and the new ones. */
export function inheritTags(
  inherited: Readonly<Record<string, string>>,
  transitive: readonly string[],
  added: SessionTags,
): SessionTags {
  const values = new Map<string, string>()
  const taken = new Set<string>()
  for (const key of transitive) {
    const value = Object.hasOwn(inherited, key) ? inherited[key] : undefined
    if (value !== undefined) values.set(key, value)
    taken.add(key.toLowerCase())
  }
  for (const [key, value] of added.values) {
    if (taken.has(key.toLowerCase())) {
      throw invalid('a session tag conflicts with a transitive tag of the calling session')
    }
    values.set(key, value)
  }
  if (values.size > MAX_TAGS) throw invalid(`a session has at most ${MAX_TAGS} tags`)
  return { values, transitive: [...transitive, ...added.transitive] }
}

function checkTags(
  pairs: readonly (readonly [string, string])[],
  transitive: readonly string[],
): SessionTags {
  if (pairs.length > MAX_TAGS) throw invalid(`a session has at most ${MAX_TAGS} tags`)
  const values = new Map<string, string>()
  const seen = new Set<string>()
  for (const [key, value] of pairs) {
    if (key === '' || !isPermitted(key, MAX_KEY_CHARS)) {
      throw invalid(`the key of a session tag must have 1 to ${MAX_KEY_CHARS} of the permitted characters`)
    }
    if (!isPermitted(value, MAX_VALUE_CHARS)) {
      throw invalid(
        `the value of the session tag \`${key}\` must have at most ${MAX_VALUE_CHARS} permitted characters`,
      )
    }
    const folded = key.toLowerCase()
    if (folded.startsWith('aws:')) throw invalid('keys of session tags that begin with `aws:` are reserved')
    if (seen.has(folded)) throw invalid(`the session tag \`${key}\` is given twice`)
    seen.add(folded)
    values.set(key, value)
  }
  if (new Set(transitive).size !== transitive.length || !transitive.every(key => values.has(key))) {
    throw invalid('every transitive tag key must be that of one session tag in the same call')
  }
  return { values, transitive }
}

function isPermitted(text: string, maxChars: number): boolean {
  return text.length <= maxChars && CHARACTERS.test(text) && !LINES.test(text)
}

/** The nested form wraps each value in a list of one. */
function oneText(value: Json): string {
  const only = Array.isArray(value) && value.length === 1 ? value[0] : value
  if (typeof only !== 'string') throw invalid('the value of a session tag in the token is not one string')
  return only
}

function texts(value: Json | undefined, what: string): readonly string[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw invalid(`${what} is not a list`)
  return value.map((each: Json) => {
    if (typeof each !== 'string') throw invalid(`${what} holds something other than strings`)
    return each
  })
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(message: string): GateError {
  return new GateError('sts-parameter-invalid', message)
}
