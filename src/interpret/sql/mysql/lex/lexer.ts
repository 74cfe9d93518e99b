/**
 * Cuts a text of SQL as MySQL and MariaDB do (sql/sql_lex.cc). What servers read differently, or what hides from other
 * readers, is refused: comments that are executed, NULs, texts that do not end.
 *
 * Invariants: tokens do not overlap and stand in order; between them stand only spaces and comments, which mean
 * nothing; a text is read in one way, whatever its version of server.
 */
import type { Dialect, Lexed, Token, TokenKind } from './token.ts'

/** UTF-16 units of one text. */
export const MAX_TEXT: number = 4 * 1024 * 1024
export const MAX_TOKENS = 1_000_000

/** Five digits, up to 50099: there is no server that does not execute it, and none that reads a sixth. */
const EXECUTED = /^\/\*!(?:[1-4][0-9]{4}|500[0-9]{2})(?![0-9])/

class Refused extends Error {
  readonly at: number

  constructor(reason: string, at: number) {
    super(reason)
    this.at = at
  }
}

export function lex(sql: string, dialect: Dialect): Lexed {
  if (sql.length > MAX_TEXT) return refused(`the text is longer than ${MAX_TEXT} characters`, MAX_TEXT)
  const nul = sql.indexOf('\0')
  // The server's lexer takes one for the end of the text in some places, and for a space in others.
  if (nul !== -1) return refused('the text holds a NUL', nul)
  if (!sql.isWellFormed()) return refused('the text is not well-formed Unicode', 0)
  try {
    return { kind: 'tokens', tokens: new Lexer(sql, dialect).all() }
  } catch (error) {
    if (error instanceof Refused) return refused(error.message, error.at)
    throw error
  }
}

function refused(reason: string, at: number): Lexed {
  return { kind: 'refused', reason, at }
}

class Lexer {
  readonly #sql: string
  readonly #dialect: Dialect
  readonly #tokens: Token[] = []
  #at = 0
  /** Within a comment that is read as what it executes. */
  #isExecuting = false

  constructor(sql: string, dialect: Dialect) {
    this.#sql = sql
    this.#dialect = dialect
  }

  all(): readonly Token[] {
    for (;;) {
      this.#skip()
      if (this.#at >= this.#sql.length) {
        if (this.#isExecuting) throw new Refused('a comment does not end', this.#at)
        return this.#tokens
      }
      if (this.#tokens.length >= MAX_TOKENS)
        throw new Refused(`the text has more than ${MAX_TOKENS} words`, this.#at)
      this.#token()
    }
  }

  /** Over spaces and comments. */
  #skip(): void {
    const sql = this.#sql
    for (;;) {
      const character = sql.charAt(this.#at)
      if (character !== '' && ' \t\n\r\v\f'.includes(character)) this.#at += 1
      else if (character === '#' || this.#isDashComment()) this.#at = lineEnd(sql, this.#at)
      else if (sql.startsWith('/*', this.#at)) this.#comment()
      else if (this.#isExecuting && sql.startsWith('*/', this.#at)) {
        this.#isExecuting = false
        this.#at += 2
      } else return
    }
  }

  /** `--` begins a comment only before a space, a control character or the end: `1--1` is 2. */
  #isDashComment(): boolean {
    if (!this.#sql.startsWith('--', this.#at)) return false
    const behind = this.#sql.charCodeAt(this.#at + 2)
    return Number.isNaN(behind) || behind <= 0x20 || behind === 0x7f
  }

  #comment(): void {
    const start = this.#at
    if (this.#isExecuting) throw new Refused('a comment stands in a comment', start)
    if (this.#dialect.readsVersionComments === true && EXECUTED.test(this.#sql.slice(start, start + 9))) {
      this.#isExecuting = true
      this.#at = start + 8
      return
    }
    const marks = this.#sql.slice(start + 2, start + 4)
    // MariaDB executes `/*M!` too; what executes for one server is a comment for the other.
    if (marks.startsWith('!') || marks === 'M!' || marks === 'm!') {
      throw new Refused('a comment that servers execute (`/*!`) cannot be taken for a comment', start)
    }
    const end = this.#sql.indexOf('*/', start + 2)
    if (end === -1) throw new Refused('a comment does not end', start)
    const inner = this.#sql.indexOf('/*', start + 2)
    // Servers do not agree on whether comments nest.
    if (inner !== -1 && inner < end) throw new Refused('a comment stands in a comment', inner)
    // MySQL cuts what an optimizer is told into words: in quotes, the end of the comment is none.
    if (marks.startsWith('+') && /['"`]/.test(this.#sql.slice(start, end)))
      throw new Refused('servers do not agree on where a hint with quotes ends', start)
    this.#at = end + 2
  }

  #token(): void {
    const character = this.#sql.charAt(this.#at)
    if (character === ';') this.#push('end', this.#at + 1)
    else if (character === '?') this.#push('parameter', this.#at + 1)
    else if (character === "'") this.#quoted('string', this.#at)
    else if (character === '"') this.#quoted(this.#dialect.ansiQuotes ? 'name' : 'string', this.#at)
    else if (character === '`') this.#quoted('name', this.#at)
    else if (character === '@') this.#variable()
    else if (isDigit(character) || (character === '.' && this.#beginsFraction())) this.#number()
    else if (isWordCharacter(character)) this.#word()
    else this.#operator()
  }

  #push(kind: TokenKind, end: number, value?: string): void {
    const start = this.#at
    const text = this.#sql.slice(start, end)
    this.#tokens.push({ kind, text, value: value ?? text, start, end })
    this.#at = end
  }

  #quoted(kind: 'string' | 'name', quoteAt: number): void {
    const { value, end } = this.#readQuoted(quoteAt, kind === 'string' && !this.#dialect.noBackslashEscapes)
    if (kind === 'name' && value === '') throw new Refused('a name is empty', quoteAt)
    this.#push(kind, end, value)
  }

  /** The text in quotes that begin at `start`; a doubled quote is one. */
  #readQuoted(start: number, escapes: boolean): { readonly value: string; readonly end: number } {
    const sql = this.#sql
    const quote = sql.charAt(start)
    let value = ''
    for (let at = start + 1; at < sql.length; at++) {
      const character = sql.charAt(at)
      if (character === quote) {
        if (sql.charAt(at + 1) !== quote) return { value, end: at + 1 }
        value += quote
        at += 1
      } else if (escapes && character === '\\') {
        at += 1
        value += unescaped(sql.charAt(at))
      } else value += character
    }
    throw new Refused('a text in quotes does not end', start)
  }

  /** `@a`, `@'a b'`, `@@global.x`; behind a user's name in GRANT it is the host. */
  #variable(): void {
    const sql = this.#sql
    const kind = sql.startsWith('@@', this.#at) ? 'system-variable' : 'variable'
    let end = this.#at + (kind === 'variable' ? 1 : 2)
    const quote = sql.charAt(end)
    if (quote !== '' && `'"\``.includes(quote)) {
      const read = this.#readQuoted(end, quote !== '`' && !this.#dialect.noBackslashEscapes)
      this.#push(kind, read.end, read.value)
      return
    }
    const from = end
    while (end < sql.length && (isWordCharacter(sql.charAt(end)) || sql.charAt(end) === '.')) end += 1
    this.#push(kind, end, sql.slice(from, end))
  }

  /** `.5` is a number unless it stands behind a name: `t.5` is the column `5`. */
  #beginsFraction(): boolean {
    if (!isDigit(this.#sql.charAt(this.#at + 1))) return false
    const before = this.#tokens.at(-1)
    return before === undefined || before.end !== this.#at || !isNameLike(before)
  }

  /** A number, or a name that begins with a digit: `1a` is a name, `1e5` a number, `0x1F` bytes. */
  #number(): void {
    const sql = this.#sql
    const before = this.#tokens.at(-1)
    const isBehindDot = before?.text === '.' && before.end === this.#at
    if (isBehindDot) {
      this.#word()
      return
    }
    const rest = sql.slice(this.#at, this.#at + 256)
    const bytes = /^0(?:x[0-9A-Fa-f]+|b[01]+)/.exec(rest)
    if (bytes !== null && !isWordCharacter(sql.charAt(this.#at + bytes[0].length))) {
      this.#push('bytes', this.#at + bytes[0].length)
      return
    }
    const digits = numberEnd(sql, this.#at)
    // Behind an exponent a name begins: `1e5a` is a number and what it is called.
    if (isWordCharacter(sql.charAt(digits)) && /^[0-9]+$/.test(sql.slice(this.#at, digits))) {
      this.#word()
      return
    }
    if (isWordCharacter(sql.charAt(digits))) throw new Refused('a number runs into a name', digits)
    this.#push('number', digits)
  }

  #word(): void {
    const sql = this.#sql
    let end = this.#at
    while (end < sql.length && isWordCharacter(sql.charAt(end))) end += 1
    const text = sql.slice(this.#at, end)
    const isPrefix = sql.charAt(end) === "'" && /^[xXbB]$/.test(text)
    if (!isPrefix) {
      this.#push('word', end)
      return
    }
    const read = this.#readQuoted(end, false)
    const good = text.toLowerCase() === 'x' ? /^(?:[0-9A-Fa-f]{2})*$/ : /^[01]*$/
    if (!good.test(read.value))
      throw new Refused(`\`${text}'…'\` holds something else than its digits`, this.#at)
    this.#push('bytes', read.end, read.value)
  }

  #operator(): void {
    const found = OPERATORS.find(operator => this.#sql.startsWith(operator, this.#at))
    if (found === undefined) {
      throw new Refused('there is a character that has no meaning outside of quotes', this.#at)
    }
    this.#push('operator', this.#at + found.length)
  }
}

/** The longest first. */
const OPERATORS: readonly string[] = [
  '->>',
  '<=>',
  '->',
  ':=',
  '||',
  '&&',
  '<<',
  '>>',
  '<=',
  '>=',
  '<>',
  '!=',
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  '&',
  '|',
  '~',
  '!',
  '<',
  '>',
  '=',
  '(',
  ')',
  ',',
  '.',
  ':',
  '{',
  '}',
  '[',
  ']',
]

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9'
}

/**
 * What names without quotes are made of; characters beyond the basic plane are not among them, nor is the space that is none
 * in UTF-8 and one in latin1: `--` before it begins a comment there.
 */
function isWordCharacter(character: string): boolean {
  return /^[0-9A-Za-z$_\u0080-\u009f\u00a1-\ud7ff\ue000-\uffff]$/.test(character)
}

function isNameLike({ kind }: Token): boolean {
  return kind === 'word' || kind === 'name'
}

/** `1`, `1.`, `1.5`, `.5`, each with an exponent or without. */
function numberEnd(sql: string, start: number): number {
  let at = start
  while (isDigit(sql.charAt(at))) at += 1
  if (sql.charAt(at) === '.') {
    at += 1
    while (isDigit(sql.charAt(at))) at += 1
  }
  const exponent = /^[eE][+-]?[0-9]{1,10}/.exec(sql.slice(at, at + 13))
  return exponent === null ? at : at + exponent[0].length
}

function lineEnd(sql: string, from: number): number {
  const end = sql.indexOf('\n', from)
  return end === -1 ? sql.length : end + 1
}

/** What stands behind a backslash in a string; `\%` and `\_` keep it, for LIKE. */
function unescaped(character: string): string {
  switch (character) {
    case '0':
      return '\0'
    case 'b':
      return '\b'
    case 'n':
      return '\n'
    case 'r':
      return '\r'
    case 't':
      return '\t'
    case 'Z':
      return '\x1a'
    case '%':
    case '_':
      return `\\${character}`
    default:
      return character
  }
}
