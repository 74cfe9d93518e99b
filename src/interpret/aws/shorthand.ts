/**
 * The AWS CLI's shorthand for structures and maps, `Key=a,Values=b,c,Inner={D=e},List=[f,g]`.
 * https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-shorthand.html
 *
 *     hash  = pair *("," pair)
 *     pair  = key "=" (value *("," value) / "{" hash "}" / "[" item *("," item) "]")
 *     item  = value / "{" hash "}" / "[" … "]"
 *     value = quoted / bare text, in which `\,` is a comma
 *
 * A comma is followed by another value of the same key unless a `key=` follows. Everything is text here;
 * what it stands for is decided by the shape (`command-line-values.ts`).
 */
import { GateError } from '../../core/errors.ts'

export type Shorthand = string | readonly Shorthand[] | ShorthandMap

export interface ShorthandMap {
  readonly [key: string]: Shorthand
}

const MAX_DEPTH = 32

/** True if the text begins as a shorthand's `key=` does. */
export function isShorthand(text: string): boolean {
  return /^[^=,'"[\]{}]{1,256}=/.test(text)
}

/** Reads a whole shorthand. Throws `command-line-invalid` with the place where it stops making sense. */
export function parseShorthand(text: string): ShorthandMap {
  const reader = new ShorthandReader(text)
  return reader.all()
}

class ShorthandReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  all(): ShorthandMap {
    const map = this.#hash('', 0)
    if (this.#at < this.#text.length) throw this.#unexpected()
    return map
  }

  /** Pairs up to `end`, which is left to be read; up to the end of the text where `end` is empty. */
  #hash(end: string, depth: number): ShorthandMap {
    if (depth > MAX_DEPTH) throw new GateError('command-line-invalid', 'the shorthand is nested too deep')
    const map = new Map<string, Shorthand>()
    for (;;) {
      const key = this.#key()
      if (map.has(key))
        throw new GateError('command-line-invalid', `\`${key}\` is there twice in a shorthand`)
      map.set(key, this.#pairValue(end, depth))
      if (this.#peek() !== ',') break
      this.#at++
    }
    return Object.fromEntries(map)
  }

  #key(): string {
    const begin = this.#at
    while (this.#at < this.#text.length && !'=,{}[]'.includes(this.#peek())) this.#at++
    if (this.#peek() !== '=' || this.#at === begin) throw this.#unexpected()
    const key = this.#text.slice(begin, this.#at).trim()
    this.#at++
    return key
  }

  #pairValue(end: string, depth: number): Shorthand {
    const first = this.#item(end, depth)
    if (typeof first !== 'string') return first
    const values = [first]
    while (this.#peek() === ',' && !this.#pairFollows(end)) {
      this.#at++
      values.push(this.#value(end))
    }
    return values.length === 1 ? first : values
  }

  #item(end: string, depth: number): Shorthand {
    if (this.#peek() === '{') return this.#braced(depth)
    if (this.#peek() === '[') return this.#bracketed(depth)
    return this.#value(end)
  }

  #braced(depth: number): ShorthandMap {
    this.#at++
    const map = this.#peek() === '}' ? {} : this.#hash('}', depth + 1)
    this.#expect('}')
    return map
  }

  #bracketed(depth: number): readonly Shorthand[] {
    if (depth > MAX_DEPTH) throw new GateError('command-line-invalid', 'the shorthand is nested too deep')
    this.#at++
    const items: Shorthand[] = []
    while (this.#peek() !== ']') {
      items.push(this.#item(']', depth + 1))
      if (this.#peek() !== ',') break
      this.#at++
    }
    this.#expect(']')
    return items
  }

  /** After a comma: does a `key=` come before the next comma? */
  #pairFollows(end: string): boolean {
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text.charAt(at)
      if (character === '=') return true
      if (character === ',' || character === end || '\'"[{'.includes(character)) return false
    }
    return false
  }

  #value(end: string): string {
    const quote = this.#peek()
    if (quote === '"' || quote === "'") return this.#quoted(quote)
    let value = ''
    while (this.#at < this.#text.length && this.#peek() !== ',' && this.#peek() !== end) {
      if (this.#peek() === '\\' && this.#text.charAt(this.#at + 1) === ',') this.#at++
      value += this.#peek()
      this.#at++
    }
    return value
  }

  #quoted(quote: string): string {
    this.#at++
    let value = ''
    while (this.#peek() !== quote) {
      if (this.#at >= this.#text.length) throw this.#unexpected()
      const next = this.#text.charAt(this.#at + 1)
      if (this.#peek() === '\\' && (next === quote || next === '\\')) this.#at++
      value += this.#peek()
      this.#at++
    }
    this.#at++
    return value
  }

  #expect(character: string): void {
    if (this.#peek() !== character) throw this.#unexpected()
    this.#at++
  }

  #peek(): string {
    return this.#text.charAt(this.#at)
  }

  #unexpected(): GateError {
    const found = this.#at < this.#text.length ? `\`${this.#peek()}\`` : 'its end'
    return new GateError('command-line-invalid', `a shorthand has ${found} at character ${this.#at + 1}`)
  }
}
