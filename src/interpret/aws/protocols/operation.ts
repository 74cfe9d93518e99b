import type { OperationHead, Protocol, ServiceHead, ServiceShapes } from '../../../catalog/model.ts'
import type { HttpHead, NameValue } from '../../../core/http.ts'
import type { Parameters } from '../call.ts'

/** The operation that the router found, with what its protocol needs. */
export interface OperationContext {
  /** The protocol of this very message; services with several take any of theirs. */
  readonly protocol: Protocol
  readonly service: ServiceHead
  readonly operation: OperationHead
  readonly shapes: ServiceShapes
}

/** A message as the router leaves it. Nothing in it has been verified against the shapes. */
export interface InputMessage {
  readonly head: HttpHead
  /** Labels of the URI template by their names without `+`, percent-decoded once. */
  readonly labels: ReadonlyMap<string, string>
  /** The query string decoded, without those of a presigned signature. */
  readonly query: readonly NameValue[]
  /** The decoded (not chunked) body; undefined when it is streamed or empty. */
  readonly body: Buffer | undefined
}

export interface ReadInput {
  readonly parameters: Parameters
  /** Headers, in lower case, that carried input or that the canonical request makes anew. */
  readonly usedHeaders: ReadonlySet<string>
  /** Paths in `parameters` whose values are sensitive by the catalog: `A.B[2].C`, `Map["key"]`. */
  readonly sensitive: readonly string[]
}
