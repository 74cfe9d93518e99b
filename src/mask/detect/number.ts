import { byteAt, DIGIT, isAt, runEnd, textAt, type Window } from './bytes.ts'

/** Groups of digits with separators between them, as people write long numbers. */
export interface Written {
  readonly start: number
  /** Behind the last digit. */
  readonly end: number
  readonly digits: string
  /** How many digits each group has. */
  readonly groups: readonly number[]
}

/** A number has no more digits than this. */
const MAX_DIGITS = 24
const MAX_SEPARATORS = 3

/** How many bytes the one separator there takes; 0 if none is there. A `+` is a space in a form. */
function separatorAt(window: Window, at: number, punctuation: boolean): number {
  switch (byteAt(window, at)) {
    case 0x20:
    case 0x2b:
    case 0x2d:
      return 1
    case 0x28:
    case 0x29:
    case 0x2e:
    case 0x2f:
      return punctuation ? 1 : 0
    case 0x25:
      return textAt(window, at, '%20') ? 3 : 0
    case 0xc2: // a no-break space in UTF-8
      return byteAt(window, at + 1) === 0xa0 ? 2 : 0
    default:
      return 0
  }
}

/** Behind up to three separators, if a digit follows there; else -1. */
export function digitBehind(window: Window, at: number, punctuation: boolean): number {
  let next = at
  for (let i = 0; i < MAX_SEPARATORS; i++) {
    const bytes = separatorAt(window, next, punctuation)
    // A plus behind a blank begins another number.
    if (bytes === 0 || (i > 0 && byteAt(window, next) === 0x2b)) return -1
    next += bytes
    if (isAt(window, next, DIGIT)) return next
  }
  return -1
}

/**
 * The groups that begin with the digit at `start`, no more digits than `most`. Undefined if the first has more.
 * `punctuation`: also `.`, `/` and brackets separate.
 */
export function readNumber(
  window: Window,
  start: number,
  most: number,
  punctuation: boolean,
): Written | undefined {
  const limit = Math.min(most, MAX_DIGITS)
  const groups: number[] = []
  let digits = ''
  let end = start
  let at = start
  while (at >= 0) {
    const stop = runEnd(window, at, at + limit + 1, DIGIT)
    if (digits.length + stop - at > limit) break
    for (let i = at; i < stop; i++) digits += String.fromCharCode(byteAt(window, i))
    groups.push(stop - at)
    end = stop
    at = digitBehind(window, stop, punctuation)
  }
  return groups.length === 0 ? undefined : { start, end, digits, groups }
}

/** The number cut to its first groups. */
export function firstGroups(number: Written, count: number, window: Window): Written {
  const groups = number.groups.slice(0, count)
  const digits = groups.reduce((sum, group) => sum + group, 0)
  return {
    start: number.start,
    end: endOfDigits(window, number, digits),
    digits: number.digits.slice(0, digits),
    groups,
  }
}

/** Behind that many digits of the number; what `%20` has of them is none. */
function endOfDigits(window: Window, number: Written, digits: number): number {
  let at = number.start
  for (let left = digits; left > 0 && at < number.end; ) {
    if (isAt(window, at, DIGIT)) {
      left--
      at++
    } else at += textAt(window, at, '%20') ? 3 : 1
  }
  return at
}
