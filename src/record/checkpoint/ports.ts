import type { Clock } from '../../core/clock.ts'
import type { CheckpointSigner } from './signer.ts'

/** When the chain is cut. */
export interface CheckpointSettings {
  /** The most events that one checkpoint covers. */
  readonly events: number
  /** How long an event waits for its checkpoint, ms. */
  readonly everyMs: number
}

export const CHECKPOINT_DEFAULTS: CheckpointSettings = { events: 4_096, everyMs: 60_000 }

/** What makes a journal one with checkpoints. */
export interface CheckpointPorts extends Partial<CheckpointSettings> {
  readonly signer: CheckpointSigner
  /** Told when checkpoints cannot be made, with prose, and with undefined when they can again. */
  readonly report?: (trouble: string | undefined) => void
}

/** What the checkpointer needs of the journal and of the world. */
export interface CheckpointRuntime {
  readonly signer: CheckpointSigner
  readonly clock: Clock
  after(delayMs: number, run: () => void): () => void
  /** Asks that what was written become durable soon. */
  wanted(): void
  /** A checkpoint is durable. */
  made(): void
  report(trouble: string | undefined): void
}
