import { Unresolved } from '../../model.ts'
import type { Tree } from './tree.ts'
import { KEYWORDS } from './words.ts'

/** Behind these words stands a table, a bracket, or one of `OTHERS`. */
const BEFORE_TABLES: ReadonlySet<string> = new Set([
  'FROM',
  'JOIN',
  'STRAIGHT_JOIN',
  'INTO',
  'UPDATE',
  'TABLE',
])
const OTHERS: ReadonlySet<string> = new Set(['LATERAL', 'JSON_TABLE'])
/** In the brackets of these, FROM stands before an expression. */
const WITH_FROM: ReadonlySet<string> = new Set(['EXTRACT', 'TRIM', 'SUBSTRING', 'SUBSTR', 'MID'])

/**
 * The lexer and the tree must tell the same of a text: every name of the text is one of the tree's, every other word one that
 * queries are made of, and a table stands in the text wherever one must. Throws `Unresolved`.
 */
export function checkAgreement(tree: Tree): void {
  const { tokens } = tree.canonical
  const brackets: string[] = []
  for (const [i, token] of tokens.entries()) {
    const before = tokens[i - 1]
    if (token.kind === 'operator' && token.text === '(') brackets.push(before?.text.toUpperCase() ?? '')
    else if (token.kind === 'operator' && token.text === ')') brackets.pop()
    if (token.kind !== 'word' && token.kind !== 'name') continue
    const word = token.text.toUpperCase()
    if (!tree.seen.has(i) && !tree.tables.has(i) && (token.kind === 'name' || !KEYWORDS.has(word))) {
      throw new Unresolved(`the grammar passes over \`${token.value}\``)
    }
    if (token.kind === 'name' || tree.seen.has(i) || !BEFORE_TABLES.has(word)) continue
    if (word === 'FROM' && WITH_FROM.has(brackets.at(-1) ?? '')) continue
    if (word === 'UPDATE' && /^(?:KEY|FOR)$/i.test(before?.text ?? '')) continue
    const next = tokens[i + 1]
    const isTable = tree.tables.has(i + 1) || next?.text === '(' || OTHERS.has(next?.text.toUpperCase() ?? '')
    if (!isTable) throw new Unresolved(`behind \`${token.value}\` the grammar sees no table`)
  }
}
