import { GateError } from '../../../core/errors.ts'

/*
 * PartiQL as DynamoDB takes it, read as far as a decision needs: which kind of statement, on which table or
 * index (DynamoDB Developer Guide, "PartiQL statements for DynamoDB").
 *
 * Invariant: every character is part of a known token, and the words that could bring in another table or
 * another statement stand where this reader expects them, or the statement is refused.
 */

export type PartiqlKind = 'Select' | 'Insert' | 'Update' | 'Delete'

export interface PartiqlStatement {
  readonly kind: PartiqlKind
  /** Name or ARN of the table. */
  readonly table: string
  readonly index?: string
}

type Token =
  | { readonly kind: 'word'; readonly text: string; readonly upper: string }
  | { readonly kind: 'quoted'; readonly text: string }
  | { readonly kind: 'value' }
  | { readonly kind: 'mark'; readonly text: string }

/** DynamoDB's limit for a statement, in characters. */
const MAX_LENGTH = 8192
/** Words that begin a statement or name a table: each may stand only where it is expected. */
const STRUCTURAL: ReadonlySet<string> = new Set([
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'FROM',
  'INTO',
  'EXISTS',
  'UNION',
  'INTERSECT',
  'EXCEPT',
  'JOIN',
  'WITH',
  'UPSERT',
  'REPLACE',
  'CREATE',
  'DROP',
])

/** @throws GateError `partiql-unclear` */
export function readPartiql(text: string): PartiqlStatement {
  if (text.length > MAX_LENGTH) throw unclear(`it is longer than ${MAX_LENGTH} characters`)
  return new Reader(tokensOf(text)).statement()
}

class Reader {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  statement(): PartiqlStatement {
    const exists = this.#takeWord('EXISTS')
    if (exists) this.#mark('(')
    const statement = this.#body(exists)
    if (exists) this.#closeExists()
    this.#noStructure()
    return statement
  }

  #body(selectOnly: boolean): PartiqlStatement {
    if (this.#takeWord('SELECT')) return this.#select()
    if (selectOnly) throw unclear('`EXISTS` holds a `SELECT`')
    if (this.#takeWord('INSERT')) return this.#target('Insert', 'INTO', ['VALUE', 'VALUES'])
    if (this.#takeWord('UPDATE')) return this.#target('Update', undefined, ['SET', 'REMOVE'])
    if (this.#takeWord('DELETE')) return this.#target('Delete', 'FROM', ['WHERE'])
    throw unclear('it begins with none of `SELECT`, `INSERT`, `UPDATE`, `DELETE` and `EXISTS`')
  }

  #select(): PartiqlStatement {
    for (let token = this.#next(); ; token = this.#next()) {
      if (token === undefined) throw unclear('its `SELECT` has no `FROM`')
      if (token.kind !== 'word' || !STRUCTURAL.has(token.upper)) continue
      if (token.upper !== 'FROM') throw unclear(`it has \`${token.upper}\` where none can stand`)
      const table = this.#table()
      const after = this.#peek()
      const ends = after === undefined || isMark(after, ')') || isMark(after, ';')
      if (!ends && !isWord(after, 'WHERE') && !isWord(after, 'ORDER')) {
        throw unclear('after its table comes neither `WHERE` nor `ORDER BY`')
      }
      return { kind: 'Select', ...table }
    }
  }

  #target(kind: PartiqlKind, before: string | undefined, after: readonly string[]): PartiqlStatement {
    if (before !== undefined && !this.#takeWord(before)) throw unclear(`\`${before}\` is missing`)
    const table = this.#table()
    if (table.index !== undefined) throw unclear('only a `SELECT` can name an index')
    const next = this.#next()
    if (next?.kind !== 'word' || !after.includes(next.upper)) {
      throw unclear(`after its table comes no \`${after[0] ?? ''}\``)
    }
    return { kind, ...table }
  }

  #table(): { readonly table: string; readonly index?: string } {
    const table = this.#name()
    if (!isMark(this.#peek(), '.')) return { table }
    this.#at++
    return { table, index: this.#name() }
  }

  #name(): string {
    const token = this.#next()
    if (token?.kind === 'quoted') return token.text
    if (token?.kind === 'word' && !STRUCTURAL.has(token.upper)) return token.text
    throw unclear('the name of its table is missing')
  }

  /** The end of `EXISTS( … )`: one closing parenthesis, the last token but a semicolon. */
  #closeExists(): void {
    const tokens = isMark(this.#tokens.at(-1), ';') ? this.#tokens.slice(0, -1) : this.#tokens
    if (!isMark(tokens.at(-1), ')')) throw unclear('its `EXISTS` has no end')
  }

  #noStructure(): void {
    for (let token = this.#next(); token !== undefined; token = this.#next()) {
      if (token.kind === 'word' && STRUCTURAL.has(token.upper)) {
        throw unclear(`it has a second \`${token.upper}\``)
      }
      if (isMark(token, ';') && this.#peek() !== undefined) throw unclear('it is more than one statement')
    }
  }

  #takeWord(upper: string): boolean {
    if (!isWord(this.#peek(), upper)) return false
    this.#at++
    return true
  }

  #mark(text: string): void {
    if (!isMark(this.#next(), text)) throw unclear(`\`${text}\` is missing`)
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at]
  }

  #next(): Token | undefined {
    return this.#tokens[this.#at++]
  }
}

function isWord(token: Token | undefined, upper: string): boolean {
  return token?.kind === 'word' && token.upper === upper
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text
}

const SPACE = /[ \t\r\n]/
const WORD_START = /[A-Za-z_$]/
const WORD = /[A-Za-z0-9_$]/
const NUMBER = /[0-9.eE]/
const MARKS = '()[]{}<>=!,.:;*+-/|?'

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const char = text.charAt(at)
    if (SPACE.test(char)) at++
    else if (char === '"' || char === "'") {
      const { value, end } = quoted(text, at)
      tokens.push(char === '"' ? { kind: 'quoted', text: value } : { kind: 'value' })
      at = end
    } else if (WORD_START.test(char)) {
      const end = endOf(text, at, WORD)
      const word = text.slice(at, end)
      tokens.push({ kind: 'word', text: word, upper: word.toUpperCase() })
      at = end
    } else if (/[0-9]/.test(char)) {
      at = endOf(text, at, NUMBER)
      tokens.push({ kind: 'value' })
    } else {
      if (!MARKS.includes(char)) throw unclear('it has a character that has no meaning in it')
      const two = text.slice(at, at + 2)
      if (two === '--' || two === '/*') throw unclear('it has a comment')
      tokens.push({ kind: 'mark', text: char })
      at++
    }
  }
  return tokens
}

function endOf(text: string, from: number, set: RegExp): number {
  let end = from
  while (end < text.length && set.test(text.charAt(end))) end++
  return end
}

/** A text in quotation marks; two of them stand for one. */
function quoted(text: string, from: number): { readonly value: string; readonly end: number } {
  const mark = text.charAt(from)
  let value = ''
  let at = from + 1
  for (;;) {
    const end = text.indexOf(mark, at)
    if (end === -1) throw unclear('a quotation mark in it is not closed')
    value += text.slice(at, end)
    if (text.charAt(end + 1) !== mark) return { value, end: end + 1 }
    value += mark
    at = end + 2
  }
}

function unclear(why: string): GateError {
  return new GateError('partiql-unclear', `the PartiQL statement cannot be taken: ${why}`)
}
