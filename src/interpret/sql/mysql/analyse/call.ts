import { ANY_COLUMN, type Lineage, Unresolved } from '../../model.ts'
import type { Place } from './analysis.ts'
import { decides, lineageOf, partial } from './flow.ts'
import { NOTHING, union } from './scope.ts'
import { Fields, listOf, variantOf } from './tree.ts'
import { EFFECTS, PURE, TOTAL, TOTAL_IN_FIRST, UNITS } from './words.ts'

const ANYTHING: Lineage = new Set([ANY_COLUMN])

/** A call of a function: what its value may come from. */
export function callLineage(body: unknown, place: Place): Lineage {
  const fields = new Fields('a call', body)
  const path = place.tree.path(fields.take('name'), 'function')
  const given = argumentsOf(fields.take('args'), place, path)
  const over = fields.take('over')
  fields.done()
  if (over !== undefined) windowLineage(over, place)
  const name = (path.at(-1) ?? '').toLowerCase()
  const all = union(...given)
  const isDefined = isOwn(path, place)
  const inside = union(isDefined ? ANYTHING : NOTHING, nativeInside(path, isDefined, place))
  if (inside.size > 0) return union(partial(all, place), inside)
  if (TOTAL.has(name)) return all
  if (TOTAL_IN_FIRST.has(name)) {
    partial(union(...given.slice(1)), place)
    return all
  }
  return partial(all, place)
}

/** Whether somebody defined it; recorded. Parameters and bodies of stored functions are not followed. */
function isOwn(path: readonly string[], { analysis }: Place): boolean {
  const [name = '', schema = analysis.session.database, other] = path.toReversed()
  if (other !== undefined) throw new Unresolved(`\`${path.join('.')}\` has more parts than a function`)
  const found = schema === undefined ? [] : analysis.catalog.functions(schema, name.toLowerCase())
  for (const { schema: of, name: called } of found) {
    analysis.functions.add(`${of}.${called}`)
    analysis.touch('sql:Call', { kind: 'function', schema: of, name: called })
  }
  if (path.length > 1 && found.length === 0)
    throw new Unresolved(`the function \`${path.join('.')}\` is not known`)
  return found.length > 0
}

/** What the server's own function of that name reads beside what it is given. */
function nativeInside(path: readonly string[], isDefined: boolean, { analysis }: Place): Lineage {
  if (path.length > 1) return NOTHING
  const name = (path[0] ?? '').toLowerCase()
  if (PURE.has(name)) {
    analysis.functions.add(name)
    return NOTHING
  }
  if (!EFFECTS.has(name)) {
    if (isDefined) return NOTHING
    throw new Unresolved(`the function \`${name}\` is not known`)
  }
  analysis.functions.add(name)
  analysis.touch('sql:Call', { kind: 'function', name, schema: 'mysql' })
  if (name !== 'load_file') return NOTHING
  // The path is worked out as it runs: any file, those of the tables among them.
  analysis.touch('sql:Copy', { kind: 'file', name: '*' })
  return ANYTHING
}

function argumentsOf(node: unknown, place: Place, path: readonly string[]): readonly Lineage[] {
  if (node === undefined) return []
  const { tag, body } = variantOf(node)
  if (tag === 'None') return []
  if (tag !== 'List') throw new Unresolved(`a call with ${tag} is not known`)
  const fields = new Fields('arguments', body).skip('duplicate_treatment')
  const nodes = fields.list('args')
  for (const clause of fields.list('clauses')) readClause(clause, place)
  fields.done()
  const isTimed = /^(?:timestampadd|timestampdiff|get_format)$/i.test(path.at(-1) ?? '')
  return nodes.map((each, i) => argumentLineage(each, isTimed && i === 0, place))
}

function argumentLineage(node: unknown, isUnit: boolean, place: Place): Lineage {
  const { tag, body } = variantOf(node)
  if (tag !== 'Unnamed') throw new Unresolved('arguments by name are not known')
  const { tag: kind, body: value } = variantOf(body)
  // `count(*)`.
  if (kind === 'Wildcard') return NOTHING
  if (kind !== 'Expr') throw new Unresolved(`an argument of the kind ${kind} is not known`)
  const expression = variantOf(value)
  if (
    isUnit &&
    expression.tag === 'Identifier' &&
    UNITS.has(place.tree.name(expression.body, 'column').toUpperCase())
  )
    return NOTHING
  return lineageOf(value, place)
}

/** ORDER BY, SEPARATOR and LIMIT of GROUP_CONCAT. */
function readClause(node: unknown, place: Place): void {
  const { tag, body } = variantOf(node)
  if (tag === 'OrderBy') behindList(place, at => listOf(body).map(each => orderedBy(each, at)))
  else if (tag === 'Limit') decides(body, place)
  else if (tag !== 'Separator') throw new Unresolved(`a call with ${tag} is not known`)
}

export function orderedBy(node: unknown, place: Place): void {
  const fields = new Fields('ORDER BY', node).skip('options')
  decides(fields.take('expr'), place)
  fields.done()
}

/** An order within the list may be by a result that stands further behind in it: MariaDB takes that first. */
function behindList(place: Place, read: (at: Place) => unknown): void {
  if (place.waiting === undefined) read({ ...place, isBehindList: true })
  else place.waiting.push(read)
}

/** OVER: a window's own words, or the name of one. */
export function windowLineage(node: unknown, place: Place): void {
  const { tag, body } = variantOf(node)
  if (tag === 'NamedWindow') place.tree.name(body, 'alias')
  else behindList(place, at => readWindow(body, at))
}

function readWindow(body: unknown, place: Place): void {
  const fields = new Fields('a window', body)
  for (const each of fields.list('partition_by')) decides(each, place)
  for (const each of fields.list('order_by')) orderedBy(each, place)
  const frame = fields.take('window_frame')
  if (frame !== undefined) readFrame(frame)
  const base = fields.take('window_name')
  if (base !== undefined) place.tree.name(base, 'alias')
  fields.done()
}

/** A frame has numbers alone: what else may stand there is not looked at, and refused. */
function readFrame(node: unknown): void {
  const fields = new Fields('a frame', node).skip('units')
  for (const bound of [fields.take('start_bound'), fields.take('end_bound')]) {
    if (bound === undefined) continue
    const { body } = variantOf(bound)
    if (body === undefined || body === null) continue
    if (variantOf(body).tag !== 'Value') throw new Unresolved('a frame has a bound that is no number')
  }
  fields.done()
}
