import type {
  InsertStmt,
  MergeStmt,
  Node,
  OnConflictClause,
  RangeVar,
  ReturningClause,
  WithClause,
} from 'libpg-query'
import { type Output, type Relation, type SqlAction, Unresolved } from '../../model.ts'
import { type Analysis, CATALOG_SCHEMA } from './analysis.ts'
import { decides, flowOf } from './expression.ts'
import type { Place } from './flow.ts'
import { fromItems, readRelation } from './from.ts'
import {
  beside,
  columnNamed,
  type FromItems,
  NO_ITEMS,
  NOTHING,
  named,
  type Queries,
  type Scope,
  wholeOf,
} from './scope.ts'
import { targetsOutput } from './targets.ts'
import { bodyOf, ifKind, kindOf } from './tree.ts'
import { withQueries } from './with.ts'

const NO_RESULT: Output = { columns: [] }

/** INSERT, UPDATE, DELETE and MERGE. What is written is copied; the result is that of RETURNING. */
export function writeOutput(node: Node, outer: Scope, analysis: Analysis): Output {
  const kind = kindOf(node)
  const body = bodyOf(node, kind)
  analysis.reading.mark(body as object)
  analysis.changes += 1
  switch (kind) {
    case 'InsertStmt':
      return insertOutput(bodyOf(node, 'InsertStmt'), outer, analysis)
    case 'UpdateStmt': {
      const { relation, targetList, whereClause, fromClause, returningClause, withClause } = bodyOf(
        node,
        'UpdateStmt',
      )
      const target = openTarget(relation, withClause, outer, analysis)
      const place = target.place(fromClause)
      target.touch('sql:Update', columnsOf(targetList))
      conditioned(whereClause, target, place)
      assigned(targetList, place)
      return returned(returningClause, target, place)
    }
    case 'DeleteStmt': {
      const { relation, usingClause, whereClause, returningClause, withClause } = bodyOf(node, 'DeleteStmt')
      const target = openTarget(relation, withClause, outer, analysis)
      const place = target.place(usingClause)
      target.touch('sql:Delete', [])
      conditioned(whereClause, target, place)
      return returned(returningClause, target, place)
    }
    case 'MergeStmt':
      return mergeOutput(bodyOf(node, 'MergeStmt'), outer, analysis)
    default:
      throw new Unresolved(`the gate does not know what a ${kind} means here`)
  }
}

/** What a statement writes to, and what its expressions see. */
interface Target {
  readonly relation: Relation
  readonly analysis: Analysis
  readonly queries: Queries
  /** The target as FROM would give it, by its alias. */
  readonly items: FromItems
  readonly outer: Scope
  touch(action: SqlAction, columns: Iterable<string>): void
  /** Where its expressions stand, with what FROM or USING adds. */
  place(from?: readonly Node[]): Place
}

function openTarget(
  range: RangeVar | undefined,
  clause: WithClause | undefined,
  outer: Scope,
  analysis: Analysis,
): Target {
  if (range === undefined) throw new Unresolved('a statement writes to nothing')
  const queries = withQueries(clause, outer, analysis)
  const relation = analysis.relation(range)
  if (relation.schema === CATALOG_SCHEMA && relation.name === 'pg_settings') setsAny(analysis)
  const before = analysis.touches.length
  // What a view shows is what a view changes: the tables behind it are touched by its definition.
  const output = readRelation(relation, analysis)
  const behind = analysis.touches.slice(before).map(({ object }) => object)
  const alias = range.alias?.aliasname
  const items = named(output, alias ?? relation.name, [], alias === undefined ? relation.schema : undefined)
  return {
    relation,
    analysis,
    queries,
    items,
    outer,
    touch(action, columns) {
      analysis.touchRelation(action, relation, columns)
      for (const object of behind) if (object.kind === 'relation') analysis.touch(action, object)
    },
    place: from => ({
      analysis,
      scope: {
        items: beside(items, fromItems(from, { analysis, outer, queries })),
        outer,
        queries,
      },
    }),
  }
}

/** A rule of the server makes a SET of each row of `pg_settings` that is changed. */
function setsAny(analysis: Analysis): void {
  analysis.touch('sql:Set', { kind: 'setting', name: '*' })
  analysis.effects.push({ kind: 'reset-all' })
}

function conditioned(where: Node | undefined, { analysis, relation }: Target, place: Place): void {
  analysis.conditions.push(where !== undefined)
  if (where === undefined) return
  // To choose rows by their values is to read them.
  analysis.touchRelation('sql:Select', relation)
  decides(where, place)
}

/** Values that are assigned: they can be read where they are put. */
function assigned(targets: readonly Node[] | undefined, place: Place): void {
  for (const node of targets ?? []) {
    const target = bodyOf(node, 'ResTarget')
    place.analysis.reading.mark(target)
    for (const step of target.indirection ?? []) {
      const indices = ifKind(step, 'A_Indices')
      decides(indices?.lidx, place)
      decides(indices?.uidx, place)
    }
    if (target.val !== undefined) place.analysis.copy(flowOf(target.val, place).from)
  }
}

function columnsOf(targets: readonly Node[] | undefined): string[] {
  return (targets ?? []).map(node => bodyOf(node, 'ResTarget').name ?? '')
}

function returned(clause: ReturningClause | undefined, target: Target, place: Place): Output {
  if (clause === undefined) return NO_RESULT
  const { analysis, relation, items } = target
  analysis.touchRelation('sql:Select', relation)
  let visible = place.scope.items
  const names = new Map([
    ['OLD', 'old'],
    ['NEW', 'new'],
  ])
  for (const node of clause.options ?? []) {
    const { option, value = '' } = bodyOf(node, 'ReturningOption')
    names.set(option === 'RETURNING_OPTION_OLD' ? 'OLD' : 'NEW', value)
  }
  for (const alias of names.values()) {
    const { ranges } = named(items, alias, [])
    visible = { ...visible, ranges: [...visible.ranges, ...ranges] }
  }
  return targetsOutput(clause.exprs, { ...place, scope: { ...place.scope, items: visible } })
}

function insertOutput(insert: InsertStmt, outer: Scope, analysis: Analysis): Output {
  const { relation, cols, selectStmt, onConflictClause, returningClause, withClause } = insert
  const target = openTarget(relation, withClause, outer, analysis)
  const place = target.place()
  target.touch('sql:Insert', columnsOf(cols))
  for (const node of cols ?? []) analysis.reading.mark(bodyOf(node, 'ResTarget'))
  if (selectStmt !== undefined) {
    const select = bodyOf(selectStmt, 'SelectStmt')
    analysis.reading.mark(select)
    const { outer: around, queries } = place.scope
    const scope: Scope = { items: NO_ITEMS, queries, ...(around === undefined ? {} : { outer: around }) }
    analysis.copy(wholeOf(analysis.readers.query(select, scope, analysis)))
  }
  if (onConflictClause !== undefined) onConflict(onConflictClause, columnsOf(cols), target, place)
  return returned(returningClause, target, place)
}

function onConflict(
  clause: OnConflictClause,
  inserted: readonly string[],
  target: Target,
  place: Place,
): void {
  const { analysis, items } = target
  // Without a key of its own it may be any of what is inserted.
  if (clause.infer?.indexElems === undefined) {
    const isInserted = ({ name }: { name: string }): boolean =>
      inserted.length === 0 || inserted.includes(name)
    for (const { from } of items.columns.filter(isInserted)) analysis.infer(from)
  }
  // Whether there is a row with such a key is what the conflict tells.
  for (const node of clause.infer?.indexElems ?? []) {
    const element = bodyOf(node, 'IndexElem')
    analysis.reading.mark(element)
    decides(element.expr, place)
    if (element.name !== undefined) analysis.infer(columnNamed(place.scope, element.name) ?? NOTHING)
  }
  decides(clause.infer?.whereClause, place)
  if (clause.action !== 'ONCONFLICT_UPDATE') return
  target.touch('sql:Update', columnsOf(clause.targetList))
  const { ranges } = named(items, 'excluded', [])
  const visible = { ...place.scope.items, ranges: [...place.scope.items.ranges, ...ranges] }
  const inside: Place = { analysis, scope: { ...place.scope, items: visible } }
  decides(clause.whereClause, inside)
  assigned(clause.targetList, inside)
}

function mergeOutput(merge: MergeStmt, outer: Scope, analysis: Analysis): Output {
  const { relation, sourceRelation, joinCondition, mergeWhenClauses, returningClause, withClause } = merge
  if (sourceRelation === undefined) throw new Unresolved('a MERGE has no source')
  const target = openTarget(relation, withClause, outer, analysis)
  const place = target.place([sourceRelation])
  target.touch('sql:Merge', [])
  analysis.touchRelation('sql:Select', target.relation)
  decides(joinCondition, place)
  for (const node of mergeWhenClauses ?? []) {
    const when = bodyOf(node, 'MergeWhenClause')
    analysis.reading.mark(when)
    decides(when.condition, place)
    const action = MERGE_ACTIONS[when.commandType ?? '']
    if (action === undefined) throw new Unresolved('a MERGE does something that the gate does not know')
    if (action !== 'nothing') target.touch(action, columnsOf(when.targetList))
    assigned(when.targetList, place)
    for (const value of when.values ?? []) analysis.copy(flowOf(value, place).from)
  }
  return returned(returningClause, target, place)
}

const MERGE_ACTIONS: Readonly<Record<string, SqlAction | 'nothing'>> = {
  CMD_INSERT: 'sql:Insert',
  CMD_UPDATE: 'sql:Update',
  CMD_DELETE: 'sql:Delete',
  CMD_NOTHING: 'nothing',
}
