import type { Token } from './lex/token.ts'

/** Statements in one text; more are not cut. */
export const MAX_STATEMENTS = 10_000

/**
 * The statements of a text, without semicolons; empty ones are left out. Where a stored program begins, the rest of the text is
 * one statement: which semicolon ends its body is not told here (see `isProgram`).
 */
export function splitStatements(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const statements: Token[][] = []
  let current: Token[] = []
  for (const token of tokens) {
    if (token.kind === 'end' && !isProgram(current)) {
      if (current.length > 0) statements.push(current)
      current = []
    } else current.push(token)
  }
  if (current.length > 0) statements.push(current)
  return statements
}

const PROGRAMS: ReadonlySet<string> = new Set(['PROCEDURE', 'FUNCTION', 'TRIGGER', 'EVENT', 'PACKAGE'])
/** How far behind CREATE the kind of a thing stands: DEFINER and its account are between them. */
const HEAD = 16

/** Whether a statement makes a stored program, or is a compound one by itself. */
export function isProgram(statement: readonly Token[]): boolean {
  const first = wordOf(statement[0])
  if (first === 'BEGIN') return wordOf(statement[1]) === 'NOT'
  if (first !== 'CREATE' && first !== 'ALTER') return false
  // A table may be called `event`.
  if (wordOf(statement[1]) === 'TABLE' || wordOf(statement[1]) === 'TEMPORARY') return false
  return statement.slice(1, HEAD).some(token => PROGRAMS.has(wordOf(token)))
}

/** A word without quotes, in upper case; empty for all else. */
export function wordOf(token: Token | undefined): string {
  return token?.kind === 'word' ? token.text.toUpperCase() : ''
}
