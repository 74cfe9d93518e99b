import { Unresolved } from '../model.ts'
import { PURE } from './analyse/words.ts'
import type { Token } from './lex/token.ts'
import { wordOf } from './split.ts'
import { HOLDS_QUERY } from './words.ts'

/**
 * Refuses expressions that may read more than constants, variables, and what the server's own functions make of these.
 * Throws `Unresolved`.
 */
export function checkConstant(tokens: readonly Token[]): void {
  for (const [i, token] of tokens.entries()) {
    const next = tokens[i + 1]
    const isCalled = next?.kind === 'operator' && next.text === '('
    const word = wordOf(token)
    if (HOLDS_QUERY.has(word) || word === 'TABLE')
      throw new Unresolved('a query stands where the gate follows none')
    if (word === 'VALUE' && wordOf(next) === 'FOR')
      throw new Unresolved('a sequence is read where the gate follows none')
    if (token.kind === 'name' && isCalled)
      throw new Unresolved(`the function \`${token.value}\` is not known`)
    if (token.kind === 'operator' && token.text === '.' && isCall(tokens, i))
      throw new Unresolved('a function of a database is called where the gate follows none')
    if (word !== '' && isCalled && !PURE.has(word.toLowerCase()) && !JOINING.has(word))
      throw new Unresolved(`the function \`${token.value}\` is not known`)
    if (token.kind === 'operator' && token.text === ':=')
      throw new Unresolved('`:=` in an expression changes a variable')
  }
}

/** Words behind which a bracket is no call. */
const JOINING: ReadonlySet<string> = new Set([
  'AND',
  'OR',
  'NOT',
  'XOR',
  'IN',
  'DIV',
  'MOD',
  'LIKE',
  'CAST',
  'USING',
])

function isCall(tokens: readonly Token[], dot: number): boolean {
  const behind = tokens[dot + 2]
  return behind?.kind === 'operator' && behind.text === '('
}
