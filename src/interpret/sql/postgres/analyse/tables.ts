import type { Constraint, RangeVar } from 'libpg-query'
import type { Relation } from '../../model.ts'
import type { Analysis } from './analysis.ts'
import { ANYTHING } from './scope.ts'
import { type NodeKind, namesOf } from './tree.ts'

/**
 * What changes of tables do to the tables beside the one that they are about, and what they tell of values: a constraint by its
 * error, another name by being none that a mask is for.
 */

type Body = Readonly<Record<string, unknown>>

/** Commands on a relation whose outcome hangs on the values of the columns that they name. */
const TELLS: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'AlterPolicyStmt',
  'AlterTableStmt',
  'CreatePolicyStmt',
  'CreateStatsStmt',
  'IndexStmt',
])

/** Changes after which a table is no part of another, whose masks held for it. */
const LEAVES: ReadonlySet<string> = new Set(['AT_DetachPartition', 'AT_DropInherit'])

function partsOf({ cmds }: Body): readonly Body[] {
  return Array.isArray(cmds) ? cmds.map(cmd => (cmd as Body)['AlterTableCmd'] as Body) : []
}

/** Records what a command does to all relations in it but the one that it makes or is about. */
export function readTables(kind: NodeKind, body: Body, analysis: Analysis): void {
  if (kind === 'RenameStmt' || kind === 'AlterObjectSchemaStmt') readName(kind, body, analysis)
  // What a rule does was read with its code.
  if (kind === 'RuleStmt') return
  const { relation, sequence, base, typevar } = body
  const own = [relation, sequence, typevar, (base as Body | undefined)?.['relation']]
  const ranges: unknown[] = [relation]
  const open: unknown[] = Object.values(body)
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null || own.includes(value)) continue
    const { pktable, relname, TableLikeClause: like, SelectStmt: query } = value as Body
    // What a policy's query reads was read with the policy's code.
    if (query !== undefined) continue
    if (pktable !== undefined) readReference(value as Constraint, analysis)
    else if (like !== undefined) {
      const { relation: model } = like as { relation?: RangeVar }
      if (model !== undefined) analysis.touchRelation('sql:Select', analysis.relation(model))
    } else if (typeof relname === 'string') {
      analysis.touchRelation('sql:Alter', analysis.relation(value as RangeVar))
      ranges.push(value)
    } else open.push(...Object.values(value))
  }
  const leaves = partsOf(body).some(part => LEAVES.has(String(part['subtype'])))
  if (leaves)
    for (const range of ranges)
      for (const { columns } of existing(range, analysis)) analysis.copy(new Set(columns))
  if (!TELLS.has(kind)) return
  const tables = [relation, ...rangesOf(body['relations'])].flatMap(range => existing(range, analysis))
  const names = namesIn(body)
  for (const { columns } of tables) {
    for (const column of columns) if (names.has(column.name)) analysis.inferred.add(column)
  }
}

function rangesOf(nodes: unknown): readonly unknown[] {
  return Array.isArray(nodes) ? nodes.map(node => (node as Body)['RangeVar']) : []
}

function existing(range: unknown, analysis: Analysis): readonly Relation[] {
  const { schemaname, relname } = (range ?? {}) as Partial<RangeVar>
  const found = relname === undefined ? undefined : analysis.find(schemaname, relname)
  return found === undefined ? [] : [found]
}

/** Whether there is a row with such a key is what a reference tells, by its error. */
function readReference({ pktable, pk_attrs: attributes }: Constraint, analysis: Analysis): void {
  if (pktable === undefined) return
  const relation = analysis.relation(pktable)
  const names = new Set(namesOf(attributes))
  const columns = relation.columns.filter(({ name }) => attributes === undefined || names.has(name))
  analysis.touchRelation('sql:Select', relation, names)
  for (const column of columns) analysis.inferred.add(column)
}

/**
 * Under another name a column, its table or its schema is none that a mask names, and none that a Deny of reading names: whoever
 * gives it one is asked whether they may read it.
 */
function readName(kind: NodeKind, body: Body, analysis: Analysis): void {
  const type = String(body[kind === 'RenameStmt' ? 'renameType' : 'objectType'])
  if (body['relation'] === undefined) {
    // A function that moves to the server's schema would be taken for one of the server's.
    if (type === 'OBJECT_SCHEMA' || kind === 'AlterObjectSchemaStmt') analysis.copy(ANYTHING)
    if (type === 'OBJECT_SCHEMA')
      analysis.touch('sql:Select', { kind: 'schema', name: String(body['subname'] ?? '*') })
    return
  }
  const isColumn = type === 'OBJECT_COLUMN' || type === 'OBJECT_ATTRIBUTE'
  for (const relation of existing(body['relation'], analysis)) {
    const renamed = relation.columns.filter(({ name }) => !isColumn || name === body['subname'])
    analysis.touchRelation(
      'sql:Select',
      relation,
      renamed.map(({ name }) => name),
    )
    analysis.copy(new Set(renamed))
  }
}

/** All texts of a tree that could name a column. */
function namesIn(body: Body): ReadonlySet<string> {
  const names = new Set<string>()
  const open: unknown[] = Object.values(body)
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value === 'string') names.add(value)
    else if (typeof value === 'object' && value !== null) open.push(...Object.values(value))
  }
  return names
}
