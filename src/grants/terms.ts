import type { Demand } from '../core/decision.ts'

/** What a grant under all of these demands may hold at most; durations in ms. */
export interface Terms {
  readonly uses: number
  readonly validForMs: number
  /** How long a call waits for an answer. */
  readonly holdMs: number
}

/** The least of what each demand gives: none of them is stretched by another. `demands` is never empty. */
export function termsOf(demands: readonly Demand[]): Terms {
  return {
    uses: Math.min(...demands.map(({ uses }) => uses)),
    validForMs: Math.min(...demands.map(({ validForMs }) => validForMs)),
    holdMs: Math.min(...demands.map(({ holdMs }) => holdMs)),
  }
}
