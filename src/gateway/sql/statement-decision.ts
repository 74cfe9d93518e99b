import type { Decision, DecisionRequest, Demand, GrantRef } from '../../core/decision.ts'
import { columnRules, detectRules, withMasks } from './masks.ts'
import type { Engine, SqlRooms } from './ports.ts'
import { decideUncounted, keyOf, mayChangeRows, whyUncounted, withRows } from './rows-affected.ts'
import type { Understood } from './understood.ts'

/** One text, and what is asked of it. */
export interface Statement {
  readonly request: DecisionRequest
  readonly understood: Understood
  readonly engine: Engine
  /** Rows that its change has made, in a transaction that waits for the answer. */
  readonly rows?: number
  /** What people have said of it already. */
  readonly met?: Met
}

/** Demands that were met for a text: for these nobody is asked again. */
export interface Met {
  /** Keys of the statements that demand; see `keyOf`. */
  readonly statements: ReadonlySet<string>
  readonly grant?: GrantRef
}

/** The answer to a text. */
export interface StatementDecision {
  readonly decision: Decision
  /** Something is masked of it for this principal, or would be if it passed. */
  readonly isMasked: boolean
  /** It passes only until its rows are counted: then it is to be asked again, with their number. */
  readonly isCounted: boolean
}

/**
 * Decides one text by the policies, with what the masks of SQL cannot keep, and with how many rows it changes. Pure, but for the
 * time in the request.
 */
export function decideStatement(
  statement: Statement,
  rooms: Pick<SqlRooms, 'decide' | 'rowThresholds'>,
): StatementDecision {
  const { request, understood, rows, met } = statement
  if (rows !== undefined) {
    const { decision, isMasked } = plain(withRows(request, rows), statement, rooms)
    return { decision: without(met, counted(decision, rows)), isMasked, isCounted: false }
  }
  const thresholds = mayChangeRows(understood) ? rooms.rowThresholds(request) : []
  if (thresholds.length === 0) {
    const { decision, isMasked } = plain(request, statement, rooms)
    return { decision: without(met, decision), isMasked, isCounted: false }
  }
  let isMasked = false
  const decision = decideUncounted(number => {
    const answer = plain(withRows(request, number), statement, rooms)
    isMasked ||= answer.isMasked
    return answer.decision
  }, thresholds)
  if (decision.effect === 'deny') return { decision, isMasked, isCounted: false }
  const why = whyUncounted(understood)
  if (why !== undefined) return { decision: uncountable(decision, why), isMasked, isCounted: false }
  return { decision: without(met, decision), isMasked, isCounted: true }
}

function plain(
  request: DecisionRequest,
  { understood, engine }: Statement,
  { decide }: Pick<SqlRooms, 'decide'>,
): { readonly decision: Decision; readonly isMasked: boolean } {
  const asked = decide(request)
  const isMasked = columnRules(asked).length > 0 || detectRules(asked).length > 0
  return { decision: withMasks(asked, understood, engine), isMasked }
}

/** What was settled by a decision, for the next of the same text; undefined where nobody had a say. */
export function metBy({ grant, brokeGlass, statements }: Decision): Met | undefined {
  if (grant === undefined && brokeGlass === undefined) return undefined
  const told = brokeGlass?.map(({ statement }) => statement) ?? []
  const asked = grant === undefined ? [] : statements.filter(({ effect }) => effect === 'RequireApproval')
  const keys = new Set([...told, ...asked].map(keyOf))
  return { statements: keys, ...(grant === undefined ? {} : { grant }) }
}

/** The decision without demands that were met. */
function without(met: Met | undefined, decision: Decision): Decision {
  if (met === undefined) return decision
  const isOpen = ({ statement }: Demand): boolean => !met.statements.has(keyOf(statement))
  const { demands = [], brokeGlass = [], effect, ...rest } = decision
  const open = demands.filter(isOpen)
  const told = brokeGlass.filter(isOpen)
  if (effect === 'ask' && open.length > 0) return { ...rest, effect, demands: open }
  return {
    ...rest,
    effect: effect === 'deny' ? 'deny' : 'allow',
    ...(told.length === 0 ? {} : { brokeGlass: told }),
    ...(met.grant === undefined || effect === 'deny' ? {} : { grant: met.grant }),
  }
}

/** A denial that says how many rows it is about. */
function counted(decision: Decision, rows: number): Decision {
  const { denial } = decision
  if (denial === undefined) return decision
  const reason = `${denial.reason}; ${rows} ${rows === 1 ? 'row was' : 'rows were'} changed, and none stays so`
  return { ...decision, denial: { ...denial, reason } }
}

function uncountable({ statements }: Decision, why: string): Decision {
  const reason = `how many rows it changes decides whether it may pass (\`sql:RowsAffected\`), and ${why}`
  return { effect: 'deny', statements, obligations: [], denial: { kind: 'implicit', reason } }
}
