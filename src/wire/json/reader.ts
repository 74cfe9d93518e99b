import { isAscii, isUtf8 } from 'node:buffer'
import { GateError } from '../../core/errors.ts'
import { DEFAULT_JSON_LIMITS, type JsonLimits } from './limits.ts'
import { JsonNumber, type JsonValue, setMember } from './value.ts'

/*
 * A strict reader of JSON (RFC 8259, https://www.rfc-editor.org/rfc/rfc8259).
 *
 * Invariant: a text that is read has one meaning for every parser. Names that repeat after unescaping,
 * bytes after the value, invalid UTF-8, a byte order mark, lone surrogates and numbers that another
 * parser would round are refused or kept as they are, never guessed.
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
/** A decimal of up to 15 significant digits survives the way through a double. */
const SAFE_DIGITS = 15
const SMALLEST_NORMAL = 2.2250738585072014e-308

/**
 * The value of a whole JSON text.
 * @throws GateError `json-malformed`, `json-duplicate`, `json-limit`
 */
export function readJson(bytes: Buffer, limits: JsonLimits = DEFAULT_JSON_LIMITS): JsonValue {
  if (bytes.length > limits.maxBytes) {
    throw new GateError('json-limit', `the JSON text is longer than ${limits.maxBytes} bytes`)
  }
  if (isAscii(bytes)) return readJsonText(bytes.toString('latin1'), limits)
  if (!isUtf8(bytes)) throw new GateError('json-malformed', 'the JSON text is not valid UTF-8')
  return readJsonText(bytes.toString('utf8'), limits)
}

/** As `readJson`, for text that was decoded already; the size limit is the caller's. */
export function readJsonText(text: string, limits: JsonLimits = DEFAULT_JSON_LIMITS): JsonValue {
  const reader = new Reader(text, limits.maxDepth)
  return reader.whole()
}

class Reader {
  readonly #text: string
  readonly #maxDepth: number
  #at = 0
  #depth = 0

  constructor(text: string, maxDepth: number) {
    this.#text = text
    this.#maxDepth = maxDepth
  }

  whole(): JsonValue {
    this.#skipSpace()
    const value = this.#value()
    this.#skipSpace()
    if (this.#at < this.#text.length) throw this.#malformed('more text after the value')
    return value
  }

  #value(): JsonValue {
    switch (this.#text.charCodeAt(this.#at)) {
      case QUOTE:
        return this.#string()
      case 0x7b:
        return this.#object()
      case 0x5b:
        return this.#array()
      case 0x74:
        return this.#word('true', true)
      case 0x66:
        return this.#word('false', false)
      case 0x6e:
        return this.#word('null', null)
      default:
        return this.#number()
    }
  }

  #word<T extends boolean | null>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#malformed('no JSON value')
    this.#at += word.length
    return value
  }

  #object(): JsonValue {
    this.#enter()
    const object: Record<string, JsonValue> = {}
    if (this.#closes(0x7d)) return object
    for (;;) {
      if (this.#text.charCodeAt(this.#at) !== QUOTE) throw this.#malformed('no member name')
      const name = this.#string()
      if (Object.hasOwn(object, name)) {
        throw new GateError(
          'json-duplicate',
          `the JSON text has the member ${quote(name)} twice in one object`,
        )
      }
      this.#skipSpace()
      if (this.#text.charCodeAt(this.#at) !== 0x3a) throw this.#malformed('no `:` after a member name')
      this.#at++
      this.#skipSpace()
      setMember(object, name, this.#value())
      if (this.#closesOrContinues(0x7d)) return object
    }
  }

  #array(): JsonValue {
    this.#enter()
    const array: JsonValue[] = []
    if (this.#closes(0x5d)) return array
    for (;;) {
      array.push(this.#value())
      if (this.#closesOrContinues(0x5d)) return array
    }
  }

  #enter(): void {
    this.#at++
    if (++this.#depth > this.#maxDepth) {
      throw new GateError('json-limit', `the JSON text is nested more than ${this.#maxDepth} deep`)
    }
    this.#skipSpace()
  }

  #closes(bracket: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== bracket) return false
    this.#at++
    this.#depth--
    return true
  }

  #closesOrContinues(bracket: number): boolean {
    this.#skipSpace()
    if (this.#closes(bracket)) return true
    if (this.#text.charCodeAt(this.#at) !== 0x2c) throw this.#malformed('no `,` between two values')
    this.#at++
    this.#skipSpace()
    return false
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }

  #number(): number | JsonNumber {
    NUMBER.lastIndex = this.#at
    const lexeme = NUMBER.exec(this.#text)?.[0]
    if (lexeme === undefined) throw this.#malformed('no JSON value')
    this.#at += lexeme.length
    const value = Number(lexeme)
    if (!isInRange(value, lexeme)) {
      throw new GateError('json-malformed', `the number ${quote(lexeme)} is beyond what a double can hold`)
    }
    if (!Number.isInteger(value) || Number.isSafeInteger(value)) {
      if (value === 0) return 0 // never -0
      if (lexeme.length <= SAFE_DIGITS || String(value) === lexeme) return value
    }
    return new JsonNumber(lexeme)
  }

  #string(): string {
    const start = this.#at + 1
    const text = this.#text
    let end = start
    for (;;) {
      const code = text.charCodeAt(end)
      if (code === QUOTE) {
        this.#at = end + 1
        return text.slice(start, end)
      }
      if (code === BACKSLASH) return this.#escapedString(start, end)
      // Also true for NaN: the text ended.
      if (!(code >= 0x20)) throw this.#unreadableString(end)
      end++
    }
  }

  /** A string with escapes: `start` is its first character, `end` its first backslash. */
  #escapedString(start: number, end: number): string {
    const text = this.#text
    let read = text.slice(start, end)
    let at = end
    for (;;) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) break
      if (!(code >= 0x20)) throw this.#unreadableString(at)
      if (code === BACKSLASH) {
        this.#at = at
        read += this.#escape()
        at = this.#at
      } else {
        const from = at
        at = plainUntil(text, at)
        read += text.slice(from, at)
      }
    }
    this.#at = at + 1
    if (!read.isWellFormed())
      throw new GateError('json-malformed', 'the JSON text has a lone surrogate in a string')
    return read
  }

  #escape(): string {
    const letter = this.#text.charAt(this.#at + 1)
    this.#at += 2
    if (letter !== 'u') {
      const plain = ESCAPES.get(letter)
      if (plain === undefined) throw this.#malformed('an escape that JSON does not have')
      return plain
    }
    const digits = this.#text.slice(this.#at, this.#at + 4)
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#malformed('a `\\u` without four hexadecimal digits')
    this.#at += 4
    return String.fromCharCode(Number.parseInt(digits, 16))
  }

  #unreadableString(at: number): GateError {
    this.#at = at
    return this.#malformed(
      at >= this.#text.length ? 'the text ends inside a string' : 'a control character in a string',
    )
  }

  #malformed(what: string): GateError {
    return new GateError('json-malformed', `the JSON text cannot be read at character ${this.#at}: ${what}`)
  }
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

/** The first place from `at` on that a string cannot hold as it stands. */
function plainUntil(text: string, at: number): number {
  for (;;) {
    const code = text.charCodeAt(at)
    if (code === QUOTE || code === BACKSLASH || !(code >= 0x20)) return at
    at++
  }
}

/** Whether the double is the number that was written: not infinite, not rounded to or near zero. */
function isInRange(value: number, lexeme: string): boolean {
  if (!Number.isFinite(value)) return false
  if (Math.abs(value) >= SMALLEST_NORMAL || String(value) === lexeme) return true
  return value === 0 && /^[-0.]+(?:[eE]|$)/.test(lexeme)
}

/** Input for a message: in backticks, cut to a length that a log line can bear. */
function quote(input: string): string {
  return input.length > 64 ? `\`${input.slice(0, 64).toWellFormed()}…\`` : `\`${input}\``
}
