import type { Readable } from 'node:stream'
import type { HttpReplyHead, NameValue } from '../core/http.ts'
import type { Principal } from '../core/principal.ts'

/** What is to be sent, without a signature. */
export interface UpstreamRequest {
  /** The catalog's service id. */
  readonly service: string
  readonly operation: string
  /** The region that the client signed for; the upstream works out its own scope. */
  readonly region: string
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: readonly NameValue[]
  readonly hostPrefix: string
  /** A whole body, or a stream of plain (already de-chunked and verified) bytes with its length. */
  readonly body: UpstreamBody
}

export type UpstreamBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | {
      readonly kind: 'stream'
      readonly bytes: Readable
      /** Decoded length in bytes. */
      readonly length: number
      /** SHA-256 of the body in hex where the client's signature covered it; else unsigned or chunked. */
      readonly sha256?: string
      /** Trailing checksum header that the client announced (`x-amz-checksum-crc32`). */
      readonly trailer?: string
      /** The client signed each chunk; the upstream's chunks are then signed as well. */
      readonly chunkSigned?: boolean
    }

/** The upstream's answer; `body` has not been read yet. */
export interface UpstreamReply extends HttpReplyHead {
  readonly body: Readable
  /** What is worth recording of the lease that was used: `OutcomeEvent.lease`. */
  readonly lease?: string
}

/** A call that this room makes of its own accord, with the principal's lease: no client has asked for it. */
export interface OwnCall {
  readonly service: 's3'
  readonly operation: 'CreateSession'
  readonly region: string
  readonly bucket: string
}

/** How it ended: a status and AWS's number for it, or a code of the gate. */
export interface OwnCallEnd {
  readonly status?: number
  readonly upstreamRequestId?: string
  readonly error?: string
}

/**
 * Records such a call: durable when it resolves, and only then may it leave. What it gives records how it ended, and
 * never rejects. Rejects with `journal-unavailable`.
 */
export type RecordOwnCall = (
  principal: Principal,
  call: OwnCall,
) => Promise<(end: OwnCallEnd) => Promise<void>>

/** Sends calls with leased credentials. */
export interface Upstream {
  /**
   * Throws `region-not-allowed` where the configuration does not let the service be called in the region;
   * for a check before the decision. `send` checks it again.
   */
  checkRegion(service: string, region: string): void
  /** Sends the request with the principal's lease. Aborting `signal` tears the upstream call down. */
  send(principal: Principal, request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamReply>
  close(): Promise<void>
}
