import { ALNUM, beginsWord, byteAt, DIGIT, endsContext, isAt, runEnd, type Window } from './bytes.ts'
import { atWord, type Detector, type Found } from './detector.ts'
import { digitBehind, firstGroups, readNumber, type Written } from './number.ts'

/**
 * Numbers of payment cards (ISO/IEC 7812): the prefixes and lengths of the issuers and Luhn's check digit.
 * Without separators, or in the groups of four, four-six-five or four-six-four that are printed on cards, with
 * up to three spaces, dashes, `+` or `%20` between them. Lengths that most issuers do not use need a word like
 * `card` before. Not found: other groupings, line breaks within, numbers in words.
 */

const MIN_DIGITS = 12
const MAX_DIGITS = 19
const CONTEXT_BYTES = 48

/** Issuers' prefixes, as ranges of the first six digits, and lengths; `rare` ones count only with context. */
interface Issuer {
  readonly from: number
  readonly to: number
  readonly lengths: readonly number[]
  readonly rare: readonly number[]
}

function issuer(prefixes: string, lengths: readonly number[], rare: readonly number[] = []): Issuer[] {
  return prefixes.split(' ').map(range => {
    const [from = '', to = from] = range.split('-')
    return { from: Number(from.padEnd(6, '0')), to: Number(to.padEnd(6, '9')), lengths, rare }
  })
}

const ISSUERS: readonly Issuer[] = [
  issuer('4', [16], [13, 19]), // Visa
  issuer('51-55 2221-2720', [16]), // Mastercard
  issuer('34 37', [15]), // American Express
  issuer('6011 644-649 65', [16], [19]), // Discover
  issuer('300-305 309 36 38-39', [14, 16], [19]), // Diners Club
  issuer('3528-3589', [16], [19]), // JCB
  issuer('62 81', [16, 17, 18, 19]), // UnionPay
  issuer('2200-2204', [16], [19]), // Mir
  issuer('60 82 508', [16]), // RuPay
  issuer('5018 5020 5038 5893 6304 6759 6761-6763', [16], [12, 13, 14, 15, 17, 18, 19]), // Maestro
].flat()

/** Words that come before a card's number, and where three of their letters are that few texts have. */
const WORDS: readonly (readonly [word: string, place: number])[] = [
  ['card', 1],
  ['pan', 0],
  ['visa', 1],
  ['maestro', 1],
  ['kreditkarte', 0],
  ['ccnum', 1],
  ['cc_num', 1],
]

export const creditCard: Detector = {
  name: 'credit-card',
  digits: (window, start, end, found) => {
    // Most groups of four are years and times: the second group of a card is of four or six.
    if (end - start > 4 || isSecondGroup(window, end)) card(window, start, false, found)
  },
  anchors: WORDS.map(([word, place]) => atWord(word, place, nearWord)),
  members: /card|(?:^|[^a-z])pan(?:$|[^a-z])|ccnum|cc_num|visa/i,
  lookAtStart: (window, found) => nearWord(window, window.floor, found),
}

function isSecondGroup(window: Window, end: number): boolean {
  const second = digitBehind(window, end, false)
  if (second < 0) return false
  const digits = runEnd(window, second, second + 7, DIGIT) - second
  return digits === 4 || digits === 6
}

function nearWord(window: Window, from: number, found: Found): void {
  for (let at = from; at < from + CONTEXT_BYTES && !endsContext(window, at); at++) {
    if (!isAt(window, at, DIGIT)) continue
    card(window, at, true, found)
    at = runEnd(window, at, from + CONTEXT_BYTES, DIGIT)
  }
}

function card(window: Window, start: number, context: boolean, found: Found): void {
  if (!beginsNumber(window, start)) return
  const number = readNumber(window, start, MAX_DIGITS, false)
  if (number === undefined || number.digits.length < MIN_DIGITS) return
  for (let groups = number.groups.length; groups > 0; groups--) {
    const part = groups === number.groups.length ? number : firstGroups(number, groups, window)
    if (part.digits.length < MIN_DIGITS) return
    if (
      isGrouped(part) &&
      isIssued(part.digits, context) &&
      luhn(part.digits) &&
      endsNumber(window, part.end)
    ) {
      found(part.start, part.end)
      return
    }
  }
}

/** As on the card; the last group of a long number may be of one to three. */
function isGrouped({ groups }: Written): boolean {
  const shape = groups.join('-')
  return /^(?:\d\d|4-4-4-4(?:-[123])?|4-6-[45]|4-4-4-[13])$/.test(shape)
}

function isIssued(digits: string, context: boolean): boolean {
  const prefix = Number(digits.slice(0, 6))
  return ISSUERS.some(
    ({ from, to, lengths, rare }) =>
      prefix >= from &&
      prefix <= to &&
      (lengths.includes(digits.length) || (context && rare.includes(digits.length))),
  )
}

/** Luhn's check digit (ISO/IEC 7812-1, annex B). */
export function luhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 0x30
    sum += i % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0)
  }
  return sum % 10 === 0
}

/** Not within a word, nor the fraction of a number. */
function beginsNumber(window: Window, start: number): boolean {
  if (!beginsWord(window, start)) return false
  return byteAt(window, start - 1) !== 0x2e || !isAt(window, start - 2, DIGIT)
}

function endsNumber(window: Window, end: number): boolean {
  if (isAt(window, end, ALNUM)) return false
  return byteAt(window, end) !== 0x2e || !isAt(window, end + 1, DIGIT)
}
