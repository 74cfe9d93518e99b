import type { JournalEvent } from '../record/event.ts'

/**
 * One thing that the archivist does beside the gate. A job keeps what it has to remember on the disk, so that it may
 * be killed at any moment and goes on where it was.
 */
export interface Job {
  /** For the log and the metrics: `upload`, `anchor ledger`, `stream siem`. */
  readonly name: string
  /**
   * Does what there is to do; gives how long it is before there may be more, ms. Rejects when it cannot: it is tried
   * again later and later, for ever, and the operator is told.
   */
  round(signal: AbortSignal): Promise<number>
}

/** What jobs ask of the gate beside which they run. */
export interface GateLine {
  /** Appends an event to a lane of the gate; resolves when it is durable. */
  append(event: JournalEvent): Promise<void>
}
