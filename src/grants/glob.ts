/**
 * Patterns of standing access: `*` for any run of characters, `?` for one. What they are held against may have
 * unknown parts itself; then the pattern must cover all that it could be.
 */

/** A part of a value that is not known: any run of characters. */
export const UNKNOWN: unique symbol = Symbol('any run of characters')
/** One character that is not known. */
export const UNKNOWN_ONE: unique symbol = Symbol('any character')

type Unit = string | typeof UNKNOWN | typeof UNKNOWN_ONE

/** A value as its characters, some of which may be unknown. */
export type Value = readonly Unit[]

/** The characters of a text that is known in full: a `*` in it is a `*`. */
export function known(text: string): Value {
  return Array.from(text)
}

/** The characters of a text in which `*` and `?` stand for what is unknown. */
export function partlyKnown(text: string): Value {
  return Array.from(text, character =>
    character === '*' ? UNKNOWN : character === '?' ? UNKNOWN_ONE : character,
  )
}

/**
 * Whether the pattern matches the value, whatever its unknown parts are. Unknown runs are taken by a `*` alone,
 * so it may say no where a yes would be right, as for `*?` and one unknown run; never the other way. At most
 * (length of pattern) x (length of value) steps: going back to the last `*` is enough, as what an earlier one
 * could take more, the last can take in its place.
 */
export function covers(pattern: string, value: Value): boolean {
  const tokens = Array.from(pattern)
  let token = 0
  let at = 0
  let afterStar = -1
  let resume = 0
  while (at < value.length) {
    if (tokens[token] === '*') {
      afterStar = ++token
      resume = at
    } else if (takes(tokens[token], value[at])) {
      token++
      at++
    } else if (afterStar >= 0) {
      token = afterStar
      at = ++resume
    } else {
      return false
    }
  }
  while (tokens[token] === '*') token++
  return token === tokens.length
}

/** Whether a token of a pattern that is no `*` takes this unit. */
function takes(token: string | undefined, unit: Unit | undefined): boolean {
  if (token === undefined || unit === undefined || unit === UNKNOWN) return false
  return token === '?' || token === unit
}
