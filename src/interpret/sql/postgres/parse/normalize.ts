/**
 * The normal form of a text that PostgreSQL's grammar has taken. It is made of the words of the text, and not by
 * `pg_query_normalize`, which leaves in comments, and the constants of views, defaults, COPY and EXECUTE.
 *
 * Cut as src/backend/parser/scan.l does under `standard_conforming_strings`; a test holds it to the words that libpg-query
 * finds.
 */
import { MAX_WORDS, type NormalForm, type NormalToken, normalForm } from '../../normal-form.ts'

export function normalize(sql: string): NormalForm {
  return normalForm(wordsOf(sql, MAX_WORDS + 1).map(({ token }) => token))
}

/** What the constants of a text say, as far as that is told without decoding them; at most so many. */
export function constantsIn(sql: string, most: number): readonly string[] {
  const found: string[] = []
  for (const { token, start, end } of wordsOf(sql)) {
    if (token.kind !== 'constant') continue
    if (found.length >= most) break
    found.push(spoken(sql.slice(start, end)))
  }
  return found
}

/** A constant without its quotes and escapes. */
function spoken(constant: string): string {
  const quote = constant.search(/['$]/)
  if (quote === -1) return constant
  if (constant.charAt(quote) === '$') {
    const tag = constant.slice(0, constant.indexOf('$', 1) + 1)
    return constant.slice(tag.length, -tag.length)
  }
  const inner = constant.slice(quote + 1, -1)
  const prefix = constant.slice(0, quote).toLowerCase()
  if (prefix === 'e') return inner.replace(ESCAPES, unescaped)
  const text = inner.replaceAll("''", "'")
  if (prefix !== 'u&') return text
  return text.replace(UNICODE, (whole: string, long?: string, short?: string) => {
    return character(parseInt(long ?? short ?? '', 16)) ?? whole
  })
}

/** What stands for something else in `U&'…'`, and in `E'…'`. */
const UNICODE = /\\(?:\+([0-9a-fA-F]{6})|([0-9a-fA-F]{4}))/g
const ESCAPES = /''|\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gs
const LETTERS: ReadonlyMap<string, string> = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

function unescaped(whole: string, ...groups: readonly (string | undefined)[]): string {
  const [hex, octal, short, long, letter] = groups
  if (whole === "''") return "'"
  if (letter !== undefined) return LETTERS.get(letter) ?? letter
  const code = octal === undefined ? parseInt(hex ?? short ?? long ?? '', 16) : parseInt(octal, 8)
  return character(code) ?? whole
}

function character(code: number): string | undefined {
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined
}

/** A word of a text and where it stands, in UTF-16 units. */
export interface Placed {
  readonly token: NormalToken
  readonly start: number
  readonly end: number
}

/** The first words of a text, and where they stand. */
export function wordsOf(sql: string, most: number = Number.POSITIVE_INFINITY): readonly Placed[] {
  const words: Placed[] = []
  let at = 0
  while (at < sql.length && words.length < most) {
    const behind = skipped(sql, at)
    if (behind > at) {
      at = behind
      continue
    }
    const { token, end } = wordAt(sql, at)
    words.push({ token, start: at, end })
    at = end
  }
  return words
}

interface Word {
  readonly token: NormalToken
  readonly end: number
}

const CONSTANT = { kind: 'constant' } as const

function wordAt(sql: string, at: number): Word {
  const character = sql.charAt(at)
  if (character === "'") return { token: CONSTANT, end: quotedEnd(sql, at, "'") }
  if (character === '"') return named(sql, at, at)
  if (character === '$') return dollar(sql, at)
  if (isWordStart(sql.charCodeAt(at))) return word(sql, at)
  if (isDigit(sql.charCodeAt(at)) || (character === '.' && isDigit(sql.charCodeAt(at + 1)))) {
    return { token: CONSTANT, end: numberEnd(sql, at) }
  }
  const end = operatorEnd(sql, at)
  return { token: { kind: 'operator', text: sql.slice(at, end) }, end }
}

/** A name in quotes that begin at `quoteAt`. */
function named(sql: string, at: number, quoteAt: number): Word {
  const end = quotedEnd(sql, quoteAt, '"')
  // What does not end is no name: nobody knows what somebody meant to say.
  const isOpen = end === sql.length && (sql.slice(quoteAt, end).split('"').length - 1) % 2 === 1
  if (isOpen) return { token: CONSTANT, end }
  return { token: { kind: 'name', text: sql.slice(at, end) }, end }
}

/** A word, or what stands before a quote: `E'…'`, `B'…'`, `X'…'`, `N'…'`, `U&'…'`, `U&"…"`. */
function word(sql: string, at: number): Word {
  let end = at + 1
  while (isWordPart(sql.charCodeAt(end))) end += 1
  const text = lowered(sql.slice(at, end))
  if (end === at + 1 && sql.charAt(end) === "'") {
    if (text === 'e') return { token: CONSTANT, end: escapedWholeEnd(sql, end) }
    if ('bxn'.includes(text)) return { token: CONSTANT, end: quotedEnd(sql, end, "'") }
  }
  if (text === 'u' && sql.charAt(end) === '&') {
    if (sql.charAt(end + 1) === "'") return { token: CONSTANT, end: quotedEnd(sql, end + 1, "'") }
    if (sql.charAt(end + 1) === '"') return named(sql, at, end + 1)
  }
  return { token: { kind: 'word', text }, end }
}

/** As the server folds names without quotes, in ASCII at least. */
function lowered(text: string): string {
  return text.replace(/[A-Z]+/g, letters => letters.toLowerCase())
}

/** `$1`, or a text in dollar quotes. */
function dollar(sql: string, at: number): Word {
  let end = at + 1
  if (isDigit(sql.charCodeAt(end))) {
    while (isDigit(sql.charCodeAt(end))) end += 1
    return { token: { kind: 'parameter', text: sql.slice(at, end) }, end }
  }
  if (isWordStart(sql.charCodeAt(end))) {
    while (isWordPart(sql.charCodeAt(end)) && sql.charAt(end) !== '$') end += 1
  }
  if (sql.charAt(end) !== '$') return { token: { kind: 'operator', text: '$' }, end: at + 1 }
  const tag = sql.slice(at, end + 1)
  const close = sql.indexOf(tag, end + 1)
  return { token: CONSTANT, end: close === -1 ? sql.length : close + tag.length }
}

/** Behind the quote that ends a text which begins at `at`; doubled quotes are within it. */
function quotedEnd(sql: string, at: number, quote: string): number {
  for (let end = sql.indexOf(quote, at + 1); end !== -1; end = sql.indexOf(quote, end + 2)) {
    if (sql.charAt(end + 1) !== quote) return end + 1
  }
  return sql.length
}

/** With what goes on in the next line, where escapes are read as in the first. */
function escapedWholeEnd(sql: string, at: number): number {
  let end = escapedEnd(sql, at)
  for (;;) {
    let next = end
    while (!sql.startsWith('/*', next) && skipped(sql, next) > next) next = skipped(sql, next)
    if (sql.charAt(next) !== "'" || !/[\n\r]/.test(sql.slice(end, next))) return end
    end = escapedEnd(sql, next)
  }
}

function escapedEnd(sql: string, at: number): number {
  for (let end = at + 1; end < sql.length; end++) {
    const character = sql.charAt(end)
    if (character === '\\') end += 1
    else if (character === "'") {
      if (sql.charAt(end + 1) !== "'") return end + 1
      end += 1
    }
  }
  return sql.length
}

/** `1`, `1.5`, `.5`, `1e-5`, `0x1F`, `1_000`; `1..2` is two numbers. */
function numberEnd(sql: string, at: number): number {
  let end = at
  const inDigits = (): void => {
    while (isDigit(sql.charCodeAt(end)) || sql.charAt(end) === '_') end += 1
  }
  if (sql.charAt(at) === '0' && 'xXoObB'.includes(sql.charAt(at + 1) || ' ')) {
    end += 2
    while (isWordPart(sql.charCodeAt(end))) end += 1
    return end
  }
  inDigits()
  if (sql.charAt(end) === '.' && sql.charAt(end + 1) !== '.') {
    end += 1
    inDigits()
  }
  const exponent = /^[eE][+-]?[0-9]/.exec(sql.slice(end, end + 3))
  if (exponent !== null) {
    end += exponent[0].length
    inDigits()
  }
  return end
}

/** Characters of which operators are made. */
const OPERATOR = '+-*/<>=~!@#%^&|`?'
/** One of these lets an operator end with `+` or `-`. */
const ODD = /[~!@#%^&|`?]/

function operatorEnd(sql: string, at: number): number {
  if (sql.startsWith('::', at) || sql.startsWith(':=', at) || sql.startsWith('..', at)) return at + 2
  let end = at
  while (end < sql.length && OPERATOR.includes(sql.charAt(end))) {
    if (end > at && (sql.startsWith('--', end) || sql.startsWith('/*', end))) break
    end += 1
  }
  if (end === at) return at + (isPair(sql, at) ? 2 : 1)
  if (ODD.test(sql.slice(at, end))) return end
  while (end > at + 1 && '+-'.includes(sql.charAt(end - 1))) end -= 1
  return end
}

/** Behind the spaces, or the comment, at `at`. */
function skipped(sql: string, at: number): number {
  const code = sql.charCodeAt(at)
  if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) return at + 1
  if (sql.startsWith('--', at)) {
    let end = at + 2
    while (end < sql.length && sql.charAt(end) !== '\n' && sql.charAt(end) !== '\r') end += 1
    return end
  }
  return sql.startsWith('/*', at) ? commentEnd(sql, at) : at
}

/** Comments nest. */
function commentEnd(sql: string, at: number): number {
  let depth = 1
  for (let end = at + 2; end < sql.length; end++) {
    if (sql.startsWith('/*', end)) depth += 1
    else if (sql.startsWith('*/', end)) depth -= 1
    else continue
    end += 1
    if (depth === 0) return end + 1
  }
  return sql.length
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isWordStart(code: number): boolean {
  const letter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a
  return letter || code === 0x5f || code >= 0x80
}

function isWordPart(code: number): boolean {
  return isWordStart(code) || isDigit(code) || code === 0x24
}

function isPair(sql: string, at: number): boolean {
  return (sql.codePointAt(at) ?? 0) > 0xffff
}
