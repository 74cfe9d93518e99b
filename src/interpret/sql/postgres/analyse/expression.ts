import type { FuncCall, Node, TypeName, WindowDef } from 'libpg-query'
import { type Lineage, Unresolved } from '../../model.ts'
import type { Analysis } from './analysis.ts'
import { calledFlow, hasEffect } from './call.ts'
import { CONSTANT, type Flow, type Place, partial, together } from './flow.ts'
import { FAILS_BY, TOTAL_CASTS, TOTAL_OPERATORS, takesTime } from './harmless.ts'
import { ANYTHING, columnNamed, columnOf, NOTHING, rangeNamed, wholeOf } from './scope.ts'
import { bodyOf, ifKind, kindOf, type NodeKind, type Nodes, namesOf } from './tree.ts'

/** The value of an expression that is shown: what it comes from, inferred where more than the value tells of it. */
export function shown(node: Node, place: Place): Lineage {
  const { from, total, chosen } = flowOf(node, place)
  // What a query in another gives may go where it makes an error.
  const isInner = place.scope.outer?.isTop !== true
  if (!total || (chosen === true && isInner)) place.analysis.infer(from)
  return from
}

/** An expression on which hangs what happens: WHERE, ORDER BY, and so on. */
export function decides(node: Node | undefined, place: Place): void {
  if (node !== undefined) place.analysis.infer(flowOf(node, place).from)
}

export function flowOf(node: Node, place: Place): Flow {
  const kind = kindOf(node)
  const read = READERS[kind]
  if (read === undefined) throw new Unresolved(`the gate does not know what a ${kind} means in an expression`)
  const body = bodyOf(node, kind)
  place.analysis.reading.mark(body as object)
  return (read as (body: unknown, place: Place) => Flow)(body, place)
}

export function flowsOf(nodes: readonly Node[] | undefined, place: Place): Flow {
  return together(...(nodes ?? []).map(node => flowOf(node, place)))
}

export function maybe(node: Node | undefined, place: Place): Flow {
  return node === undefined ? CONSTANT : flowOf(node, place)
}

type Readers = { readonly [K in NodeKind]?: (body: Nodes[K], place: Place) => Flow }

const READERS: Readers = {
  A_Const: () => CONSTANT,
  ParamRef: () => CONSTANT,
  SQLValueFunction: () => CONSTANT,
  SetToDefault: () => CONSTANT,
  CurrentOfExpr: () => CONSTANT,
  MergeSupportFunc: () => CONSTANT,
  ColumnRef: ({ fields }, place) => {
    const from = columnFlow(fields ?? [], place)
    place.analysis.see(from)
    return { from, total: true }
  },
  A_Expr: ({ kind, name, lexpr, rexpr }, place) => operatorFlow(kind, name ?? [], [lexpr, rexpr], place),
  BoolExpr: ({ args }, place) => lazyFlow(args ?? [], place),
  NullTest: ({ arg }, place) => maybe(arg, place),
  BooleanTest: ({ arg }, place) => maybe(arg, place),
  TypeCast: ({ arg, typeName }, place) => castFlow(maybe(arg, place), typeName, place),
  CollateClause: ({ arg }, place) => maybe(arg, place),
  FuncCall: (call, place) => calledFlow(call, argumentsFlow(call, place), place),
  NamedArgExpr: ({ arg }, place) => maybe(arg, place),
  CaseExpr: ({ arg, args, defresult }, place) => {
    const whole = lazyFlow([arg, ...(args ?? []), defresult], place)
    const flow = arg === undefined ? whole : (ownFlow(whole, [['=']], place) ?? whole)
    const conditions = [arg, ...(args ?? []).map(when => bodyOf(when, 'CaseWhen').expr)]
    const by = together(...conditions.map(condition => maybe(condition, place)))
    return by.from.size === 0 ? flow : { ...flow, chosen: true }
  },
  CaseWhen: ({ expr, result }, place) => lazyFlow([expr, result], place),
  CoalesceExpr: ({ args }, place) => lazyFlow(args ?? [], place),
  MinMaxExpr: ({ args }, place) => flowsOf(args, place),
  A_ArrayExpr: ({ elements }, place) => unlessChosen(flowsOf(elements, place)),
  RowExpr: ({ args }, place) => flowsOf(args, place),
  List: ({ items }, place) => flowsOf(items, place),
  GroupingFunc: ({ args }, place) => flowsOf(args, place),
  A_Indirection: ({ arg, indirection }, place) => {
    const row = maybe(arg, place)
    return together(row, indirectionFlow(indirection, row.from, place))
  },
  MultiAssignRef: ({ source }, place) => maybe(source, place),
  SubLink: ({ subLinkType, testexpr, operName, subselect }, place) => {
    const query = bodyOf(subselect, 'SelectStmt')
    place.analysis.reading.mark(query)
    const from = wholeOf(place.analysis.readers.query(query, place.scope, place.analysis))
    const test = maybe(testexpr, place)
    // More than one row where one is wanted is an error; which rows there are was inferred already.
    const flow = together({ from: subLinkType === 'EXISTS_SUBLINK' ? NOTHING : from, total: true }, test)
    if (testexpr === undefined) return flow
    // IN compares by what is called `=` there.
    const path = operName === undefined ? ['='] : namesOf(operName)
    return appliedFlow(flow, [path], TOTAL_OPERATORS.has(path.at(-1) ?? ''), place)
  },
  XmlExpr: ({ named_args: named, args }, place) =>
    partial(together(flowsOf(named, place), flowsOf(args, place))),
  XmlSerialize: ({ expr }, place) => partial(maybe(expr, place)),
  ResTarget: ({ val }, place) => maybe(val, place),
  JsonObjectConstructor: ({ exprs }, place) => partial(flowsOf(exprs, place)),
  JsonArrayConstructor: ({ exprs }, place) => partial(flowsOf(exprs, place)),
  JsonKeyValue: ({ key, value }, place) => together(maybe(key, place), valueFlow(value, place)),
  JsonValueExpr: ({ raw_expr: raw }, place) => maybe(raw, place),
  JsonArrayQueryConstructor: ({ query }, place) => {
    const inner = bodyOf(query, 'SelectStmt')
    place.analysis.reading.mark(inner)
    return { from: wholeOf(place.analysis.readers.query(inner, place.scope, place.analysis)), total: true }
  },
  JsonObjectAgg: ({ constructor: made, arg }, place) => {
    return partial(together(valuesFlow(arg, place), aggregateFlow(made, place)))
  },
  JsonArrayAgg: ({ constructor: made, arg }, place) => {
    return partial(together(valueFlow(arg, place), aggregateFlow(made, place)))
  },
  JsonParseExpr: ({ expr }, place) => partial(valueFlow(expr, place)),
  JsonScalarExpr: ({ expr }, place) => partial(maybe(expr, place)),
  JsonSerializeExpr: ({ expr }, place) => partial(valueFlow(expr, place)),
  JsonIsPredicate: ({ expr }, place) => maybe(expr, place),
  JsonFuncExpr: ({ context_item: item, pathspec, passing, on_empty: empty, on_error: failed }, place) =>
    partial(
      together(
        valueFlow(item, place),
        maybe(pathspec, place),
        flowsOf(passing, place),
        maybe(empty?.expr, place),
        maybe(failed?.expr, place),
      ),
    ),
  JsonArgument: ({ val }, place) => valueFlow(val, place),
}

/**
 * Parts that are computed or not as those before them say. Where that takes time, the time tells of what they were
 * computed from.
 */
function lazyFlow(parts: readonly (Node | undefined)[], place: Place): Flow {
  let flow = CONSTANT
  for (const part of parts) {
    if (flow.from.size > 0 && takesTime(part)) place.analysis.infer(flow.from)
    flow = together(flow, maybe(part, place))
  }
  return flow
}

/** What a call is given: its arguments, and what an aggregate or a window adds to them. */
function argumentsFlow(call: FuncCall, place: Place): Flow {
  const { funcname, args, agg_order: order, agg_filter: filter, over } = call
  const name = namesOf(funcname).at(-1) ?? ''
  const given = together(...(args ?? []).map((arg, i) => argumentFlow(name, arg, i, place)))
  return together(given, sortFlow(order, place), maybe(filter, place), windowFlow(over, place))
}

/** A length, a position or a key may be one that is an error. */
function argumentFlow(name: string, arg: Node, position: number, place: Place): Flow {
  const flow = flowOf(arg, place)
  return FAILS_BY.get(name)?.(position) === true ? partial(flow) : unlessChosen(flow)
}

/** A value that a condition has chosen is good for nothing that could fail at one of these that it chooses from. */
function unlessChosen(flow: Flow): Flow {
  return flow.chosen === true ? partial(flow) : flow
}

type JsonValue = Nodes['JsonValueExpr']

export function valueFlow(value: JsonValue | undefined, place: Place): Flow {
  if (value === undefined) return CONSTANT
  place.analysis.reading.mark(value)
  return maybe(value.raw_expr, place)
}

function valuesFlow(pair: Nodes['JsonKeyValue'] | undefined, place: Place): Flow {
  return together(maybe(pair?.key, place), valueFlow(pair?.value, place))
}

function aggregateFlow(made: Nodes['JsonAggConstructor'] | undefined, place: Place): Flow {
  return together(
    maybe(made?.agg_filter, place),
    flowsOf(made?.agg_order, place),
    windowFlow(made?.over, place),
  )
}

/** What a name, qualified or not, stands for. */
function columnFlow(fields: readonly Node[], { scope, analysis }: Place): Lineage {
  if (ifKind(fields.at(-1), 'A_Star') !== undefined) {
    analysis.reading.mark(bodyOf(fields.at(-1), 'A_Star'))
    const before = namesOf(fields.slice(0, -1))
    const range = rangeNamed(scope, before.at(-1) ?? '', before.at(-2))
    if (before.length === 0) return wholeOf(scope.items)
    if (range === undefined) throw new Unresolved(`\`${before.join('.')}\` is nothing that FROM names`)
    return wholeOf(range)
  }
  const path = namesOf(fields)
  const [first = '', second, third] = path
  if (second === undefined) return known(columnNamed(scope, first), path)
  if (third === undefined) {
    const range = rangeNamed(scope, first)
    // A column's field, or a range's: `(item).price` may be written without its brackets nowhere.
    if (range === undefined) throw new Unresolved(`\`${first}\` is nothing that FROM names`)
    return columnOf(range, second) ?? attributeFlow(range.alias, second, wholeOf(range), analysis)
  }
  if (path.length > 3) throw new Unresolved(`\`${path.join('.')}\` names a database`)
  const range = rangeNamed(scope, second, first)
  return known(range && columnOf(range, third), path)
}

function known(lineage: Lineage | undefined, path: readonly string[]): Lineage {
  if (lineage === undefined) throw new Unresolved(`\`${path.join('.')}\` is no column that the gate knows of`)
  return lineage
}

/** `row.f` calls the function `f` with the row where the row has no such column. */
function attributeFlow(alias: string, name: string, row: Lineage, analysis: Analysis): Lineage {
  const functions = analysis.functionsOf(undefined, name)
  if (functions.length === 0) throw new Unresolved(`\`${alias}.${name}\` is no column that the gate knows of`)
  for (const { schema } of functions) {
    analysis.functions.add(`${schema}.${name}`)
    analysis.touch('sql:Call', { kind: 'function', schema, name })
  }
  analysis.infer(row)
  return ANYTHING
}

/** Subscripts, and fields of composite values: of which column a field is, is not told apart. */
function indirectionFlow(steps: readonly Node[] | undefined, row: Lineage, place: Place): Flow {
  const flows = (steps ?? []).map(step => {
    const field = ifKind(step, 'String')?.sval
    // A field that the row does not have is a function of it; which of the two it is hangs on the row's type.
    const called = field === undefined ? [] : place.analysis.functionsOf(undefined, field).filter(hasEffect)
    for (const { schema, name } of called)
      place.analysis.touch('sql:Call', { kind: 'function', schema, name })
    if (called.length > 0) {
      place.analysis.infer(row)
      return { from: ANYTHING, total: false }
    }
    const indices = ifKind(step, 'A_Indices')
    return indices === undefined ? CONSTANT : together(maybe(indices.lidx, place), maybe(indices.uidx, place))
  })
  return partial(together(...flows))
}

/** Operators that somebody defined may do anything; those of the server are total or not. */
function operatorFlow(
  kind: Nodes['A_Expr']['kind'],
  name: readonly Node[],
  operands: readonly (Node | undefined)[],
  place: Place,
): Flow {
  const flow = together(...operands.map(operand => maybe(operand, place)))
  const path = namesOf(name)
  const operator = path.at(-1) ?? ''
  const isTotal = kind === 'AEXPR_DISTINCT' || kind === 'AEXPR_NOT_DISTINCT' || TOTAL_OPERATORS.has(operator)
  return appliedFlow(flow, kind?.includes('BETWEEN') === true ? BETWEEN : [path], isTotal, place)
}

/** By which operators the server reads BETWEEN, however it is written. */
const BETWEEN = [['>='], ['<='], ['<'], ['>']] as const

/** @param isTotal whether operators of the server are that are applied to a value */
function appliedFlow(
  flow: Flow,
  paths: readonly (readonly string[])[],
  isTotal: boolean,
  place: Place,
): Flow {
  // LIKE with a pattern that is no constant may fail.
  return ownFlow(flow, paths, place) ?? (isTotal ? unlessChosen(flow) : partial(flow))
}

/** What comes of operators that somebody defined; undefined where all of these are the server's. */
function ownFlow(flow: Flow, paths: readonly (readonly string[])[], place: Place): Flow | undefined {
  if (!touchesOwnOperators(paths, place)) return undefined
  place.analysis.infer(flow.from)
  return { from: ANYTHING, total: false }
}

/** Records the calls of operators that somebody defined; whether one of these is one. */
export function touchesOwnOperators(paths: readonly (readonly string[])[], { analysis }: Place): boolean {
  const own = paths.filter(path =>
    path.length > 1 ? path[0] !== 'pg_catalog' : analysis.catalog.isOwnOperator(path[0] ?? ''),
  )
  for (const path of own) analysis.touch('sql:Call', { kind: 'function', name: path.at(-1) ?? '' })
  return own.length > 0
}

function castFlow(flow: Flow, type: TypeName | undefined, { analysis }: Place): Flow {
  const names = namesOf(type?.names)
  const name = names.at(-1) ?? ''
  // A domain of that name, which may be temporary, has conditions of its own.
  const isServers = names.length === 1 ? !analysis.catalog.isOwnType(name) : names[0] === 'pg_catalog'
  return isServers && TOTAL_CASTS.has(name) ? flow : partial(flow)
}

export function windowFlow(window: WindowDef | undefined, place: Place): Flow {
  if (window === undefined) return CONSTANT
  const { partitionClause, orderClause, startOffset, endOffset } = window
  const flow = together(
    flowsOf(partitionClause, place),
    sortFlow(orderClause, place),
    maybe(startOffset, place),
    maybe(endOffset, place),
  )
  // In which order rows come may follow the window's.
  place.analysis.infer(flow.from)
  return flow
}

export function sortFlow(sorts: readonly Node[] | undefined, place: Place): Flow {
  return together(
    ...(sorts ?? []).map(sort => {
      const by = bodyOf(sort, 'SortBy')
      place.analysis.reading.mark(by)
      if (by.useOp !== undefined) touchesOwnOperators([namesOf(by.useOp)], place)
      return maybe(by.node, place)
    }),
  )
}
