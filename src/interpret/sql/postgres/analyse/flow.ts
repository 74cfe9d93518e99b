import type { Lineage } from '../../model.ts'
import type { Analysis } from './analysis.ts'
import { NOTHING, type Scope, union } from './scope.ts'

/** What an expression's value may come from. */
export interface Flow {
  readonly from: Lineage
  /**
   * Whether nothing but the value tells of where it comes from: no error, no row more or less, no effect hangs on
   * it. Else what it comes from is inferred.
   */
  readonly total: boolean
  /**
   * Whether a condition on values that it comes from has chosen it, among values that somebody wrote: an error that one of
   * these makes, wherever it goes, would tell of the condition.
   */
  readonly chosen?: boolean
}

/** Where an expression stands. */
export interface Place {
  readonly analysis: Analysis
  readonly scope: Scope
}

export const CONSTANT: Flow = { from: NOTHING, total: true }

export function together(...flows: readonly Flow[]): Flow {
  return {
    from: union(...flows.map(({ from }) => from)),
    total: flows.every(({ total }) => total),
    ...(flows.some(({ chosen }) => chosen === true) ? { chosen: true } : {}),
  }
}

/** The same value, where an error or an effect may hang on it. */
export function partial({ from }: Flow): Flow {
  return { from, total: from.size === 0 }
}
