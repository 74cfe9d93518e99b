import type { Outbound } from './outbound.ts'

/** A receiver of a stream. */
export interface Sink {
  /** A batch has no more events, and gets no further one once it has so many bytes. */
  readonly limits: { readonly events: number; readonly bytes: number }
  /**
   * Resolves when the receiver has all of them. Rejects with `stream-undeliverable` where it may not: they are given
   * again, in the same order.
   */
  deliver(batch: readonly Outbound[], signal: AbortSignal): Promise<void>
  close(): Promise<void>
}
