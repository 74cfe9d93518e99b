import { hash } from 'node:crypto'
import { GateError } from '../../../../core/errors.ts'
import type { BaseColumn, Relation, SchemaCatalog, SqlFunction } from '../../model.ts'
import type { SqlParser } from '../parse/parser.ts'
import { QUESTIONS, type Question } from './questions.ts'

/** A row of an answer: columns by name, text. */
export type Row = Readonly<Record<string, string | null>>

/** Asks the upstream; the search_path is empty while it does. */
export type Ask = (sql: string) => Promise<readonly Row[]>

/** More than that, and a database is not for the gate's memory. */
const MAX_ROWS = 2_000_000

const KINDS: Readonly<Record<string, Relation['kind']>> = {
  r: 'table',
  p: 'table',
  v: 'view',
  m: 'materialized-view',
  f: 'foreign-table',
  S: 'sequence',
  c: 'composite-type',
}
const VOLATILITIES: Readonly<Record<string, SqlFunction['volatility']>> = {
  i: 'immutable',
  s: 'stable',
  v: 'volatile',
}
const FUNCTION_KINDS: Readonly<Record<string, SqlFunction['kind']>> = {
  f: 'function',
  p: 'procedure',
  a: 'aggregate',
  w: 'window',
}

/** Reads the upstream's catalog whole. Rejects with what `ask` rejects with, or `sql-catalog-unclear`. */
export async function loadCatalog(ask: Ask, parser: Pick<SqlParser, 'parse'>): Promise<SchemaCatalog> {
  const answers = new Map<Question, readonly Row[]>()
  for (const question of Object.keys(QUESTIONS) as Question[]) {
    const rows = await ask(QUESTIONS[question])
    if (rows.length > MAX_ROWS) throw unclear(`it has more than ${MAX_ROWS} ${question}`)
    answers.set(question, rows)
  }
  const rowsOf = (question: Question): readonly Row[] => answers.get(question) ?? []
  const definitions = await parseViews(rowsOf('views'), parser)
  const relations = relationsOf(rowsOf('relations'), rowsOf('inherits'), definitions)
  const functions = functionsOf(rowsOf('functions'))
  const operators = new Set(rowsOf('operators').map(row => text(row, 'name')))
  const types = new Set(rowsOf('types').map(row => text(row, 'name')))
  const schemas = new Set(rowsOf('schemas').map(row => text(row, 'schema')))
  return {
    version: hash('sha256', JSON.stringify([...answers.values()])),
    relation: (schema, name) => relations.get(keyOf(schema, name)),
    functions: (schema, name) => functions.get(keyOf(schema, name)) ?? [],
    isOwnOperator: name => operators.has(name),
    isOwnType: name => types.has(name),
    hasSchema: schema => schemas.has(schema),
  }
}

/** Neither a schema nor a name can hold a NUL. */
function keyOf(schema: string, name: string): string {
  return `${schema}\0${name}`
}

/** What views are, by their ids. One that cannot be read is left out: what uses it cannot be told, and is denied. */
async function parseViews(
  rows: readonly Row[],
  parser: Pick<SqlParser, 'parse'>,
): Promise<ReadonlyMap<string, unknown>> {
  const definitions = new Map<string, unknown>()
  for (const row of rows) {
    const parsed = await parser.parse(text(row, 'definition'))
    if (parsed.kind !== 'statements' || parsed.statements.length !== 1) continue
    definitions.set(text(row, 'oid'), parsed.statements[0]?.tree)
  }
  return definitions
}

interface Draft {
  readonly schema: string
  readonly name: string
  readonly kind: Relation['kind']
  readonly columns: BaseColumn[]
}

function relationsOf(
  rows: readonly Row[],
  inherits: readonly Row[],
  definitions: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, Relation> {
  const drafts = new Map<string, Draft>()
  for (const row of rows) {
    const oid = text(row, 'oid')
    const [schema, name] = [text(row, 'schema'), text(row, 'name')]
    const draft = drafts.get(oid) ?? { schema, name, kind: oneOf(KINDS, row, 'kind'), columns: [] }
    drafts.set(oid, draft)
    const column = row['column']
    if (typeof column === 'string') draft.columns.push({ schema, relation: name, name: column })
  }
  const children = relatedOf(inherits, 'parent', 'child')
  const parents = relatedOf(inherits, 'child', 'parent')
  const relations = new Map<string, Relation>()
  for (const [oid, draft] of drafts) {
    const at = (related: ReadonlyMap<string, readonly string[]>): Relation['children'] =>
      [...reachedFrom(oid, related)].flatMap(other => {
        const found = drafts.get(other)
        return found === undefined ? [] : [{ schema: found.schema, name: found.name }]
      })
    const above = at(parents)
    const definition = definitions.get(oid)
    relations.set(keyOf(draft.schema, draft.name), {
      ...draft,
      children: at(children),
      ...(above.length === 0 ? {} : { parents: above }),
      ...(definition === undefined ? {} : { definition }),
    })
  }
  return relations
}

/** By one side of inheritance the other. */
function relatedOf(
  rows: readonly Row[],
  from: 'parent' | 'child',
  to: 'parent' | 'child',
): ReadonlyMap<string, readonly string[]> {
  const related = new Map<string, string[]>()
  for (const row of rows) {
    const key = text(row, from)
    const known = related.get(key)
    if (known === undefined) related.set(key, [text(row, to)])
    else known.push(text(row, to))
  }
  return related
}

/** All that is related to a relation, at any distance. */
function reachedFrom(oid: string, related: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const found = new Set<string>()
  const open = [...(related.get(oid) ?? [])]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue
    found.add(next)
    open.push(...(related.get(next) ?? []))
  }
  return found
}

function functionsOf(rows: readonly Row[]): ReadonlyMap<string, readonly SqlFunction[]> {
  const functions = new Map<string, SqlFunction[]>()
  for (const row of rows) {
    const found: SqlFunction = {
      schema: text(row, 'schema'),
      name: text(row, 'name'),
      volatility: oneOf(VOLATILITIES, row, 'volatility'),
      language: text(row, 'language'),
      kind: oneOf(FUNCTION_KINDS, row, 'kind'),
      securityDefiner: row['definer'] !== 'false',
    }
    const key = keyOf(found.schema, found.name)
    const known = functions.get(key)
    if (known === undefined) functions.set(key, [found])
    else known.push(found)
  }
  return functions
}

function text(row: Row, name: string): string {
  const value = row[name]
  if (typeof value !== 'string') throw unclear(`its answer has no \`${name}\``)
  return value
}

function oneOf<T>(of: Readonly<Record<string, T>>, row: Row, name: string): T {
  const written = text(row, name)
  const value = Object.hasOwn(of, written) ? of[written] : undefined
  if (value === undefined) throw unclear(`it says \`${written.slice(0, 32)}\` for a ${name}`)
  return value
}

function unclear(why: string): GateError {
  return new GateError('sql-catalog-unclear', `the catalog of the upstream cannot be read: ${why}`)
}
