import type { Decision, MaskForm } from '../../core/decision.ts'
import {
  ANY_COLUMN,
  type CopyForm,
  type Lineage,
  type Output,
  type SchemaCatalog,
  type SqlStatement,
} from '../../interpret/sql/model.ts'
import { type ColumnOrigin, type ColumnRule, formFor, maskedAmong } from '../../mask/sql/columns.ts'
import type { Engine } from './ports.ts'
import type { Understood } from './understood.ts'

/** What is masked of a statement's results, and of what the server says beside them. */
export interface StatementMasks {
  readonly rules: readonly ColumnRule[]
  /** What is looked for in every value that may hold text, and in errors and notices. */
  readonly detects: readonly DetectRule[]
  /** The results of its statements in order; undefined where one has none. */
  readonly outputs: readonly (Output | undefined)[]
  /** How those of them that are COPY write their rows, where that is known. */
  readonly copies?: readonly (CopyForm | undefined)[]
  /** Whether errors and notices may quote what is masked. */
  readonly isHushed: boolean
  /** Whether it was understood to be a COPY: data may come. */
  readonly isCopy: boolean
}

/** One obligation to find what is secret in values. */
export interface DetectRule {
  /** Names of detectors. */
  readonly names: readonly string[]
  readonly as: MaskForm
}

const NO_MASKS: StatementMasks = {
  rules: [],
  detects: [],
  outputs: [],
  copies: [],
  isHushed: false,
  isCopy: false,
}

const UNREAD_COPY =
  'COPY gives it in a form that the gate does not read: have it as text or CSV, to the client, or select it'

/** The rules on columns among a decision's obligations. */
export function columnRules({ obligations }: Decision): readonly ColumnRule[] {
  return obligations.flatMap(({ columns, as }) => (columns.length === 0 ? [] : [{ columns, as }]))
}

/** The detectors among a decision's obligations. */
export function detectRules({ obligations }: Decision): readonly DetectRule[] {
  return obligations.flatMap(({ detect, as }) => (detect.length === 0 ? [] : [{ names: detect, as }]))
}

export function masksOf(decision: Decision, understood: Understood, catalog: SchemaCatalog): StatementMasks {
  const rules = columnRules(decision)
  const detects = detectRules(decision)
  if (rules.length + detects.length === 0) return NO_MASKS
  return {
    rules,
    detects,
    outputs: understood.statements.map(({ output }) => output),
    copies: understood.statements.map(({ copies }) => copies),
    isHushed: isHushed(understood, rules, catalog),
    isCopy: understood.tags.includes('COPY'),
  }
}

/** Whether an error or notice of the database could quote what is masked. */
export function isHushed(
  understood: Understood,
  rules: readonly ColumnRule[],
  catalog: SchemaCatalog,
): boolean {
  return rules.length > 0 && maskedAmong(reachable(understood, catalog), rules).length > 0
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
export function withMasks(decision: Decision, understood: Understood, engine: Engine): Decision {
  if (decision.effect === 'deny') {
    const { denial } = decision
    if (understood.unclear === undefined || denial === undefined) return decision
    return { ...decision, denial: { ...denial, reason: `${denial.reason}; ${understood.unclear}` } }
  }
  if (decision.obligations.length === 0) return decision
  const why =
    whyNoMask(decision) ??
    whyNoColumns(understood, columnRules(decision), engine) ??
    whyNoDetection(understood, detectRules(decision))
  return why === undefined ? decision : denied(decision, why)
}

function whyNoColumns(
  { statements }: Understood,
  rules: readonly ColumnRule[],
  engine: Engine,
): string | undefined {
  if (rules.length === 0) return undefined
  for (const statement of statements) {
    const { tag, inferred, copied, output, copies } = statement
    const why =
      whyNot(
        engine === 'mysql' ? given(statement) : [],
        rules,
        'a function that the gate does not know could tell of it',
      ) ??
      whyNot(inferred, rules, 'which rows come, or in which order, would tell of it') ??
      whyNot(copied, rules, 'it would be put where it is not masked') ??
      whyNot(tag === 'COPY' && copies === undefined ? linesOf(output) : [], rules, UNREAD_COPY)
    if (why !== undefined) return why
  }
  return undefined
}

function whyNoDetection({ statements }: Understood, rules: readonly DetectRule[]): string | undefined {
  const [names] = rules.map(rule => rule.names.slice(0, 3).join(', '))
  if (names === undefined) return undefined
  const isUnread = statements.some(
    ({ tag, output, copies }) => tag === 'COPY' && output !== undefined && copies === undefined,
  )
  return isUnread ? `what is secret (${names}) has to be found, and ${UNREAD_COPY}` : undefined
}

/**
 * What a function with effects of its own may be given: it could set it, send it, or write it. Of PostgreSQL's calls it is
 * known what each is given: that is among what they copy.
 */
function given({ touches }: SqlStatement): readonly ColumnOrigin[] {
  if (!touches.some(({ action }) => action === 'sql:Call')) return []
  return touches.flatMap(({ object: { kind, schema = '*', name: relation }, columns }) =>
    kind === 'relation' ? [...columns].map(name => ({ schema, relation, name })) : [],
  )
}

/** All that a result may come from. */
export function linesOf(output: Output | undefined): readonly ColumnOrigin[] {
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

/** Masks of fields alone: results of SQL have columns. */
function whyNoMask({ obligations }: Decision): string | undefined {
  const without = obligations.find(({ columns, detect }) => columns.length + detect.length === 0)
  if (without === undefined) return undefined
  const { statement, policy } = without.from
  return `the mask \`${statement}\` of \`${policy}\` names fields of replies, which results of SQL do not have: it takes \`Columns\` or \`Detect\``
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
