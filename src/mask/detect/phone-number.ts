import {
  ALNUM,
  beginsWord,
  byteAt,
  DIGIT,
  endsContext,
  endsWord,
  isAt,
  LETTER,
  runEnd,
  type Window,
} from './bytes.ts'
import { atWord, type Detector, exactly, type Found } from './detector.ts'
import { firstGroups, readNumber, type Written } from './number.ts'

/**
 * Phone numbers: with `+` and a country code that is assigned (E.164), in the groups of North America
 * (`(555) 234-5678`), and any number of 7 to 15 digits behind a word like `phone` or in a member of that name.
 * Not found: numbers without any of these, and those with letters (`1-800-FLOWERS`).
 */

const MIN_E164_DIGITS = 8
const MAX_E164_DIGITS = 15
const MIN_LOCAL_DIGITS = 7
const CONTEXT_BYTES = 32
const PLUS = 0x2b

/** Country codes (ITU-T E.164, annex) by their first digits; those of three digits by their first two. */
const COUNTRY_CODE =
  /^(?:1[2-9]|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|(?:21|22|23|24|25|26|29|35|37|38|42|50|59|67|68|69|80|85|87|88)\d|9(?:6[0-8]|7[0-79]|9[2-8]))/
/** `phone` and what else people call it, and where three of the letters are that few texts have. */
const WORDS: readonly (readonly [word: string, place: number])[] = [
  ['phone', 0],
  ['mobile', 1],
  ['msisdn', 1],
  ['whatsapp', 3],
  ['telefon', 3],
  ['fax', 0],
]

export const phoneNumber: Detector = {
  name: 'phone-number',
  digits: (window, start, end, found) => {
    if (end - start === 4) northAmerican(window, start, end, found)
  },
  anchors: [
    {
      triggers: [['', '+', '0123456789']],
      look: (window, at, found) => international(window, at + 1, at + 2, found),
    },
    {
      triggers: [exactly('%2B'), exactly('%2b')],
      look: (window, at, found) => international(window, at, at + 3, found),
    },
    ...WORDS.map(([word, place]) => atWord(word, place, nearWord)),
    atWord('tel', 0, (window, end, found) => {
      if (!isAt(window, end - 4, LETTER) && !isAt(window, end, LETTER)) nearWord(window, end, found)
    }),
  ],
  members: /phone|mobile|msisdn|whatsapp|telefon|fax|(?:^|[^a-z])tel(?:$|[^a-z])/i,
  lookAtStart: (window, found) => nearWord(window, window.floor, found),
}

function international(window: Window, start: number, digits: number, found: Found): void {
  if (!isAt(window, digits, DIGIT) || !beginsWord(window, start) || byteAt(window, start - 1) === PLUS) return
  const number = readNumber(window, digits, MAX_E164_DIGITS, true)
  if (number === undefined || !COUNTRY_CODE.test(number.digits)) return
  const written = longestPhone(
    window,
    number,
    MIN_E164_DIGITS,
    number.digits.startsWith('1') ? 11 : MAX_E164_DIGITS,
  )
  if (written !== undefined) found(start, written.end)
}

/** The most groups that end as a number does; what follows in groups of its own may be another number. */
function longestPhone(window: Window, number: Written, least: number, most: number): Written | undefined {
  for (let count = number.groups.length; count > 0; count--) {
    const part = firstGroups(number, count, window)
    if (part.digits.length < least) return undefined
    if (part.digits.length <= most && endsPhone(window, part.end)) return part
  }
  return undefined
}

/** From its last four digits back: exchange, area, and maybe `1`. */
function northAmerican(window: Window, last: number, end: number, found: Found): void {
  if (!endsPhone(window, end)) return
  const exchange = groupBefore(window, last, 1)
  if (exchange < 0) return
  const area = groupBefore(window, exchange, 2)
  if (area < 0) return
  let start = byteAt(window, area - 1) === 0x28 ? area - 1 : area
  const one = start - 2
  if (byteAt(window, one) === 0x31 && isSeparator(byteAt(window, start - 1)) && beginsPhone(window, one))
    start = one
  if (beginsPhone(window, start)) found(start, end)
}

/** Where the group of three begins that ends before `at`, with one separator (or `) `) between; else -1. */
function groupBefore(window: Window, at: number, separators: number): number {
  let end = at
  for (let i = 0; i < separators && isSeparator(byteAt(window, end - 1)); i++) end--
  const start = end - 3
  if (end === at || byteAt(window, start) < 0x32 || isAt(window, start - 1, DIGIT)) return -1
  return runEnd(window, start, end, DIGIT) === end ? start : -1
}

function isSeparator(byte: number): boolean {
  return byte === 0x20 || byte === 0x2d || byte === 0x2e || byte === 0x29 || byte === 0x2f
}

function nearWord(window: Window, from: number, found: Found): void {
  for (let at = from; at < from + CONTEXT_BYTES && !endsContext(window, at); at++) {
    if (!isAt(window, at, DIGIT)) continue
    const number = beginsPhone(window, at) ? readNumber(window, at, MAX_E164_DIGITS, true) : undefined
    const written = number && longestPhone(window, number, MIN_LOCAL_DIGITS, MAX_E164_DIGITS)
    if (written !== undefined) {
      if (!isDate(written) && !isAddress(window, written)) found(startOf(window, written.start), written.end)
      return
    }
    at = runEnd(window, at, from + CONTEXT_BYTES, ALNUM)
  }
}

/** With the `+` and the bracket that stand before. */
function startOf(window: Window, start: number): number {
  const bracket = byteAt(window, start - 1) === 0x28 ? start - 1 : start
  return byteAt(window, bracket - 1) === PLUS ? bracket - 1 : bracket
}

function isDate({ digits, groups }: Written): boolean {
  return (
    /^(?:19|20)\d\d(?:0\d|1[0-2])[0-3]\d/.test(digits) &&
    (groups.length === 1 || groups.join('-').startsWith('4-2-2'))
  )
}

/** `10.20.30.40` */
function isAddress(window: Window, { groups, start }: Written): boolean {
  const [first = 0] = groups
  return groups.length === 4 && groups.every(group => group <= 3) && byteAt(window, start + first) === 0x2e
}

function beginsPhone(window: Window, start: number): boolean {
  if (!beginsWord(window, start)) return false
  const before = byteAt(window, start - 1)
  return (before !== 0x2d && before !== 0x2e) || !isAt(window, start - 2, ALNUM)
}

function endsPhone(window: Window, end: number): boolean {
  if (!endsWord(window, end)) return byteAt(window, end) === 0x78 && isAt(window, end + 1, DIGIT)
  const next = byteAt(window, end)
  return (next !== 0x2d && next !== 0x2e) || !isAt(window, end + 1, ALNUM)
}
