import type { Node, SelectStmt } from 'libpg-query'
import { Unresolved } from '../../model.ts'
import { bodyOf, ifKind, kindOf, type NodeKind, namesOf } from './tree.ts'

/**
 * The name that the server gives a column without one: FigureColname in its `parse_target.c`. It has to be exactly that: where
 * a query around has a column of that name, too, a name that is not found here would be taken for the other.
 */
export function columnNameOf(value: Node): string {
  return chosen(value)?.name ?? NONE
}

const NONE = '?column?'

interface Choice {
  readonly name: string
  /** Whether it gives way to a better one around it: that of a type or of CASE. */
  readonly isWeak?: boolean
}

/** Constructs that are called as they are written. */
const FIXED: Readonly<Partial<Record<NodeKind, string>>> = {
  A_ArrayExpr: 'array',
  CoalesceExpr: 'coalesce',
  GroupingFunc: 'grouping',
  JsonArrayAgg: 'json_arrayagg',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonObjectConstructor: 'json_object',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  MergeSupportFunc: 'merge_action',
  RowExpr: 'row',
  XmlSerialize: 'xmlserialize',
}

/** Constructs of one node that are told apart by a member of it. */
const BY_OPERATION: Readonly<Record<string, string>> = {
  IS_GREATEST: 'greatest',
  IS_LEAST: 'least',
  IS_XMLCONCAT: 'xmlconcat',
  IS_XMLELEMENT: 'xmlelement',
  IS_XMLFOREST: 'xmlforest',
  IS_XMLPARSE: 'xmlparse',
  IS_XMLPI: 'xmlpi',
  IS_XMLROOT: 'xmlroot',
  JSON_EXISTS_OP: 'json_exists',
  JSON_QUERY_OP: 'json_query',
  JSON_VALUE_OP: 'json_value',
  SVFOP_CURRENT_CATALOG: 'current_catalog',
  SVFOP_CURRENT_DATE: 'current_date',
  SVFOP_CURRENT_ROLE: 'current_role',
  SVFOP_CURRENT_SCHEMA: 'current_schema',
  SVFOP_CURRENT_TIME: 'current_time',
  SVFOP_CURRENT_TIME_N: 'current_time',
  SVFOP_CURRENT_TIMESTAMP: 'current_timestamp',
  SVFOP_CURRENT_TIMESTAMP_N: 'current_timestamp',
  SVFOP_CURRENT_USER: 'current_user',
  SVFOP_LOCALTIME: 'localtime',
  SVFOP_LOCALTIME_N: 'localtime',
  SVFOP_LOCALTIMESTAMP: 'localtimestamp',
  SVFOP_LOCALTIMESTAMP_N: 'localtimestamp',
  SVFOP_SESSION_USER: 'session_user',
  SVFOP_USER: 'user',
}

function chosen(value: Node): Choice | undefined {
  const kind = kindOf(value)
  const fixed = FIXED[kind]
  if (fixed !== undefined) return { name: fixed }
  switch (kind) {
    case 'ColumnRef':
      return last(bodyOf(value, 'ColumnRef').fields)
    case 'FuncCall':
      return last(bodyOf(value, 'FuncCall').funcname)
    case 'A_Indirection': {
      const { arg, indirection } = bodyOf(value, 'A_Indirection')
      return last(indirection) ?? inside(arg)
    }
    case 'CollateClause':
      return inside(bodyOf(value, 'CollateClause').arg)
    case 'A_Expr':
      return bodyOf(value, 'A_Expr').kind === 'AEXPR_NULLIF' ? { name: 'nullif' } : undefined
    case 'TypeCast': {
      const { arg, typeName } = bodyOf(value, 'TypeCast')
      return stronger(inside(arg), namesOf(typeName?.names).at(-1))
    }
    case 'CaseExpr':
      return stronger(inside(bodyOf(value, 'CaseExpr').defresult), 'case')
    case 'MinMaxExpr':
    case 'SQLValueFunction':
    case 'XmlExpr':
    case 'JsonFuncExpr': {
      const name = BY_OPERATION[bodyOf(value, kind).op ?? '']
      return name === undefined ? undefined : { name }
    }
    case 'SubLink': {
      const { subLinkType, subselect } = bodyOf(value, 'SubLink')
      if (subLinkType === 'EXISTS_SUBLINK') return { name: 'exists' }
      if (subLinkType === 'ARRAY_SUBLINK') return { name: 'array' }
      if (subLinkType !== 'EXPR_SUBLINK') return undefined
      return { name: firstOf(bodyOf(subselect, 'SelectStmt')) }
    }
    default:
      return undefined
  }
}

function inside(node: Node | undefined): Choice | undefined {
  return node === undefined ? undefined : chosen(node)
}

function stronger(found: Choice | undefined, weak: string | undefined): Choice | undefined {
  if (found !== undefined && found.isWeak !== true) return found
  return weak === undefined ? found : { name: weak, isWeak: true }
}

/** The last of the names in a path: subscripts and stars are none. */
function last(path: readonly Node[] | undefined): Choice | undefined {
  const name = (path ?? []).flatMap(step => ifKind(step, 'String')?.sval ?? []).at(-1)
  return name === undefined ? undefined : { name }
}

/** What the first column of a query is called. Throws `Unresolved` for `*`: then it hangs on what FROM names. */
function firstOf(query: SelectStmt): string {
  let first = query
  while (first.larg !== undefined) first = first.larg
  if (first.valuesLists !== undefined) return 'column1'
  const target = ifKind(first.targetList?.[0], 'ResTarget')
  if (target?.val === undefined) return NONE
  const steps = ifKind(target.val, 'ColumnRef')?.fields ?? ifKind(target.val, 'A_Indirection')?.indirection
  if (ifKind(steps?.at(-1), 'A_Star') !== undefined) {
    throw new Unresolved('a query that stands for a value selects `*`: name its column')
  }
  return target.name ?? columnNameOf(target.val)
}
