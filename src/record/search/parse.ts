import { GateError } from '../../core/errors.ts'
import {
  MAX_QUERY_LENGTH,
  MAX_TERMS,
  type Pattern,
  type Query,
  SYNONYMS,
  TEXT_KEYS,
  type Term,
  type TextKey,
  TIME_KEYS,
  type Wildcard,
} from './query.ts'
import { parseTime } from './time.ts'

/** A query that cannot be understood, and the character (from 0) at which. */
export class QueryError extends GateError {
  readonly at: number

  constructor(message: string, at: number) {
    super('query-invalid', `${message} (at character ${at + 1} of the query)`)
    this.at = at
  }
}

/** Reads a query as `query.ts` describes it. `nowMs`: what `2h` counts back from. Throws `QueryError`. */
export function parseQuery(text: string, nowMs: number): Query {
  if (text.length > MAX_QUERY_LENGTH) {
    throw new QueryError(`the query is longer than ${MAX_QUERY_LENGTH} characters`, MAX_QUERY_LENGTH)
  }
  return new Reader(text, nowMs).query()
}

class Reader {
  readonly #text: string
  readonly #nowMs: number
  #at = 0

  constructor(text: string, nowMs: number) {
    this.#text = text
    this.#nowMs = nowMs
  }

  query(): Query {
    const terms: Term[] = []
    for (;;) {
      while (isSpace(this.#peek())) this.#at += 1
      if (this.#peek() === '') return terms
      if (terms.length === MAX_TERMS) throw new QueryError(`there are more than ${MAX_TERMS} terms`, this.#at)
      terms.push(this.#term())
    }
  }

  #peek(): string {
    return this.#text.charAt(this.#at)
  }

  #term(): Term {
    const start = this.#at
    const not = this.#peek() === '-'
    if (not) this.#at += 1
    const name = this.#key()
    const valueAt = this.#at
    if (name === undefined) {
      const pattern = this.#pattern()
      if (this.#at === valueAt) throw new QueryError('`-` stands before nothing', start)
      return { key: 'text', not, pattern }
    }
    const time = TIME_KEYS.find(key => key === name)
    if (time !== undefined) {
      if (not) throw new QueryError(`\`-\` cannot stand before \`${time}\``, start)
      return { key: time, timeMs: this.#time(valueAt) }
    }
    const key: TextKey | undefined = SYNONYMS.get(name) ?? TEXT_KEYS.find(known => known === name)
    if (key === undefined) {
      const at = start + (not ? 1 : 0)
      throw new QueryError(`there is no key \`${name}\`; quote text that has a colon`, at)
    }
    const pattern = this.#pattern()
    if (this.#at === valueAt) throw new QueryError(`\`${name}:\` has no value`, valueAt)
    return { key, not, pattern }
  }

  /** The key, if what follows begins with one; then what follows its colon is next. */
  #key(): string | undefined {
    let end = this.#at
    for (;;) {
      const character = this.#text.charAt(end)
      if (character === ':') break
      if (character === '' || character === '"' || isSpace(character)) return undefined
      end += 1
    }
    const name = this.#text.slice(this.#at, end)
    this.#at = end + 1
    return name
  }

  #time(at: number): number {
    const pattern = this.#pattern()
    const text = pattern.parts.length === 1 ? pattern.parts[0] : undefined
    const timeMs = typeof text === 'string' ? parseTime(text, this.#nowMs) : undefined
    if (timeMs !== undefined) return timeMs
    throw new QueryError('a time reads `2026-01-02`, `2026-01-02T03:04:05Z` or, for how long ago, `90m`', at)
  }

  #pattern(): Pattern {
    const parts: (string | Wildcard)[] = []
    let literal = ''
    const flush = (): void => {
      if (literal !== '') parts.push(literal)
      literal = ''
    }
    for (;;) {
      const character = this.#peek()
      if (character === '' || isSpace(character)) break
      if (character === '"') {
        literal += this.#quoted()
        continue
      }
      this.#at += 1
      if (character === '*' || character === '?') {
        flush()
        parts.push({ wildcard: character === '*' ? 'any' : 'one' })
      } else {
        literal += character
      }
    }
    flush()
    return { parts }
  }

  #quoted(): string {
    const start = this.#at
    let value = ''
    for (let at = start + 1; at < this.#text.length; at++) {
      const character = this.#text.charAt(at)
      if (character === '"') {
        this.#at = at + 1
        return value
      }
      if (character === '\\') at += 1
      value += this.#text.charAt(at)
    }
    throw new QueryError('the quote is not closed', start)
  }
}

function isSpace(character: string): boolean {
  return character !== '' && /\s/.test(character)
}
