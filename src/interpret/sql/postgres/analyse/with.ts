import type { Node, WithClause } from 'libpg-query'
import { type Output, Unresolved } from '../../model.ts'
import type { Analysis } from './analysis.ts'
import { FORWARD, type Queries, type Scope } from './scope.ts'
import { bodyOf, ifKind, namesOf } from './tree.ts'

/** How often a recursive query is read until nothing is added; each round adds a column or is the last. */
const MAX_ROUNDS = 1_000

/** The queries of a WITH clause, each of which sees those before it, and all of them where it is recursive. */
export function withQueries(clause: WithClause | undefined, around: Scope, analysis: Analysis): Queries {
  if (clause === undefined) return around.queries
  const outer: Scope = { ...around, isTop: false }
  const queries = new Map(outer.queries)
  if (clause.recursive === true) {
    for (const node of clause.ctes ?? []) queries.set(bodyOf(node, 'CommonTableExpr').ctename ?? '', FORWARD)
  }
  for (const node of clause.ctes ?? []) {
    const each = bodyOf(node, 'CommonTableExpr')
    analysis.reading.mark(each)
    if ((each.search_clause ?? each.cycle_clause) !== undefined) {
      throw new Unresolved('the gate does not read SEARCH and CYCLE of a recursive query')
    }
    const { ctename = '', ctequery, aliascolnames } = each
    const aliases = namesOf(aliascolnames)
    const read = (): Output => renamed(withQuery(ctequery, { ...outer, queries }, analysis), aliases)
    if (clause.recursive === true)
      queries.set(ctename, recursive(ctequery, aliases, { ...outer, queries }, analysis))
    queries.set(ctename, settled(ctename, queries, read, clause.recursive === true))
  }
  return queries
}

/** What a recursive query's columns come from before it has run once: what its first part gives. */
function recursive(
  node: Node | undefined,
  aliases: readonly string[],
  scope: Scope,
  analysis: Analysis,
): Output {
  const select = ifKind(node, 'SelectStmt')
  const first = select?.larg
  if (select === undefined || first === undefined || select.op === 'SETOP_NONE') return { columns: [] }
  const queries = withQueries(select.withClause, scope, analysis)
  return renamed(analysis.readers.query(first, { ...scope, queries }, analysis), aliases)
}

/** Reads a query until what its columns come from does not grow: once, unless it reads itself. */
function settled(
  name: string,
  queries: Map<string, Output>,
  read: () => Output,
  isRecursive: boolean,
): Output {
  let output = read()
  for (let round = 0; isRecursive && round < MAX_ROUNDS; round++) {
    queries.set(name, output)
    const next = read()
    const grew = next.columns.some(({ from }, i) => from.size > (output.columns[i]?.from.size ?? -1))
    output = next
    if (!grew && (next.open?.size ?? 0) === (output.open?.size ?? 0)) return output
  }
  return output
}

function withQuery(node: Node | undefined, scope: Scope, analysis: Analysis): Output {
  if (node === undefined) throw new Unresolved('a query of WITH is none')
  const select = ifKind(node, 'SelectStmt')
  if (select === undefined) return analysis.readers.write(node, scope, analysis)
  analysis.reading.mark(select)
  return analysis.readers.query(select, scope, analysis)
}

function renamed(output: Output, aliases: readonly string[]): Output {
  return {
    ...output,
    columns: output.columns.map(({ name, from }, i) => ({ name: aliases[i] ?? name, from })),
  }
}
