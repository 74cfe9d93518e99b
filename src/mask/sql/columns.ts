import type { MaskForm } from '../../core/decision.ts'
import { matchesGlob } from '../../core/glob.ts'

/** A column of the database from which a value may come; `*` in all three: it may be any. */
export interface ColumnOrigin {
  readonly schema: string
  readonly relation: string
  readonly name: string
}

/** One obligation to mask columns of results. */
export interface ColumnRule {
  /**
   * Patterns of `schema.relation.column`, or of `relation.column` in any schema, with `*` and `?`. Case does not count: servers
   * that tell names apart by it are few, and a mask too many shows nothing.
   */
  readonly columns: readonly string[]
  readonly as: MaskForm
}

/** From which reveals nothing to which reveals some: where several rules meet, the first of these holds. */
const STRICTEST: readonly MaskForm[] = ['null', 'full', 'hash', 'partial']

/**
 * How a value is to be masked by where it may come from; undefined where no rule names any of these columns. What may come
 * from anywhere is masked by every rule.
 */
export function formFor(origins: Iterable<ColumnOrigin>, rules: readonly ColumnRule[]): MaskForm | undefined {
  const all = [...origins]
  const forms = new Set(rules.filter(rule => all.some(origin => isNamed(origin, rule))).map(({ as }) => as))
  return STRICTEST.find(form => forms.has(form))
}

/** The columns among these that a rule names: on which nothing may hang that the client can see. */
export function maskedAmong(
  origins: Iterable<ColumnOrigin>,
  rules: readonly ColumnRule[],
): readonly ColumnOrigin[] {
  return [...origins].filter(origin => rules.some(rule => isNamed(origin, rule)))
}

function isNamed({ schema, relation, name }: ColumnOrigin, { columns }: ColumnRule): boolean {
  if (schema === '*' && relation === '*' && name === '*') return columns.length > 0
  const short = `${relation}.${name}`.toLowerCase()
  const full = `${schema}.${short}`.toLowerCase()
  return columns.some(pattern => {
    const folded = pattern.toLowerCase()
    return matchesGlob(folded, full) || matchesGlob(folded, short)
  })
}
