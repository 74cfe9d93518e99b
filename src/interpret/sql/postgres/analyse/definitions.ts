import type { Node, RuleStmt } from 'libpg-query'
import { type Relation, Unresolved } from '../../model.ts'
import { type Analysis, CATALOG_SCHEMA } from './analysis.ts'
import { calledFunctions, hasEffect } from './call.ts'
import { decides } from './expression.ts'
import { ANYTHING, NO_ITEMS, named, type Scope, wholeOf } from './scope.ts'
import { ifKind, type NodeKind, namesOf } from './tree.ts'

/**
 * What stands in definitions and runs later, when nobody is asked: defaults, constraints, indexes, policies, rules,
 * triggers, casts, operators. Whoever defines it is asked as if it ran now. The bodies of functions are not read.
 */

/** Commands after which code runs that the gate does not read, or values go where it does not see them. */
const OPAQUE: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'AlterExtensionContentsStmt',
  'AlterExtensionStmt',
  'AlterFdwStmt',
  'AlterForeignServerStmt',
  'AlterFunctionStmt',
  'AlterOpFamilyStmt',
  'AlterOperatorStmt',
  'AlterPublicationStmt',
  'AlterSubscriptionStmt',
  'AlterSystemStmt',
  'AlterUserMappingStmt',
  'CreateCastStmt',
  'CreateConversionStmt',
  'CreateEventTrigStmt',
  'CreateExtensionStmt',
  'CreateFdwStmt',
  'CreateForeignServerStmt',
  'CreateForeignTableStmt',
  'CreateFunctionStmt',
  'CreateOpClassStmt',
  'CreatePLangStmt',
  'CreatePublicationStmt',
  'CreateRangeStmt',
  'CreateSubscriptionStmt',
  'CreateTransformStmt',
  'CreateTrigStmt',
  'CreateUserMappingStmt',
  'DefineStmt',
  'ImportForeignSchemaStmt',
  'LoadStmt',
])

/** What a function, or a language, does is a matter of its body: to make one is to run what nobody has read. */
const BODIES: ReadonlySet<NodeKind> = new Set<NodeKind>(['CreateFunctionStmt', 'CreatePLangStmt'])

/** Nodes whose members name functions by a path. */
const NAMES_FUNCTIONS: Readonly<Partial<Record<NodeKind, readonly string[]>>> = {
  CreateTrigStmt: ['funcname'],
  CreateEventTrigStmt: ['funcname'],
  CreatePLangStmt: ['plhandler', 'plinline', 'plvalidator'],
}

/** Reads what a command defines. `relation` is what it is about, where that is one that exists. */
export function readDefinition(
  node: Node,
  kind: NodeKind,
  relation: Relation | undefined,
  analysis: Analysis,
): void {
  readCode(node, kind, relation, analysis)
  // It would change what names mean in the middle of a text or a batch, where nobody looks.
  if (analysis.functions.has(`${CATALOG_SCHEMA}.set_config`)) {
    throw new Unresolved('a definition that changes settings would change what names mean')
  }
}

function readCode(node: Node, kind: NodeKind, relation: Relation | undefined, analysis: Analysis): void {
  if (OPAQUE.has(kind)) analysis.copy(ANYTHING)
  if (BODIES.has(kind)) analysis.touch('sql:Do', { kind: 'database', name: '*' })
  const rule = ifKind(node, 'RuleStmt')
  if (rule !== undefined) {
    if (relation === undefined) throw new Unresolved('a rule is on a relation that is not known')
    readRule(rule, relation, analysis)
    return
  }
  const items = relation === undefined ? NO_ITEMS : named(columnsOf(relation), relation.name, [])
  const scope: Scope = { items, queries: new Map() }
  const open: unknown[] = [node]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue
    if (!isRead(value as Node, kind, scope, analysis)) open.push(...Object.values(value))
  }
}

function columnsOf({ columns }: Relation) {
  return { columns: columns.map(column => ({ name: column.name, from: new Set([column]) })) }
}

/** Reads one node of a definition; true where nothing of it is left. */
function isRead(node: Node, command: NodeKind, scope: Scope, analysis: Analysis): boolean {
  const call = ifKind(node, 'FuncCall')
  if (call !== undefined) {
    const found = calledFunctions(call, { analysis, scope }) ?? []
    if (found.some(hasEffect)) analysis.copy(ANYTHING)
    return false
  }
  const select = ifKind(node, 'SelectStmt')
  if (select !== undefined) {
    analysis.copy(wholeOf(analysis.readers.query(select, scope, analysis)))
    return true
  }
  const operator = namesOf(ifKind(node, 'A_Expr')?.name)
  if (operator.length > 1 || analysis.catalog.isOwnOperator(operator.at(-1) ?? '')) {
    analysis.touch('sql:Call', { kind: 'function', name: operator.at(-1) ?? '*' })
    analysis.copy(ANYTHING)
  }
  for (const path of functionsNamed(node, command)) touchNamed(path, analysis)
  return false
}

/** The functions that a definition names without a call. */
function functionsNamed(node: Node, command: NodeKind): readonly (readonly string[])[] {
  const [kind] = Object.keys(node)
  const body = (node as Readonly<Record<string, unknown>>)[kind ?? '']
  const members = NAMES_FUNCTIONS[kind as NodeKind] ?? []
  const lists = members.map(member => (body as Readonly<Record<string, unknown>>)[member])
  const paths = lists.map(list => namesOf(Array.isArray(list) ? (list as Node[]) : []))
  // `sfunc = f` of an aggregate, `function = f` of an operator: f stands as a type's name would.
  const written = command === 'DefineStmt' || command === 'CreateRangeStmt'
  const typed = written ? ifKind(ifKind(node, 'DefElem')?.arg, 'TypeName')?.names : undefined
  const item = command === 'CreateOpClassStmt' ? ifKind(node, 'CreateOpClassItem')?.name?.objname : undefined
  const cast = ifKind(node, 'CreateCastStmt')?.func?.objname
  return [...paths, ...[typed, item, cast].map(names => namesOf(names))].filter(path => path.length > 0)
}

function touchNamed(path: readonly string[], analysis: Analysis): void {
  const name = path.at(-1) ?? '*'
  const found = analysis.functionsOf(path.at(-2), name)
  for (const each of found) {
    analysis.functions.add(`${each.schema}.${name}`)
    if (hasEffect(each)) analysis.touch('sql:Call', { kind: 'function', schema: each.schema, name })
  }
}

/** What a rule does in the place of a statement, asked about by whoever makes it. */
function readRule({ actions, whereClause }: RuleStmt, relation: Relation, analysis: Analysis): void {
  const columns = columnsOf(relation)
  const ranges = ['old', 'new'].flatMap(alias => named(columns, alias, []).ranges)
  const scope: Scope = { items: { columns: [], ranges }, queries: new Map() }
  decides(whereClause, { analysis, scope })
  for (const action of actions ?? []) {
    const select = ifKind(action, 'SelectStmt')
    if (select !== undefined) analysis.copy(wholeOf(analysis.readers.query(select, scope, analysis)))
    else if (ifKind(action, 'NotifyStmt') !== undefined) {
      analysis.touch('sql:Notify', {
        kind: 'channel',
        name: ifKind(action, 'NotifyStmt')?.conditionname ?? '*',
      })
    } else analysis.copy(wholeOf(analysis.readers.write(action, scope, analysis)))
  }
}
