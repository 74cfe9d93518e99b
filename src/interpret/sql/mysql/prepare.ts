import { type SqlStatement, Unresolved } from '../model.ts'
import type { Token } from './lex/token.ts'
import { plain } from './plain.ts'
import { wordOf } from './split.ts'

/** Understands one statement of a text that stands in another; undefined where it is none, or several. */
export type ReadInner = (sql: string) => Promise<SqlStatement | undefined>

/**
 * Names are compared by the server without regard to case, accents and spaces at the end: of others than these nobody here
 * knows which are one.
 */
const NAME = /^[A-Za-z0-9_$]{1,64}$/

/** What no prepared statement does. */
const NOT_INSIDE: ReadonlySet<string> = new Set(['prepare', 'execute', 'deallocate', 'kill'])

/** PREPARE … FROM a text. What it prepares is asked for as if it ran; what is put together as it runs is not told. */
export async function prepareStatement(tokens: readonly Token[], read: ReadInner): Promise<SqlStatement> {
  const [, , from, text, other] = tokens
  const name = nameOf(tokens[1])
  if (wordOf(from) !== 'FROM' || text?.kind !== 'string' || other !== undefined)
    throw new Unresolved('the text that PREPARE is given is worked out as it runs')
  const inner = await read(text.value)
  if (inner === undefined)
    throw new Unresolved('what PREPARE is given is not one statement that is understood')
  if (inner.effects.some(({ kind }) => NOT_INSIDE.has(kind)))
    throw new Unresolved('a prepared statement prepares or executes others, or ends a connection')
  const { touches, functions, inferred, copied } = inner
  const effects = [{ kind: 'prepare', name, inner, text: text.value }] as const
  return { ...plain('PREPARE', touches, effects), functions, inferred, copied }
}

/** EXECUTE name [USING variables]: what it runs is for whoever knows the session's names. */
export function executeStatement(tokens: readonly Token[]): SqlStatement {
  const [, , using, ...given] = tokens
  const name = nameOf(tokens[1])
  const isPlain =
    using === undefined ||
    (wordOf(using) === 'USING' &&
      given.every(({ kind, text }, i) => (i % 2 === 0 ? kind === 'variable' : text === ',')))
  if (!isPlain) throw new Unresolved('EXECUTE has a form that the gate does not know')
  return plain('EXECUTE', [], [{ kind: 'execute', name }])
}

/** DEALLOCATE PREPARE and DROP PREPARE. */
export function deallocateStatement(tokens: readonly Token[]): SqlStatement {
  if (wordOf(tokens[1]) !== 'PREPARE' || tokens.length !== 3)
    throw new Unresolved('DEALLOCATE has a form that the gate does not know')
  return plain('DEALLOCATE', [], [{ kind: 'deallocate', name: nameOf(tokens[2]) }])
}

function nameOf(token: Token | undefined): string {
  const name = token?.kind === 'word' || token?.kind === 'name' ? token.value : ''
  if (NAME.test(name) && name.toUpperCase() !== 'IMMEDIATE') return name.toLowerCase()
  throw new Unresolved('the name of a prepared statement is none that the gate can compare')
}
