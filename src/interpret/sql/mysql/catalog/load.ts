import { hash } from 'node:crypto'
import { GateError } from '../../../../core/errors.ts'
import {
  type BaseColumn,
  type Relation,
  type SchemaCatalog,
  type SqlFunction,
  Unresolved,
} from '../../model.ts'
import type { ReadQuery } from '../analyse/analysis.ts'
import { readQuery } from '../analyse/query-statement.ts'
import { lex } from '../lex/lexer.ts'
import type { Dialect } from '../lex/token.ts'
import type { QueryParser } from '../parse/parser.ts'

/** A row of an answer: columns by name, in lower case, as text. */
export type Row = Readonly<Record<string, string | null>>

/** Asks the upstream. */
export type Ask = (sql: string) => Promise<readonly Row[]>

/** What a server has, and how it compares the names of its tables. */
export interface MysqlCatalog extends SchemaCatalog {
  /** `lower_case_table_names` is 0. */
  readonly isCaseSensitive: boolean
}

/** More than that, and a server is not for the gate's memory. */
const MAX_ROWS = 2_000_000

const QUESTIONS = {
  setting: 'select cast(@@global.lower_case_table_names as char) as folding',
  schemas: 'select schema_name as `schema` from information_schema.schemata order by 1',
  relations: `select table_schema as \`schema\`, table_name as name, table_type as kind
    from information_schema.tables order by 1, 2`,
  columns: `select table_schema as \`schema\`, table_name as name, column_name as \`column\`, extra
    from information_schema.columns order by table_schema, table_name, ordinal_position`,
  views: `select table_schema as \`schema\`, table_name as name, view_definition as definition
    from information_schema.views order by 1, 2`,
  routines: `select routine_schema as \`schema\`, routine_name as name, routine_type as kind,
    security_type as rights, is_deterministic as is_fixed from information_schema.routines order by 1, 2, 3`,
} as const
type Question = keyof typeof QUESTIONS

/**
 * Reads the upstream's catalog whole; `dialect` is that of the session that asks. Rejects with what `ask` rejects with, or
 * `sql-catalog-unclear`. A view that cannot be read is there without its definition: what uses it is denied.
 */
export async function loadMysqlCatalog(
  ask: Ask,
  parser: Pick<QueryParser, 'parse'>,
  dialect: Dialect,
): Promise<MysqlCatalog> {
  const answers = new Map<Question, readonly Row[]>()
  for (const question of Object.keys(QUESTIONS) as Question[]) {
    const rows = await ask(QUESTIONS[question])
    if (rows.length > MAX_ROWS) throw unclear(`it has more than ${MAX_ROWS} ${question}`)
    answers.set(question, rows)
  }
  const rowsOf = (question: Question): readonly Row[] => answers.get(question) ?? []
  const isCaseSensitive = text(rowsOf('setting')[0] ?? {}, 'folding') === '0'
  const keyOf = keys(isCaseSensitive)
  const definitions = new Map<string, ReadQuery>()
  for (const row of rowsOf('views')) {
    const read = await readView(text(row, 'definition'), parser, dialect)
    if (read !== undefined) definitions.set(keyOf(text(row, 'schema'), text(row, 'name')), read)
  }
  const relations = relationsOf(rowsOf('relations'), rowsOf('columns'), definitions, keyOf)
  const functions = functionsOf(rowsOf('routines'))
  const schemas = new Set(rowsOf('schemas').map(row => text(row, 'schema')))
  return {
    version: hash('sha256', JSON.stringify([...answers.values()])),
    isCaseSensitive,
    relation: (schema, name) => relations.get(keyOf(schema, name)),
    functions: (schema, name) => functions.get(`${schema.toLowerCase()}\0${name.toLowerCase()}`) ?? [],
    isOwnOperator: () => false,
    isOwnType: () => false,
    hasSchema: schema => schemas.has(schema),
  }
}

type KeyOf = (schema: string, name: string) => string

/** Neither a schema nor a name can hold a NUL. The server's own are found without regard to case, always. */
function keys(isCaseSensitive: boolean): KeyOf {
  return (schema, name) => {
    return isOwn(schema) || !isCaseSensitive ? `${schema}\0${name}`.toLowerCase() : `${schema}\0${name}`
  }
}

function isOwn(schema: string): boolean {
  return /^(?:information_schema|performance_schema)$/i.test(schema)
}

/** The names of a relation. Those of the server's own are written in upper case by some, in lower case by others. */
function relationNames(row: Row): { readonly schema: string; readonly name: string } {
  const [schema, name] = [text(row, 'schema'), text(row, 'name')]
  return isOwn(schema) ? { schema: schema.toLowerCase(), name: name.toLowerCase() } : { schema, name }
}

async function readView(
  definition: string,
  parser: Pick<QueryParser, 'parse'>,
  dialect: Dialect,
): Promise<ReadQuery | undefined> {
  const lexed = lex(definition, dialect)
  if (lexed.kind !== 'tokens' || lexed.tokens.length === 0) return undefined
  try {
    return await readQuery(lexed.tokens, parser)
  } catch (error) {
    if (error instanceof Unresolved) return undefined
    throw error
  }
}

function relationsOf(
  rows: readonly Row[],
  columns: readonly Row[],
  definitions: ReadonlyMap<string, ReadQuery>,
  keyOf: KeyOf,
): ReadonlyMap<string, Relation> {
  const columnsOf = new Map<string, BaseColumn[]>()
  const hiddenOf = new Map<string, Set<string>>()
  for (const row of columns) {
    const { schema, name: relation } = relationNames(row)
    const key = keyOf(schema, relation)
    const known = columnsOf.get(key) ?? []
    columnsOf.set(key, known)
    known.push({ schema, relation, name: text(row, 'column') })
    if (isHidden(row['extra'])) hiddenOf.set(key, (hiddenOf.get(key) ?? new Set()).add(text(row, 'column')))
  }
  const relations = new Map<string, Relation>()
  for (const row of rows) {
    const { schema, name } = relationNames(row)
    const key = keyOf(schema, name)
    const definition = definitions.get(key)
    // `SYSTEM VIEW` is a table of the server's own, `SYSTEM VERSIONED` one that keeps its past.
    const kind = text(row, 'kind') === 'VIEW' ? 'view' : 'table'
    const hidden = hiddenOf.get(key)
    const found: Relation = {
      ...{ schema, name, kind, columns: columnsOf.get(key) ?? [], children: [] },
      ...(hidden === undefined ? {} : { hidden }),
    }
    relations.set(key, definition === undefined ? found : { ...found, definition })
  }
  return relations
}

/** What the server says of a column beside its type: whether `*` means it. */
export function isHidden(extra: string | null | undefined): boolean {
  return /\bINVISIBLE\b/i.test(extra ?? '')
}

function functionsOf(rows: readonly Row[]): ReadonlyMap<string, readonly SqlFunction[]> {
  const functions = new Map<string, SqlFunction[]>()
  for (const row of rows) {
    const [schema, name] = [text(row, 'schema'), text(row, 'name')]
    const found: SqlFunction = {
      schema,
      name,
      volatility: row['is_fixed'] === 'YES' ? 'immutable' : 'volatile',
      language: 'sql',
      kind: text(row, 'kind') === 'FUNCTION' ? 'function' : 'procedure',
      securityDefiner: row['rights'] !== 'INVOKER',
    }
    const key = `${schema}\0${name}`.toLowerCase()
    functions.set(key, [...(functions.get(key) ?? []), found])
  }
  return functions
}

function text(row: Row, name: string): string {
  const value = row[name]
  if (typeof value !== 'string') throw unclear(`its answer has no \`${name}\``)
  return value
}

function unclear(why: string): GateError {
  return new GateError('sql-catalog-unclear', `the catalog of the upstream cannot be read: ${why}`)
}
