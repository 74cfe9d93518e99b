import type { Decision, DecisionRequest, Demand, Obligation, StatementRef } from '../../core/decision.ts'
import type { SqlAction, SqlStatement } from '../../interpret/sql/model.ts'
import type { Understood } from './understood.ts'

/** The condition key, in lower case. */
export const ROWS_KEY = 'sql:rowsaffected'

type DecideRows = (rows: number) => Decision

/** Commands that tell how many rows they changed, where that is the only change in them. */
const TELLING: ReadonlySet<string> = new Set([
  'INSERT',
  'UPDATE',
  'DELETE',
  'MERGE',
  'REPLACE',
  'COPY',
  'EXECUTE',
])
const WRITES: ReadonlySet<SqlAction> = new Set<SqlAction>([
  'sql:Insert',
  'sql:Update',
  'sql:Delete',
  'sql:Merge',
])
/** What changes rows, or may, and tells of none. */
const SILENT: ReadonlySet<SqlAction> = new Set<SqlAction>([
  'sql:Truncate',
  'sql:Create',
  'sql:Alter',
  'sql:Drop',
  'sql:Do',
  'sql:Unknown',
])

/** Whether a text changes rows, as far as anybody can tell: else no number of them is asked for. */
export function mayChangeRows({ statements }: Understood): boolean {
  return statements.some(
    statement => changesOf(statement) > 0 || has(statement, SILENT) || has(statement, CALLS),
  )
}

const CALLS: ReadonlySet<SqlAction> = new Set<SqlAction>(['sql:Call'])

/** Why the gate cannot hold the change until its rows are counted, in prose; undefined where it can. */
export function whyUncounted({ statements }: Understood): string | undefined {
  const [statement, other] = statements
  if (other !== undefined) return 'several statements stand in one text: send them one by one'
  if (statement === undefined) return undefined
  const changes = changesOf(statement)
  if (has(statement, SILENT) || changes === 0) return 'the database does not tell how many rows it changes'
  if (changes > 1)
    return 'it has several changes in it, and the database tells of one of them: send them one by one'
  if (TELLING.has(statement.tag)) return undefined
  return `how many rows are changed is not told by ${statement.tag}`
}

function changesOf({ changes, touches }: SqlStatement): number {
  return changes ?? (touches.some(({ action }) => WRITES.has(action)) ? 1 : 0)
}

function has({ touches }: SqlStatement, actions: ReadonlySet<SqlAction>): boolean {
  return touches.some(({ action }) => actions.has(action))
}

/** A request about a change that made so many rows. */
export function withRows(request: DecisionRequest, rows: number): DecisionRequest {
  return { ...request, context: new Map([...request.context, [ROWS_KEY, [String(rows)]]]) }
}

/**
 * The answer to a change before it is made, by all the numbers of rows on which it can hang. It is denied where no number
 * would let it pass. People are asked before it is made only for what they are asked for whatever the number is; every mask
 * holds that any number has.
 *
 * @param thresholds the numbers that the policies name
 */
export function decideUncounted(decide: DecideRows, thresholds: readonly number[]): Decision {
  const candidates = new Set([0, ...thresholds.flatMap(rows => [rows - 1, rows, rows + 1])])
  const all = [...candidates].filter(rows => rows >= 0).map(decide)
  const passing = all.filter(({ effect }) => effect !== 'deny')
  const [first] = passing
  if (first === undefined) return all[0] ?? decide(0)
  const demands = common(passing.map(({ demands = [] }) => demands))
  const brokeGlass = common(passing.map(({ brokeGlass: told = [] }) => told))
  const asking = new Set([...demands, ...brokeGlass].map(({ statement }) => keyOf(statement)))
  return {
    effect: demands.length > 0 ? 'ask' : 'allow',
    statements: first.statements.filter(ref => ref.effect !== 'RequireApproval' || asking.has(keyOf(ref))),
    obligations: together(passing.flatMap(({ obligations }) => obligations)),
    ...(demands.length === 0 ? {} : { demands }),
    ...(brokeGlass.length === 0 || demands.length > 0 ? {} : { brokeGlass }),
  }
}

/** Which statement it is, for sets. */
export function keyOf({ policy, statement }: StatementRef): string {
  return JSON.stringify([policy, statement])
}

function common(lists: readonly (readonly Demand[])[]): readonly Demand[] {
  const [first = [], ...others] = lists
  return first.filter(({ statement }) =>
    others.every(list => list.some(each => keyOf(each.statement) === keyOf(statement))),
  )
}

function together(obligations: readonly Obligation[]): readonly Obligation[] {
  return [...new Map(obligations.map(each => [keyOf(each.from), each])).values()]
}
