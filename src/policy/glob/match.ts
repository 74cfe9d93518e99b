import { COLON, isStar, ONE, type Pattern, SEGMENT_ONE, SEGMENT_STAR, STAR, takes } from './pattern.ts'

/** Tells whether a text is one of those that a pattern describes. */
export type Matcher = (text: string) => boolean

/**
 * A matcher for a pattern, of the cheapest kind that the pattern allows: equality, prefix, or the
 * general one. None takes more than (length of pattern) x (length of text) steps.
 */
export function matcher(pattern: Pattern): Matcher {
  const first = pattern.findIndex(token => token < 0)
  if (first < 0) {
    const whole = String.fromCodePoint(...pattern)
    return text => text === whole
  }
  if (first === pattern.length - 1 && pattern[first] === STAR) {
    const prefix = String.fromCodePoint(...pattern.slice(0, first))
    return prefix === '' ? () => true : text => text.startsWith(prefix)
  }
  const prefix = String.fromCodePoint(...pattern.slice(0, first))
  const rest = pattern.slice(first)
  if (rest.every(isPlain)) return piecewise(prefix, rest)
  if (pattern.includes(SEGMENT_STAR)) {
    return text => text.startsWith(prefix) && matchesBound(rest, text, prefix.length)
  }
  return text => text.startsWith(prefix) && matchesFree(rest, text, prefix.length)
}

/** A free star, or a literal of which no text can hold a half. */
function isPlain(token: number): boolean {
  return token === STAR || (token >= 0 && (token < 0xd800 || token > 0xdfff))
}

/** Between stars stand texts, each of which is best found as early as it can be; the last one ends the text. */
function piecewise(prefix: string, rest: Pattern): Matcher {
  const pieces: string[] = []
  for (let at = 0; at < rest.length; ) {
    const end = rest.indexOf(STAR, at + 1)
    const next = end < 0 ? rest.length : end
    pieces.push(String.fromCodePoint(...rest.slice(at + 1, next)))
    at = next
  }
  const last = pieces.pop() ?? ''
  return text => {
    if (!text.startsWith(prefix)) return false
    let at = prefix.length
    for (const piece of pieces) {
      const found = text.indexOf(piece, at)
      if (found < 0) return false
      at = found + piece.length
    }
    return text.length - last.length >= at && text.endsWith(last)
  }
}

/** Whether the text is one that the pattern describes. */
export function matches(pattern: Pattern, text: string): boolean {
  return pattern.includes(SEGMENT_STAR) ? matchesBound(pattern, text, 0) : matchesFree(pattern, text, 0)
}

/**
 * Without segment-bound stars it is enough to go back to the last star: had an earlier star to take
 * more, the last one could take it in its place.
 */
function matchesFree(pattern: Pattern, text: string, from: number): boolean {
  let at = from
  let token = 0
  let star = -1
  let resume = 0
  while (at < text.length) {
    const codePoint = text.codePointAt(at) ?? 0
    const expected = pattern[token]
    if (expected === STAR) {
      star = token++
      resume = at
    } else if (
      expected !== undefined &&
      (expected === codePoint || expected === ONE || (expected === SEGMENT_ONE && codePoint !== COLON))
    ) {
      token++
      at += codePoint > 0xffff ? 2 : 1
    } else if (star >= 0) {
      resume += (text.codePointAt(resume) ?? 0) > 0xffff ? 2 : 1
      at = resume
      token = star + 1
    } else {
      return false
    }
  }
  while (pattern[token] === STAR) token++
  return token === pattern.length
}

/** With segment-bound stars: all states at once, one pass over the text. */
function matchesBound(pattern: Pattern, text: string, from: number): boolean {
  let states = new Uint8Array(pattern.length + 1)
  states[0] = 1
  spread(pattern, states)
  let at = from
  while (at < text.length) {
    const codePoint = text.codePointAt(at) ?? 0
    states = advance(pattern, states, codePoint)
    at += codePoint > 0xffff ? 2 : 1
  }
  return states[pattern.length] === 1
}

/** A state is the number of tokens done. A star may be done with nothing: enter what follows it. */
export function spread(pattern: Pattern, states: Uint8Array): void {
  for (let i = 0; i < pattern.length; i++) {
    if (states[i] === 1 && isStar(pattern[i] ?? 0)) states[i + 1] = 1
  }
}

/** The states after one more character. */
export function advance(pattern: Pattern, states: Uint8Array, codePoint: number): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(pattern.length + 1)
  for (let i = 0; i < pattern.length; i++) {
    const token = pattern[i] ?? 0
    if (states[i] === 1 && takes(token, codePoint)) next[isStar(token) ? i : i + 1] = 1
  }
  spread(pattern, next)
  return next
}
