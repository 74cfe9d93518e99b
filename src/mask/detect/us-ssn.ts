import {
  ALNUM,
  beginsWord,
  byteAt,
  DIGIT,
  endsContext,
  endsWord,
  isAt,
  latin1,
  runEnd,
  type Window,
} from './bytes.ts'
import { atWord, type Detector, type Found } from './detector.ts'
import { readNumber } from './number.ts'

/**
 * Social security numbers of the United States: `123-45-6789` by the rules of the SSA (no area 000, 666 or 9xx,
 * no group 00, no serial 0000). With spaces, or as nine bare digits, only where a word like `ssn` stands before
 * or is the member's name.
 */

const CONTEXT_BYTES = 48
const HYPHEN = 0x2d
/** Words that come before such a number, and where three of their letters are that few texts have. */
const WORDS: readonly (readonly [word: string, place: number])[] = [
  ['ssn', 0],
  ['social', 1],
  ['taxpayer', 2],
  ['tax id', 1],
  ['tax_id', 1],
  ['taxid', 2],
]

export const usSsn: Detector = {
  name: 'us-ssn',
  digits: (window, start, end, found) => {
    if (end - start === 4) dashed(window, start, end, found)
  },
  anchors: WORDS.map(([word, place]) => atWord(word, place, nearWord)),
  members: /ssn|social.?security|tax.?(?:payer|id)/i,
  lookAtStart: (window, found) => nearWord(window, window.floor, found),
}

/** From its last group back. */
function dashed(window: Window, serial: number, end: number, found: Found): void {
  const start = serial - 7
  if (byteAt(window, serial - 1) !== HYPHEN || byteAt(window, serial - 4) !== HYPHEN) return
  if (runEnd(window, serial - 3, serial - 1, DIGIT) !== serial - 1) return
  if (runEnd(window, start, serial - 4, DIGIT) !== serial - 4) return
  if (!beginsWord(window, start) || isJoined(window, start - 1, -1)) return
  if (!endsWord(window, end) || isJoined(window, end, 1)) return
  const text = latin1(window, start, end)
  if (isIssued(text.slice(0, 3), text.slice(4, 6), text.slice(7))) found(start, end)
}

/** A hyphen, or a dot, with more of the same behind it: part of something longer. */
function isJoined(window: Window, at: number, step: 1 | -1): boolean {
  const byte = byteAt(window, at)
  return (byte === HYPHEN || byte === 0x2e) && isAt(window, at + step, byte === HYPHEN ? ALNUM : DIGIT)
}

function nearWord(window: Window, from: number, found: Found): void {
  for (let at = from; at < from + CONTEXT_BYTES && !endsContext(window, at); at++) {
    if (!isAt(window, at, DIGIT)) continue
    const number = beginsWord(window, at) ? readNumber(window, at, 9, false) : undefined
    if (number !== undefined && number.digits.length === 9 && endsWord(window, number.end)) {
      const { digits, groups, start, end } = number
      const shaped = groups.length === 1 || groups.join('-') === '3-2-4'
      if (shaped && isIssued(digits.slice(0, 3), digits.slice(3, 5), digits.slice(5))) found(start, end)
    }
    at = runEnd(window, at, from + CONTEXT_BYTES, DIGIT)
  }
}

function isIssued(area: string, group: string, serial: string): boolean {
  return area !== '000' && area !== '666' && !area.startsWith('9') && group !== '00' && serial !== '0000'
}
