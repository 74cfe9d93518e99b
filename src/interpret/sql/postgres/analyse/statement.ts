import type { CopyStmt, CreateTableAsStmt, IntoClause, Node, VariableSetStmt } from 'libpg-query'
import {
  ANY_COLUMN,
  type CopyForm,
  type Output,
  type SchemaCatalog,
  type SqlStatement,
  Unresolved,
} from '../../model.ts'
import { mergedTouches, touchesOf } from '../../touches.ts'
import { Analysis, type NameSpace, type Readers } from './analysis.ts'
import { calledFunctions } from './call.ts'
import { isCommand, isPart, kindOfObject, pathsOf, readCommand, touchNew, touchPath } from './commands.ts'
import { copyFormOf } from './copy-form.ts'
import { decides, flowsOf } from './expression.ts'
import { readRelation } from './from.ts'
import { queryOutput } from './query.ts'
import { ANYTHING, NO_ITEMS, NOTHING, type Scope, wholeOf } from './scope.ts'
import { bodyOf, ifKind, kindOf, type NodeKind, type Nodes, namesOf } from './tree.ts'
import { writeOutput } from './write.ts'

const READERS: Readers = { query: queryOutput, write: writeOutput }
const TOP: Scope = { items: NO_ITEMS, queries: new Map(), isTop: true }

/**
 * What a statement does, from its tree. Throws `Unresolved` where that cannot be told in full: the catalog does not know a name,
 * or the gate a construct.
 */
export function understand(tree: Node, catalog: SchemaCatalog, names: NameSpace): SqlStatement {
  const analysis = new Analysis(catalog, names, READERS)
  const { tag, output, copies } = read(tree, analysis)
  // What a command is made of (constraints, bodies) is not read: who may create may say what.
  if (!isCommand(kindOf(tree))) analysis.reading.checkAll(tree)
  const { conditions, changes } = analysis
  return {
    tag,
    touches: mergedTouches([...analysis.touches, ...touchesOf(analysis.seen)]),
    ...(conditions.length === 0 ? {} : { hasWhere: conditions.every(has => has) }),
    ...(changes === 0 ? {} : { changes }),
    functions: analysis.functions,
    ...(output === undefined ? {} : { output }),
    ...(copies === undefined ? {} : { copies }),
    inferred: analysis.inferred,
    copied: analysis.copied,
    effects: analysis.effects,
  }
}

interface Reading {
  readonly tag: string
  readonly output?: Output
  readonly copies?: CopyForm | undefined
}

type StatementReaders = {
  readonly [K in NodeKind]?: (body: Nodes[K], analysis: Analysis, node: Node) => Reading
}

function read(node: Node, analysis: Analysis): Reading {
  const kind = kindOf(node)
  if (isCommand(kind)) return { tag: readCommand(node, analysis) }
  const reader = STATEMENTS[kind]
  if (reader === undefined) throw new Unresolved(`the gate does not know what a ${kind} is`)
  const body = bodyOf(node, kind)
  analysis.reading.mark(body as object)
  return (reader as (body: unknown, analysis: Analysis, node: Node) => Reading)(body, analysis, node)
}

const write =
  (tag: string) =>
  (body: { readonly returningClause?: unknown }, analysis: Analysis, node: Node): Reading => {
    const output = writeOutput(node, TOP, analysis)
    return { tag, ...(body.returningClause === undefined ? {} : { output }) }
  }

const STATEMENTS: StatementReaders = {
  SelectStmt: (select, analysis) => {
    const output = queryOutput(select, TOP, analysis)
    if (select.intoClause === undefined) return { tag: 'SELECT', output }
    into(select.intoClause, output, analysis)
    return { tag: 'SELECT INTO' }
  },
  InsertStmt: write('INSERT'),
  UpdateStmt: write('UPDATE'),
  DeleteStmt: write('DELETE'),
  MergeStmt: write('MERGE'),
  CopyStmt: (copy, analysis) => copied(copy, analysis),
  CreateTableAsStmt: (create, analysis) => createdAs(create, analysis),
  ViewStmt: ({ view, query }, analysis) => {
    if (view === undefined) throw new Unresolved('a view has no name')
    analysis.reading.mark(view)
    touchNew(pathsOf(view)[0] ?? [], view, analysis)
    analysis.copy(wholeOf(innerOutput(query, analysis)))
    return { tag: 'CREATE VIEW' }
  },
  RefreshMatViewStmt: ({ relation }, analysis) => {
    if (relation === undefined) throw new Unresolved('a view has no name')
    analysis.touchRelation('sql:Maintain', analysis.relation(relation))
    return { tag: 'REFRESH MATERIALIZED VIEW' }
  },
  ExplainStmt: ({ query }, analysis) => {
    analysis.touch('sql:Explain', { kind: 'database', name: '*' })
    if (query === undefined) throw new Unresolved('EXPLAIN of nothing')
    // Without ANALYZE nothing runs, but the plan tells of the values by what it expects.
    const { output } = read(query, analysis)
    // The planner runs functions that say they are immutable, and the plan has what they gave.
    const isOpen =
      analysis.touches.some(({ action }) => action === 'sql:Call') ||
      (output !== undefined && wholeOf(output).has(ANY_COLUMN))
    return {
      tag: 'EXPLAIN',
      output: { columns: [{ name: 'QUERY PLAN', from: isOpen ? ANYTHING : NOTHING }] },
    }
  },
  PrepareStmt: ({ name = '', query }, analysis) => {
    if (query === undefined) throw new Unresolved('PREPARE of nothing')
    const inner = understand(query, analysis.catalog, analysis.names)
    markAll(query, analysis)
    analysis.effects.push({ kind: 'prepare', name, inner })
    return { tag: 'PREPARE' }
  },
  ExecuteStmt: ({ name = '', params }, analysis) => {
    flowsOf(params, { analysis, scope: TOP })
    analysis.effects.push({ kind: 'execute', name })
    return { tag: 'EXECUTE' }
  },
  DeallocateStmt: ({ name }, analysis) => {
    analysis.effects.push({ kind: 'deallocate', ...(name === undefined ? {} : { name }) })
    return { tag: 'DEALLOCATE' }
  },
  DeclareCursorStmt: ({ portalname: name = '', query }, analysis) => {
    analysis.effects.push({ kind: 'declare', name, output: innerOutput(query, analysis) })
    return { tag: 'DECLARE CURSOR' }
  },
  FetchStmt: ({ portalname: name = '', ismove }, analysis) => {
    analysis.effects.push({ kind: 'fetch', name })
    return { tag: ismove === true ? 'MOVE' : 'FETCH' }
  },
  ClosePortalStmt: ({ portalname: name }, analysis) => {
    analysis.effects.push({ kind: 'close', ...(name === undefined ? {} : { name }) })
    return { tag: 'CLOSE CURSOR' }
  },
  VariableSetStmt: (set, analysis) => settled(set, analysis),
  VariableShowStmt: () => ({ tag: 'SHOW', output: { columns: [], open: new Set() } }),
  DiscardStmt: ({ target = 'DISCARD_ALL' }, analysis) => {
    analysis.touch('sql:Set', { kind: 'setting', name: '*' })
    analysis.effects.push({ kind: 'discard', what: target })
    return { tag: 'DISCARD' }
  },
  TransactionStmt: ({ kind = 'TRANS_STMT_BEGIN', savepoint_name: savepoint }, analysis) => {
    analysis.touch('sql:Transaction', { kind: 'database', name: '*' })
    analysis.effects.push({
      kind: 'transaction',
      what: kind,
      ...(savepoint === undefined ? {} : { savepoint }),
    })
    return { tag: kind.replace('TRANS_STMT_', '').replaceAll('_', ' ') }
  },
  LockStmt: ({ relations }, analysis) => {
    for (const node of relations ?? []) {
      const relation = analysis.relation(bodyOf(node, 'RangeVar'))
      const before = analysis.touches.length
      readRelation(relation, analysis)
      // With a view the tables behind it are locked.
      const behind = analysis.touches.splice(before).map(({ object }) => object)
      for (const object of behind) analysis.touch('sql:Lock', object)
      analysis.touchRelation('sql:Lock', relation)
    }
    return { tag: 'LOCK TABLE' }
  },
  TruncateStmt: ({ relations, behavior }, analysis) => {
    for (const node of relations ?? []) {
      const relation = analysis.relation(bodyOf(node, 'RangeVar'))
      for (const { schema, name } of [relation, ...relation.children]) {
        analysis.touch('sql:Truncate', { kind: 'relation', schema, name })
      }
    }
    // Which tables refer to these, the catalog does not say.
    if (behavior === 'DROP_CASCADE') analysis.touch('sql:Truncate', { kind: 'database', name: '*' })
    return { tag: 'TRUNCATE TABLE' }
  },
  DropStmt: ({ objects, removeType, behavior }, analysis) => {
    const what = (removeType ?? 'OBJECT').replace('OBJECT_', '').replaceAll('_', ' ')
    for (const node of objects ?? []) {
      markAll(node, analysis)
      for (const path of pathsOf(node)) {
        if (isPart(removeType)) touchPath('sql:Drop', 'relation', path.slice(0, -1), analysis)
        else touchPath('sql:Drop', kindOfObject(removeType), path, analysis)
      }
    }
    // What hangs on these, the catalog does not say: columns of a type, triggers of a function.
    if (behavior === 'DROP_CASCADE') analysis.touch('sql:Drop', { kind: 'database', name: '*' })
    return { tag: `DROP ${what}` }
  },
  GrantStmt: ({ is_grant: isGrant, objtype, objects, targtype }, analysis) => {
    const kind = targtype === 'ACL_TARGET_ALL_IN_SCHEMA' ? 'schema' : kindOfObject(objtype)
    for (const node of objects ?? []) {
      markAll(node, analysis)
      for (const path of pathsOf(node))
        touchPath(isGrant === true ? 'sql:Grant' : 'sql:Revoke', kind, path, analysis)
    }
    return { tag: isGrant === true ? 'GRANT' : 'REVOKE' }
  },
  CallStmt: ({ funccall }, analysis) => {
    if (funccall === undefined) throw new Unresolved('CALL of nothing')
    const place = { analysis, scope: TOP }
    flowsOf(funccall.args, place)
    // What it does with what it reads, nobody has told.
    analysis.copy(ANYTHING)
    for (const { schema, name } of calledFunctions(funccall, place) ?? []) {
      analysis.touch('sql:Call', { kind: 'function', schema, name })
    }
    return { tag: 'CALL', output: { columns: [], open: new Set([ANY_COLUMN]) } }
  },
  DoStmt: (_do, analysis) => {
    analysis.touch('sql:Do', { kind: 'database', name: '*' })
    analysis.copy(ANYTHING)
    return { tag: 'DO' }
  },
  ListenStmt: ({ conditionname: name = '*' }, analysis) => {
    analysis.touch('sql:Listen', { kind: 'channel', name })
    return { tag: 'LISTEN' }
  },
  UnlistenStmt: () => ({ tag: 'UNLISTEN' }),
  NotifyStmt: ({ conditionname: name = '*' }, analysis) => {
    analysis.touch('sql:Notify', { kind: 'channel', name })
    return { tag: 'NOTIFY' }
  },
  VacuumStmt: ({ is_vacuumcmd: isVacuum, rels }, analysis) => {
    for (const node of rels ?? []) {
      const { relation } = bodyOf(node, 'VacuumRelation')
      analysis.reading.mark(bodyOf(node, 'VacuumRelation'))
      if (relation !== undefined) analysis.touchRelation('sql:Maintain', analysis.relation(relation))
    }
    if (rels === undefined) analysis.touch('sql:Maintain', { kind: 'database', name: '*' })
    return { tag: isVacuum === true ? 'VACUUM' : 'ANALYZE' }
  },
  ConstraintsSetStmt: ({ constraints }, analysis) => {
    for (const node of constraints ?? []) analysis.reading.mark(bodyOf(node, 'RangeVar'))
    analysis.touch('sql:Set', { kind: 'setting', name: 'constraints' })
    return { tag: 'SET CONSTRAINTS' }
  },
}

/** The result of a query that stands in another statement, or of a change with RETURNING. */
function innerOutput(node: Node | undefined, analysis: Analysis): Output {
  if (node === undefined) throw new Unresolved('a statement has no query')
  const select = ifKind(node, 'SelectStmt')
  if (select === undefined) return writeOutput(node, TOP, analysis)
  analysis.reading.mark(select)
  return queryOutput(select, TOP, analysis)
}

/** SELECT INTO and CREATE TABLE AS put what they read where another name reads it. */
function into({ rel }: IntoClause, output: Output, analysis: Analysis): void {
  if (rel === undefined) throw new Unresolved('INTO names nothing')
  analysis.reading.mark(rel)
  touchNew(pathsOf(rel)[0] ?? [], rel, analysis)
  analysis.copy(wholeOf(output))
}

function createdAs({ query, into: clause, objtype }: CreateTableAsStmt, analysis: Analysis): Reading {
  if (clause === undefined) throw new Unresolved('CREATE TABLE AS names nothing')
  const execute = ifKind(query, 'ExecuteStmt')
  if (execute !== undefined) throw new Unresolved('the gate does not follow EXECUTE into a table')
  into(clause, innerOutput(query, analysis), analysis)
  return { tag: objtype === 'OBJECT_MATVIEW' ? 'CREATE MATERIALIZED VIEW' : 'CREATE TABLE AS' }
}

/** COPY reads or writes a table, or reads a query; from or to the client, a file or a program of the server. */
function copied(copy: CopyStmt, analysis: Analysis): Reading {
  const { relation, query, attlist, is_from: isFrom, is_program: isProgram, filename, whereClause } = copy
  if (filename !== undefined)
    analysis.touch('sql:Copy', { kind: isProgram === true ? 'program' : 'file', name: filename })
  if (isProgram === true) analysis.copy(ANYTHING)
  if (relation === undefined) {
    const output = innerOutput(query, analysis)
    if (filename !== undefined) analysis.copy(wholeOf(output))
    return { tag: 'COPY', output, copies: copyFormOf(copy) }
  }
  const found = analysis.relation(relation)
  const columns = attlist === undefined ? found.columns.map(({ name }) => name) : namesOf(attlist)
  analysis.touchRelation('sql:Copy', found, columns)
  if (isFrom === true) {
    // A file of the server may hold any of its tables.
    if (filename !== undefined) analysis.copy(ANYTHING)
    analysis.touchRelation('sql:Insert', found, columns)
    decides(whereClause, {
      analysis,
      scope: { ...TOP, items: { ...readRelation(found, analysis), ranges: [] } },
    })
    return { tag: 'COPY' }
  }
  analysis.touchRelation('sql:Select', found, columns)
  const whole = readRelation(found, analysis)
  const output: Output = {
    columns: columns.map(name => {
      const column = whole.columns.find(each => each.name === name)
      if (column === undefined) throw new Unresolved(`\`${found.name}\` has no column \`${name}\``)
      return column
    }),
  }
  analysis.see(wholeOf(output))
  if (filename !== undefined) analysis.copy(wholeOf(output))
  return { tag: 'COPY', output, copies: copyFormOf(copy) }
}

/** SET, RESET and SET ROLE. What is set is text or a number, never an expression. */
function settled({ kind, name = '', args, is_local: isLocal }: VariableSetStmt, analysis: Analysis): Reading {
  if (kind === 'VAR_RESET_ALL') {
    analysis.touch('sql:Set', { kind: 'setting', name: '*' })
    analysis.effects.push({ kind: 'reset-all' })
    return { tag: 'RESET' }
  }
  const setting = name.toLowerCase()
  analysis.touch('sql:Set', { kind: 'setting', name: setting })
  if (kind === 'VAR_SET_VALUE') {
    const values = (args ?? []).map(settingOf)
    analysis.effects.push({ kind: 'set', name: setting, values, local: isLocal === true })
    return { tag: 'SET' }
  }
  if (kind === 'VAR_SET_MULTI') {
    for (const node of args ?? []) markAll(node, analysis)
    analysis.effects.push({ kind: 'set', name: setting, values: [], local: isLocal === true })
    return { tag: 'SET' }
  }
  analysis.effects.push({ kind: 'reset', name: setting })
  return { tag: kind === 'VAR_RESET' ? 'RESET' : 'SET' }
}

function settingOf(node: Node): string {
  const constant = ifKind(node, 'A_Const')
  if (constant?.sval !== undefined) return constant.sval.sval ?? ''
  if (constant?.ival !== undefined) return String(constant.ival.ival ?? 0)
  if (constant?.fval !== undefined) return constant.fval.fval ?? ''
  if (constant?.boolval !== undefined) return String(constant.boolval.boolval ?? false)
  throw new Unresolved('SET has a value that is no constant')
}

/** Marks a part that was read by somebody else, or by its names alone. */
function markAll(tree: unknown, analysis: Analysis): void {
  const open: unknown[] = [tree]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue
    analysis.reading.mark(value)
    open.push(...Object.values(value))
  }
}
