import type { Decision, MaskForm } from '../../core/decision.ts'
import {
  ANY_COLUMN,
  type Lineage,
  type Output,
  type SchemaCatalog,
  type SqlStatement,
} from '../../interpret/sql/model.ts'
import { type ColumnOrigin, type ColumnRule, formFor, maskedAmong } from '../../mask/sql/columns.ts'
import type { Understood } from './understood.ts'

/** What is masked of a statement's results, and of what the server says beside them. */
export interface StatementMasks {
  readonly rules: readonly ColumnRule[]
  /** The results of its statements in order; undefined where one has none. */
  readonly outputs: readonly (Output | undefined)[]
  /** Whether errors and notices may quote what is masked. */
  readonly isHushed: boolean
  /** Whether it was understood to be a COPY, whose data pass as they are. */
  readonly isCopy: boolean
}

const NO_MASKS: StatementMasks = { rules: [], outputs: [], isHushed: false, isCopy: false }

/** The rules on columns among a decision's obligations. */
export function columnRules({ obligations }: Decision): readonly ColumnRule[] {
  return obligations.flatMap(({ columns, as }) => (columns.length === 0 ? [] : [{ columns, as }]))
}

export function masksOf(decision: Decision, understood: Understood, catalog: SchemaCatalog): StatementMasks {
  const rules = columnRules(decision)
  if (rules.length === 0) return NO_MASKS
  return {
    rules,
    outputs: understood.statements.map(({ output }) => output),
    isHushed: maskedAmong(reachable(understood, catalog), rules).length > 0,
    isCopy: understood.tags.includes('COPY'),
  }
}

/** All columns of all that a text touches. */
function reachable({ statements }: Understood, catalog: SchemaCatalog): readonly ColumnOrigin[] {
  return statements.flatMap(({ touches, output }) => [
    ...(output?.open ?? []),
    ...touches.flatMap(({ action, object: { kind, schema, name } }): readonly ColumnOrigin[] => {
      if (action === 'sql:Unknown' || action === 'sql:Do' || action === 'sql:Call') return [ANY_COLUMN]
      if (kind !== 'relation') return []
      return catalog.relation(schema ?? '', name)?.columns ?? [ANY_COLUMN]
    }),
  ])
}

/** The decision, denied where a mask that it asks for could not be kept. */
export function withMasks(decision: Decision, understood: Understood): Decision {
  if (decision.effect === 'deny') {
    const { denial } = decision
    if (understood.unclear === undefined || denial === undefined) return decision
    return { ...decision, denial: { ...denial, reason: `${denial.reason}; ${understood.unclear}` } }
  }
  const rules = columnRules(decision)
  if (rules.length === 0) return unmaskable(decision)
  for (const statement of understood.statements) {
    const { tag, inferred, copied, output } = statement
    const why =
      whyNot(given(statement), rules, 'a function that the gate does not know could tell of it') ??
      whyNot(inferred, rules, 'which rows come, or in which order, would tell of it') ??
      whyNot(copied, rules, 'it would be put where it is not masked') ??
      whyNot(tag === 'COPY' ? linesOf(output) : [], rules, 'what COPY gives is not masked: select it')
    if (why !== undefined) return denied(decision, why)
  }
  return unmaskable(decision)
}

/** What a function with effects of its own may be given: it could set it, send it, or write it. */
function given({ touches }: SqlStatement): readonly ColumnOrigin[] {
  if (!touches.some(({ action }) => action === 'sql:Call')) return []
  return touches.flatMap(({ object: { kind, schema = '*', name: relation }, columns }) =>
    kind === 'relation' ? [...columns].map(name => ({ schema, relation, name })) : [],
  )
}

function linesOf(output: Output | undefined): readonly ColumnOrigin[] {
  if (output === undefined) return []
  return [...output.columns.flatMap(({ from }) => [...from]), ...(output.open ?? [])]
}

function whyNot(
  columns: Lineage | readonly ColumnOrigin[],
  rules: readonly ColumnRule[],
  why: string,
): string | undefined {
  const [first] = maskedAmong(columns, rules)
  if (first === undefined) return undefined
  const name = first === ANY_COLUMN ? 'a column' : `\`${first.relation}.${first.name}\``
  return `${name} is masked for this principal, and ${why}`
}

/** Obligations that no result of SQL can be held to: fields of replies, detectors. */
function unmaskable(decision: Decision): Decision {
  const other = decision.obligations.some(({ fields, detect }) => fields.length + detect.length > 0)
  if (!other) return decision
  return denied(decision, 'a mask that is not on columns holds for it, which the gate cannot keep here')
}

function denied(decision: Decision, reason: string): Decision {
  const masks = decision.obligations.map(({ from }) => from)
  return { effect: 'deny', statements: masks, obligations: [], denial: { kind: 'explicit', reason } }
}

/**
 * The forms in which a result's columns are masked; undefined where none is. A result that is not what the statement
 * was understood to give is masked by every rule.
 * @param count of columns, as the server describes the result
 */
export function columnForms(
  count: number,
  output: Output | undefined,
  rules: readonly ColumnRule[],
): readonly (MaskForm | undefined)[] | undefined {
  const isKnown = output !== undefined && (output.open !== undefined || output.columns.length === count)
  const forms = Array.from({ length: count }, (_, i) => {
    const from = isKnown ? [...(output.columns[i]?.from ?? []), ...openOf(output)] : [ANY_COLUMN]
    return formFor(from, rules)
  })
  return forms.some(form => form !== undefined) ? forms : undefined
}

/** Where the number of columns is not known, nobody knows which of them is which: each may be any. */
function openOf(output: Output): readonly ColumnOrigin[] {
  return output.open === undefined ? [] : linesOf(output)
}
