import { type SqlStatement, type Touch, Unresolved } from '../model.ts'
import { checkConstant } from './constants.ts'
import { lex } from './lex/lexer.ts'
import type { Dialect, Token } from './lex/token.ts'
import { ANYTHING, type NamePlace, pathAt, plain, relationOf, routineOf, touched } from './plain.ts'
import { wordOf } from './split.ts'
import { matched } from './words.ts'

/**
 * CALL. What stands in a procedure is not followed: all that comes out may be anything, and it may put anything into
 * variables. What it is given is.
 */
export function callStatement(tokens: readonly Token[], place: NamePlace): SqlStatement {
  const { schema, name, length } = pathAt(tokens, 1, place.session)
  if (schema === undefined) throw new Unresolved(`no database is chosen for the procedure \`${name}\``)
  checkConstant(tokens.slice(1 + length))
  const routine = routineOf({ schema, name }, place)
  return {
    ...plain('CALL', [touched('sql:Call', routine)]),
    functions: new Set([`${routine.schema}.${routine.name}`]),
    output: { columns: [], open: ANYTHING },
    copied: ANYTHING,
  }
}

/** KILL [CONNECTION | QUERY] number: of a connection, by the number that the client knows it by. */
export function killStatement(tokens: readonly Token[]): SqlStatement {
  const rest = tokens.slice(1)
  const end = matched('?HARD ?SOFT ?CONNECTION ?QUERY', rest) ?? 0
  const [number, other] = rest.slice(end)
  if (number?.kind !== 'number' || other !== undefined || !/^[0-9]{1,10}$/.test(number.text))
    throw new Unresolved('KILL has a form that the gate does not know')
  const what = rest.slice(0, end).some(token => wordOf(token) === 'QUERY') ? 'query' : 'connection'
  return plain('KILL', [], [{ kind: 'kill', what, id: Number(number.text) }])
}

/** Whether a text wants a file of the client. */
export const LOAD_LOCAL = 'LOAD DATA LOCAL'

/** The files of the client that a text wants, as it names them; one that was understood. */
export function localFiles(sql: string, dialect: Dialect): ReadonlySet<string> {
  const lexed = lex(sql, dialect)
  const tokens = lexed.kind === 'tokens' ? lexed.tokens : []
  const names = tokens.filter(
    ({ kind }, i) =>
      kind === 'string' && wordOf(tokens[i - 1]) === 'INFILE' && wordOf(tokens[i - 2]) === 'LOCAL',
  )
  return new Set(names.map(({ value }) => value))
}

/**
 * LOAD DATA: what it writes to, and the server's file that it reads. Of the client's own file nothing is asked: it can send
 * the same by INSERT.
 */
export function loadStatement(tokens: readonly Token[], place: NamePlace): SqlStatement {
  const start = matched('LOAD DATA ?LOW_PRIORITY ?CONCURRENT', tokens)
  if (start === undefined) throw new Unresolved('LOAD has a form that the gate does not know')
  const isLocal = wordOf(tokens[start]) === 'LOCAL'
  const [word, file, ...rest] = tokens.slice(isLocal ? start + 1 : start)
  if (wordOf(word) !== 'INFILE' || file?.kind !== 'string')
    throw new Unresolved('LOAD DATA has a form that the gate does not know')
  const into = matched('?REPLACE ?IGNORE INTO TABLE', rest)
  if (into === undefined) throw new Unresolved('LOAD DATA has a form that the gate does not know')
  const { schema, name, length } = pathAt(rest, into, place.session)
  if (schema === undefined) throw new Unresolved(`no database is chosen for the table \`${name}\``)
  const tail = rest.slice(into + length)
  // SET may work values out, also of what is in the table already.
  if (tail.some(token => wordOf(token) === 'SET')) throw new Unresolved('LOAD DATA … SET is not followed')
  checkConstant(tail.filter(({ text }) => text !== '(' && text !== ')'))
  const relation = relationOf({ schema, name }, place)
  const touches: Touch[] = [touched('sql:Insert', relation)]
  if (wordOf(rest[0]) === 'REPLACE') touches.push(touched('sql:Delete', relation))
  if (!isLocal) touches.push(touched('sql:Copy', { kind: 'file', name: file.value }))
  return plain(isLocal ? LOAD_LOCAL : 'LOAD DATA', touches)
}
