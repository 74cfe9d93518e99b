/**
 * Patterns of IAM: literal characters, `*` for any run of characters and `?` for one. Inside an ARN a
 * wildcard may be bound to its segment, so there are two of each: one that takes every character and
 * one that takes every character but a colon.
 *
 * A pattern is a list of tokens: a code point (0 or more) or one of the four wildcards below.
 */
export type Pattern = readonly number[]

/** Any run of characters. */
export const STAR = -1
/** Any run of characters without a colon. */
export const SEGMENT_STAR = -2
/** One character. */
export const ONE = -3
/** One character that is no colon. */
export const SEGMENT_ONE = -4

export const COLON = 58

export function isStar(token: number): boolean {
  return token === STAR || token === SEGMENT_STAR
}

/** Whether a token that is no literal takes this character. */
export function takes(token: number, codePoint: number): boolean {
  if (token >= 0) return token === codePoint
  return codePoint !== COLON || token === STAR || token === ONE
}

/** The tokens of plain text: no wildcards. */
export function literal(text: string): Pattern {
  return Array.from(text, character => character.codePointAt(0) ?? 0)
}

/**
 * `*` and `?` as wildcards that take every character: actions, `StringLike`, and a request's resource
 * whose unknown parts are written so.
 */
export function glob(text: string): Pattern {
  return literal(text).map(token => (token === 42 ? STAR : token === 63 ? ONE : token))
}

/** How far the wildcards of an ARN pattern reach before its fifth colon. */
export type ArnReach =
  /** `Resource`: a `*` that ends its segment runs on over colons, every other stays inside. */
  | 'resource'
  /** `ArnLike`: each of the six components is compared for itself. */
  | 'component'

/**
 * Binds the wildcards of a pattern to the segments of the ARN it describes. After the fifth colon
 * every wildcard takes colons too: the last component of an ARN may hold them.
 *
 * Source: IAM User Guide, "IAM JSON policy elements: Resource" ("if the * wildcard is the last
 * character of a resource ARN segment, it can expand to match beyond the colon boundaries") and
 * "Condition operators", ARN conditions ("each of the six colon-delimited components is checked
 * separately").
 */
export function bindToArn(pattern: Pattern, reach: ArnReach): Pattern {
  let colons = 0
  return pattern.map((token, index) => {
    if (token === COLON) colons++
    if (token >= 0 || colons >= 5) return token
    if (token === ONE) return SEGMENT_ONE
    const next = pattern[index + 1]
    const endsSegment = next === undefined || next === COLON
    return reach === 'resource' && endsSegment ? STAR : SEGMENT_STAR
  })
}

/** How many literal colons a pattern holds. */
export function countColons(pattern: Pattern): number {
  return pattern.reduce((count, token) => (token === COLON ? count + 1 : count), 0)
}
