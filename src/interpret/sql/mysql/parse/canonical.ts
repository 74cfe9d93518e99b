import { Unresolved } from '../../model.ts'
import type { Token } from '../lex/token.ts'

/** A text for the grammar, and which token stands where in it. */
export interface Canonical {
  readonly sql: string
  readonly tokens: readonly Token[]
  /** The token that begins at a column, counted from 1 in code points. */
  at(column: number): number | undefined
}

/** Most tokens that may stand in one chain, at all levels together: the grammar's stack is small. */
const MAX_CHAIN = 1_200
/** More brackets in each other are refused before the grammar sees them. */
const MAX_BRACKETS = 200
const NAME = /^[^`\p{Cc}]+$/u
const CHARSET = /^_(?:utf8mb4|utf8mb3|utf8|latin1|ascii|binary)$/i

/**
 * Writes a statement anew from its tokens, in one line: comments are gone, names that had quotes have backticks,
 * constants are placeholders of their kind (a text is the number of its token, for it may be an alias). The grammar reads that, so that it has nothing to cut that the lexer cut in
 * another way. Numbers stay, for ORDER BY and GROUP BY mean columns by them. Throws `Unresolved`.
 */
export function canonical(tokens: readonly Token[]): Canonical {
  const kept: Token[] = []
  for (const [i, token] of tokens.entries()) {
    const next = tokens[i + 1]
    // A charset before a text says what its bytes are; beyond these, bytes may hold other quotes.
    if (
      token.kind === 'word' &&
      token.text.startsWith('_') &&
      (next?.kind === 'string' || next?.kind === 'bytes')
    ) {
      if (CHARSET.test(token.text)) continue
      throw new Unresolved(`the gate does not read texts of the charset \`${token.text}\``)
    }
    if (/^n$/i.test(token.text) && next?.kind === 'string' && next.start === token.end) continue
    const before = kept.at(-1)
    // Texts side by side are one.
    if (token.kind === 'string' && before?.kind === 'string') {
      kept[kept.length - 1] = { ...before, value: before.value + token.value, end: token.end }
      continue
    }
    kept.push(token)
  }
  checkChains(kept)
  return written(kept)
}

function written(tokens: readonly Token[]): Canonical {
  const places = new Map<number, number>()
  const parts: string[] = []
  let column = 1
  for (const [i, token] of tokens.entries()) {
    const text = textOf(token, i)
    places.set(column, i)
    parts.push(text)
    column += [...text].length + 1
  }
  return { sql: parts.join(' '), tokens, at: each => places.get(each) }
}

function textOf({ kind, text, value }: Token, i: number): string {
  switch (kind) {
    case 'name':
      if (!NAME.test(value)) throw new Unresolved('a name holds a backtick or a control character')
      return `\`${value}\``
    case 'string':
      return `'${i}'`
    case 'bytes':
      return "'b'"
    case 'variable':
    case 'system-variable':
    case 'parameter':
      return '?'
    case 'end':
      throw new Unresolved('a semicolon stands in a statement')
    case 'operator':
      if (text === ':=') throw new Unresolved('`:=` in a query changes a variable from row to row')
      if ('{}[]'.includes(text)) throw new Unresolved(`the gate does not know \`${text}\` in a query`)
      // The grammar does not know the short form.
      return text === '!' ? 'NOT' : text === '&&' ? 'AND' : text
    default:
      return text
  }
}

function checkChains(tokens: readonly Token[]): void {
  const open: number[] = []
  let here = 0
  let above = 0
  for (const { kind, text } of tokens) {
    if (kind === 'operator' && text === '(') {
      open.push(here)
      above += here
      here = 0
    } else if (kind === 'operator' && text === ')') {
      here = (open.pop() ?? 0) + 1
      above -= here - 1
    } else here = kind === 'operator' && text === ',' ? 0 : here + 1
    if (open.length > MAX_BRACKETS || here + above > MAX_CHAIN) {
      throw new Unresolved('the statement is nested too deeply')
    }
  }
}
