import type { Context, Pair } from '../../core/decision.ts'
import { ANY_COLUMN, type SqlAction, type SqlObject, type SqlStatement, type Touch } from './model.ts'

/** Where a statement runs, as resources name it. */
export interface SqlPlace {
  readonly region: string
  readonly account: string
  /** The target's name in the configuration. */
  readonly target: string
  readonly database: string
}

/**
 * What a statement asks: its actions, each on a resource `arn:sallyport:sql:REGION:ACCOUNT:TARGET/DATABASE/…`, which
 * ends with `SCHEMA.RELATION` (functions are named so, too), or `KIND:NAME` for what is neither (`setting:search_path`,
 * `file:/etc/passwd`); the database itself is `TARGET/DATABASE`.
 */
export function pairsOf(statement: SqlStatement, place: SqlPlace): readonly Pair[] {
  const pairs = statement.touches.map(touch => pairOf(touch, place))
  // What touches nothing (`SELECT 1`, `SHOW`) is still a question: may this be run here at all?
  const [first = { action: 'sql:Select', resource: base(place), certainty: 'exact' } as const, ...others] =
    pairs
  if (!mayReadAny(statement)) return [first, ...others]
  const any = { action: 'sql:Select', resource: `${base(place)}/*`, certainty: 'any' } as const
  return [{ ...first, shows: [...(first.shows ?? []), any] }, ...others]
}

/** Whether something of it may come from any column of the database. */
function mayReadAny({ touches, output, inferred, copied }: SqlStatement): boolean {
  if (touches.some(({ action }) => OPAQUE.has(action))) return true
  const lineages = [inferred, copied, output?.open, ...(output?.columns ?? []).map(({ from }) => from)]
  return lineages.some(lineage => lineage?.has(ANY_COLUMN) === true)
}

/** What runs code that the gate does not read. */
const OPAQUE: ReadonlySet<SqlAction> = new Set<SqlAction>(['sql:Call', 'sql:Do', 'sql:Unknown'])

function pairOf({ action, object, columns }: Touch, place: SqlPlace): Pair {
  const { path, isKnown } = pathOf(object)
  return {
    action,
    resource: path === '' ? base(place) : `${base(place)}/${path}`,
    certainty: isKnown ? 'exact' : 'any',
    // Its errors quote rows, whatever is done to them.
    ...(object.kind === 'relation' && action !== 'sql:Select' ? { shows: [selected(object, place)] } : {}),
    ...(columns.size === 0 ? {} : { context: new Map([['sql:columns', [...columns].sort()]]) }),
  }
}

function selected(object: SqlObject, place: SqlPlace): Pick<Pair, 'action' | 'resource' | 'certainty'> {
  const { path, isKnown } = pathOf(object)
  return { action: 'sql:Select', resource: `${base(place)}/${path}`, certainty: isKnown ? 'exact' : 'any' }
}

function base({ region, account, target, database }: SqlPlace): string {
  return `arn:sallyport:sql:${region}:${account}:${encodeName(target)}/${encodeName(database)}`
}

function pathOf({ kind, schema, name }: SqlObject): { readonly path: string; readonly isKnown: boolean } {
  const written = name === '*' ? '*' : encodeName(name)
  switch (kind) {
    case 'database':
      return name === '*' ? { path: '', isKnown: true } : { path: `database:${written}`, isKnown: true }
    case 'relation':
    case 'function':
    case 'type':
      return schema === undefined
        ? { path: `*.${written}`, isKnown: false }
        : { path: `${encodeName(schema)}.${written}`, isKnown: name !== '*' }
    case 'schema':
      return { path: `${written}.*`, isKnown: false }
    default:
      return { path: `${kind}:${written}`, isKnown: name !== '*' }
  }
}

/**
 * A name as a part of a resource: what would read as a pattern or a border is percent-encoded, so that a table
 * called `a.b` is no table `b` of a schema `a`, and one called `*` not every table.
 */
export function encodeName(name: string): string {
  return name.replace(/[^\p{L}\p{N}_$ -]/gu, text =>
    Buffer.from(text).reduce((all, byte) => `${all}%${byte.toString(16).toUpperCase().padStart(2, '0')}`, ''),
  )
}

/** The condition keys of a statement as a whole. */
export function contextOf(statement: SqlStatement): Context {
  const context = new Map<string, readonly string[]>()
  if (statement.hasWhere !== undefined) context.set('sql:haswhere', [String(statement.hasWhere)])
  const relations = new Set<string>()
  const columns = new Set<string>()
  for (const { object, columns: named } of statement.touches) {
    if (object.kind !== 'relation') continue
    const relation = `${encodeName(object.schema ?? '*')}.${encodeName(object.name)}`
    relations.add(relation)
    for (const column of named) columns.add(`${relation}.${encodeName(column)}`)
  }
  if (statement.output?.open?.has(ANY_COLUMN) === true) columns.add('*.*.*')
  if (relations.size > 0) context.set('sql:tables', [...relations].sort())
  if (columns.size > 0) context.set('sql:columns', [...columns].sort())
  if (statement.functions.size > 0) context.set('sql:functions', [...statement.functions].sort())
  return context
}
