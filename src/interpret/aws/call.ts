import type { Protocol } from '../../catalog/model.ts'
import type { Context, Pair } from '../../core/decision.ts'
import type { NameValue } from '../../core/http.ts'
import type { JsonObject } from '../../core/json.ts'

/** One service and operation that a request may mean. */
export interface Candidate {
  readonly service: string
  readonly operation: string
}

/**
 * The parsed input of an operation by the member names of the AWS API. Every value is JSON-able:
 * blobs are base64 strings, timestamps ISO 8601 strings, numbers beyond 2^53 their decimal strings. A
 * streaming payload is not in it.
 */
export type Parameters = JsonObject

/** The request as the gate will send it: made from `parameters`, never from the client's bytes. */
export interface CanonicalRequest {
  readonly method: string
  /** Percent-encoded path, without the query. */
  readonly path: string
  /** Percent-encoded query without `?`, sorted by name; empty when there is none. */
  readonly query: string
  /** Headers to send and to sign, lower case; no `host`, no signature, no hop-by-hop header. */
  readonly headers: readonly NameValue[]
  /** The whole body; undefined when it is streamed. */
  readonly body?: Buffer
  /** What the host prefix trait adds before the endpoint's host: `111122223333.`; else empty. */
  readonly hostPrefix: string
}

/** An AWS call that the gate understood in full. */
export interface AwsCall {
  readonly service: string
  readonly operation: string
  /** Twins: everything that the same bytes could mean elsewhere; each is in `pairs` too. */
  readonly candidates: readonly Candidate[]
  readonly protocol: Protocol
  /** The region that the client signed for. */
  readonly region: string
  readonly parameters: Parameters
  /** Paths in `parameters` whose values are sensitive by the catalog: never recorded in the clear. */
  readonly sensitive: readonly string[]
  readonly pairs: readonly Pair[]
  /** Condition keys from the request itself; those of principal and connection are added later. */
  readonly context: Context
  readonly canonical: CanonicalRequest
  /** The body is streamed to the upstream and is not part of `parameters`. */
  readonly streamsIn: boolean
  readonly streamsOut: boolean
}
