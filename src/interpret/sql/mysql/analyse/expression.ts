import { type Lineage, Unresolved } from '../../model.ts'
import type { Place } from './analysis.ts'
import { callLineage } from './call.ts'
import { columnsOf, lineageOf, lineagesOf, partial } from './flow.ts'
import { columnNamed, columnsNamed, NOTHING, rangeNamed, union, wholeOf } from './scope.ts'
import { Fields, listOf, variantOf } from './tree.ts'

/** What the value of an expression comes from, for `Readers`. */
export function expressionLineage(node: unknown, place: Place): Lineage {
  const { tag, body } = variantOf(node)
  const read = READERS[tag]
  if (read === undefined)
    throw new Unresolved(`the gate does not know what \`${tag}\` means in an expression`)
  return read(body, place)
}

type Reader = (body: unknown, place: Place) => Lineage

/** Reads the named parts, which may be absent, and nothing else that means something. */
function parts(
  what: string,
  names: readonly string[],
  isTotal: boolean,
  skipped: readonly string[] = [],
): Reader {
  return (body, place) => {
    const fields = new Fields(what, body).skip(...skipped)
    const nodes = names.map(name => fields.take(name)).filter(node => node !== undefined)
    fields.done()
    const from = lineagesOf(nodes, place)
    return isTotal ? from : partial(from, place)
  }
}

const inner: Reader = (body, place) => lineageOf(body, place)
const comparison = (what: string): Reader =>
  parts(what, ['left', 'right', 'expr', 'pattern', 'low', 'high'], false, [
    'op',
    'compare_op',
    'negated',
    'is_some',
    'regexp',
    'any',
    'escape_char',
  ])
const subquery = (body: unknown, place: Place): Lineage => wholeOf(columnsOf(body, place))

const READERS: Readonly<Record<string, Reader>> = {
  Identifier: (body, place) => {
    const name = place.tree.name(body, 'column')
    const from = columnNamed(place.scope, name, place.isBehindList === true)
    place.analysis.see(from)
    return from
  },
  CompoundIdentifier: (body, place) => {
    const path = listOf(body).map(part => place.tree.name(part, 'column'))
    const [name = '', alias = '', schema, other] = path.toReversed()
    if (other !== undefined) throw new Unresolved(`\`${path.join('.')}\` has more parts than a column`)
    const range = rangeNamed(place.scope, alias, schema, place.analysis.session)
    const found = columnsNamed(range.columns, name)
    if (found.length === 0) throw new Unresolved(`\`${alias}\` has no column \`${name}\``)
    const from = wholeOf(found)
    place.analysis.see(from)
    return from
  },
  Value: () => NOTHING,
  TypedString: () => NOTHING,
  Nested: inner,
  Tuple: (body, place) => lineagesOf(listOf(body), place),
  BinaryOp: comparison('an operator'),
  UnaryOp: comparison('an operator'),
  AnyOp: comparison('ANY'),
  AllOp: comparison('ALL'),
  Like: comparison('LIKE'),
  RLike: comparison('REGEXP'),
  Between: comparison('BETWEEN'),
  IsNull: inner,
  IsNotNull: inner,
  IsTrue: (body, place) => partial(inner(body, place), place),
  IsFalse: (body, place) => partial(inner(body, place), place),
  IsUnknown: (body, place) => partial(inner(body, place), place),
  IsNotTrue: (body, place) => partial(inner(body, place), place),
  IsNotFalse: (body, place) => partial(inner(body, place), place),
  IsNotUnknown: (body, place) => partial(inner(body, place), place),
  InList: (body, place) => {
    const fields = new Fields('IN', body).skip('negated')
    const from = lineagesOf([fields.take('expr'), ...fields.list('list')], place)
    fields.done()
    return partial(from, place)
  },
  InSubquery: (body, place) => {
    const fields = new Fields('IN', body).skip('negated')
    const from = union(lineageOf(fields.take('expr'), place), subquery(fields.take('subquery'), place))
    fields.done()
    return partial(from, place)
  },
  Exists: (body, place) => {
    const fields = new Fields('EXISTS', body).skip('negated')
    subquery(fields.take('subquery'), place)
    fields.done()
    return NOTHING
  },
  Subquery: subquery,
  Case: (body, place) => caseLineage(body, place),
  Cast: (body, place) => castLineage(body, place),
  Convert: (body, place) => castLineage(body, place),
  Collate: (body, place) => {
    const fields = new Fields('COLLATE', body)
    place.tree.path(fields.take('collation'), 'alias')
    const from = lineageOf(fields.take('expr'), place)
    fields.done()
    return from
  },
  Extract: parts('EXTRACT', ['expr'], false, ['field', 'syntax']),
  Ceil: parts('CEIL', ['expr'], false, ['field']),
  Floor: parts('FLOOR', ['expr'], false, ['field']),
  Position: parts('POSITION', ['expr', 'in'], true),
  Trim: parts('TRIM', ['expr', 'trim_what'], true, ['trim_where']),
  Interval: parts('INTERVAL', ['value'], false, ['leading_field']),
  Substring: (body, place) => {
    const fields = new Fields('SUBSTRING', body).skip('special', 'shorthand')
    const text = lineageOf(fields.take('expr'), place)
    const places = [fields.take('substring_from'), fields.take('substring_for')]
    fields.done()
    const given = places.filter(node => node !== undefined)
    return union(text, partial(lineagesOf(given, place), place))
  },
  Function: (body, place) => callLineage(body, place),
  MatchAgainst: (body, place) => {
    const fields = new Fields('MATCH', body).skip('match_value', 'opt_search_modifier')
    const columns = fields.list('columns').map(path => {
      const names = place.tree.path(path, 'column')
      const [name = '', alias] = names.toReversed()
      if (alias === undefined) return columnNamed(place.scope, name, false)
      return wholeOf(
        columnsNamed(rangeNamed(place.scope, alias, names.at(-3), place.analysis.session).columns, name),
      )
    })
    fields.done()
    return partial(union(...columns), place)
  },
}

function caseLineage(body: unknown, place: Place): Lineage {
  const fields = new Fields('CASE', body)
  const operand = fields.take('operand')
  const otherwise = fields.take('else_result')
  const branches = fields.list('conditions').map(node => {
    const branch = new Fields('WHEN', node)
    const [condition, result] = [branch.take('condition'), branch.take('result')]
    branch.done()
    return { condition, result }
  })
  fields.done()
  const asked = [operand, ...branches.map(({ condition }) => condition)].filter(node => node !== undefined)
  const given = [...branches.map(({ result }) => result), otherwise].filter(node => node !== undefined)
  return union(partial(lineagesOf(asked, place), place), lineagesOf(given, place))
}

/** Every value can be a text; what becomes something else warns with what it was. */
function castLineage(body: unknown, place: Place): Lineage {
  const fields = new Fields('CAST', body).skip('kind')
  const type = fields.take('data_type')
  const charset = fields.take('charset')
  if (charset !== undefined) place.tree.path(charset, 'alias')
  const from = lineageOf(fields.take('expr'), place)
  fields.done()
  return isWholeText(type) ? from : partial(from, place)
}

/** CHAR and BINARY of any length: what is cut short warns, and so does what a charset has no character for. */
function isWholeText(type: unknown): boolean {
  if (type === undefined) return false
  const { tag, body } = variantOf(type)
  return (tag === 'Char' || tag === 'Binary') && (body ?? undefined) === undefined
}
