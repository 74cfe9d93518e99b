import { type SqlObject, type Touch, Unresolved } from '../model.ts'
import { kindOf } from './classify.ts'
import type { Kind } from './kind.ts'
import type { Token } from './lex/token.ts'
import { type NamePlace, pathAt, relationOf, routineOf, touched } from './plain.ts'
import { isProgram, wordOf } from './split.ts'

export type Command = Extract<Kind, { readonly kind: 'command' }>

/** What a command touches: what its words name, and tables that it reads or is about beside that. */
export function commandTouches(
  found: Command,
  tokens: readonly Token[],
  place: NamePlace,
): readonly [Touch, ...Touch[]] {
  const rest = tokens.slice(found.end)
  const [first, ...others] = found.object === 'relations' ? relations(found, rest, place) : []
  const named = first ?? touched(found.action)
  const gone = replaced(found.tag, tokens.slice(0, found.end), named.object)
  const beside = [
    ...about(found, tokens, place),
    ...read(found, tokens, place),
    ...renamed(found, tokens, place),
  ]
  return [named, ...others, ...gone, ...beside]
}

/** CREATE OR REPLACE drops the table that has the name. */
export function replaced(tag: string, head: readonly Token[], object: SqlObject): readonly Touch[] {
  const isReplacing = tag === 'CREATE TABLE' && head.some(token => wordOf(token) === 'REPLACE')
  return isReplacing ? [touched('sql:Drop', object)] : []
}

/** The names behind the words, one behind each comma; of CREATE and ALTER, the first alone. */
function relations({ action, tag }: Command, tokens: readonly Token[], place: NamePlace): readonly Touch[] {
  const isOne = action === 'sql:Create' || tag === 'ALTER TABLE'
  const starts = tokens.flatMap((token, i) =>
    token.kind === 'operator' && token.text === ',' ? [i + 1] : [],
  )
  return [0, ...(isOne ? [] : starts)].map(start =>
    touched(action, relationOf(pathAt(tokens, start, place.session), place)),
  )
}

/** Words that stand where ALTER DATABASE leaves the name away. */
const OPTIONS: ReadonlySet<string> = new Set([
  ...['CHARACTER', 'CHARSET', 'DEFAULT', 'COLLATE', 'COMMENT', 'ENCRYPTION', 'READ', 'UPGRADE'],
])

/** What a command is about that names no table: a database as a whole, a routine, the table of an index or trigger. */
function about(found: Command, tokens: readonly Token[], place: NamePlace): readonly Touch[] {
  const { action, object, end } = found
  const { session } = place
  if (object === 'schema') {
    const isLeftAway = tokens[end] === undefined || OPTIONS.has(wordOf(tokens[end]))
    const name = isLeftAway ? session.database : pathAt(tokens, end, { ...session, database: undefined }).name
    if (name === undefined) throw new Unresolved('no database is chosen')
    const folded = session.isCaseSensitive ? name : name.toLowerCase()
    return [touched(action, { kind: 'schema', name: folded })]
  }
  if (object === 'routine') return [touched(action, routine(tokens, end, place))]
  const kind = object === 'nothing' ? kindOf(tokens) : ''
  const isOfTable = kind === 'INDEX' || (kind === 'TRIGGER' && action === 'sql:Create')
  const on = isOfTable ? tokens.findIndex(token => wordOf(token) === 'ON') : -1
  const table = on === -1 ? [] : [touched(action, relationOf(pathAt(tokens, on + 1, session), place))]
  // What a program does is not followed: it runs later, with the rights of who made it.
  return isProgram(tokens) ? [...table, touched('sql:Do')] : table
}

function routine(tokens: readonly Token[], at: number, place: NamePlace): SqlObject {
  const { schema, name } = pathAt(tokens, at, place.session)
  if (schema === undefined) throw new Unresolved(`no database is chosen for \`${name}\``)
  return routineOf({ schema, name }, place)
}

/** Tables that are read to make another like them, or whose keys tell which rows may be. */
function read({ tag }: Command, tokens: readonly Token[], place: NamePlace): readonly Touch[] {
  if (tag !== 'CREATE TABLE' && tag !== 'ALTER TABLE') return []
  return tokens.flatMap((token, i) => {
    const word = wordOf(token)
    const before = tokens[i - 1]
    const isLike = word === 'LIKE' && (before?.text === '(' || isName(before))
    if (word !== 'REFERENCES' && !isLike) return []
    return [touched('sql:Select', relationOf(pathAt(tokens, i + 1, place.session), place))]
  })
}

/** What has another name is read by that, and stands where nobody has asked for it. */
function renamed(found: Command, tokens: readonly Token[], place: NamePlace): readonly Touch[] {
  const { tag, end } = found
  if (tag !== 'ALTER TABLE' && tag !== 'RENAME TABLE') return []
  const names = tokens.flatMap((_, i) => (i > end ? newNameAt(tag, tokens, i) : []))
  if (names.length === 0) return []
  const sources = relations(found, tokens.slice(end), place)
  return [
    ...sources.map(({ object }) => touched('sql:Select', object)),
    ...names.map(at => touched('sql:Create', relationOf(pathAt(tokens, at, place.session), place))),
  ]
}

/** Where a new name stands behind this word: `RENAME TABLE x TO y, …`, `ALTER TABLE x RENAME [TO | AS | =] y`. */
function newNameAt(tag: string, tokens: readonly Token[], i: number): readonly number[] {
  const [word, next] = [wordOf(tokens[i]), tokens[i + 1]]
  if (tag === 'RENAME TABLE') return word === 'TO' ? [i + 1] : []
  if (word !== 'RENAME' || PARTS.has(wordOf(next))) return []
  return [next?.text === '=' || ['TO', 'AS'].includes(wordOf(next)) ? i + 2 : i + 1]
}

/** What of a table RENAME may name: then the table keeps its own. */
const PARTS: ReadonlySet<string> = new Set(['COLUMN', 'INDEX', 'KEY'])

function isName(token: Token | undefined): boolean {
  return token?.kind === 'word' || token?.kind === 'name'
}
