import type { CheckpointLine } from '../checkpoint-lines.ts'

/** Where checkpoints are told. */
export interface AnchorTarget {
  /** The most lines of one call. */
  readonly most: number
  /** Names the place, without secrets: another place is told everything from the beginning. */
  readonly place: string
  /**
   * Resolves when the place keeps these lines, all of one lane and in their order. What rejects is told again, from the
   * same line on. Rejects with `anchor-unavailable`, `bucket-unavailable` or `archive-contradicted`.
   */
  tell(lines: readonly CheckpointLine[], signal: AbortSignal): Promise<void>
}
