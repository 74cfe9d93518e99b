import type { OperationHead, Protocol, ServiceHead } from '../../../catalog/model.ts'
import type { HttpHead, NameValue } from '../../../core/http.ts'

/** How the client reached the gate. */
export type WayIn =
  | {
      /** At the gate's own endpoint, by address or by name. */
      readonly kind: 'endpoint'
      /** Names that the gate answers to, lower case; a bucket or an account may stand before them. */
      readonly baseDomains: readonly string[]
    }
  | {
      /** Through the proxy, at an AWS host name. */
      readonly kind: 'proxy'
    }

/** What is known of a request beside its head: the signature over it has been verified. */
export interface RouteFacts {
  /** Service name of the verified credential scope. */
  readonly signingName: string
  /** Region of the verified credential scope. */
  readonly region: string
  /** Lower-case names of the headers that the signature covers. */
  readonly signedHeaders: ReadonlySet<string>
  /** The signature is in the query. */
  readonly presigned: boolean
  /** Host header, lower case, without port; checked equal to the TLS server name where there is one. */
  readonly host: string
  readonly wayIn: WayIn
}

/** One operation that the request may be. */
export interface RoutedOperation {
  readonly service: ServiceHead
  readonly operation: OperationHead
  readonly protocol: Protocol
  /** Labels of the URI template, decoded once. */
  readonly labels: ReadonlyMap<string, string>
  /** Query parameters that belong to members: without literals, signature and `x-id`. */
  readonly query: readonly NameValue[]
}

/** Where a request goes. */
export interface Route {
  /** The head as members are read from it: presigned `x-amz-*` parameters are headers here. */
  readonly head: HttpHead
  readonly facts: RouteFacts
  /** What stood before the endpoint in the host, with its last `.` or `-`; else empty. */
  readonly hostPrefix: string
  /** What the request may be, the preferred one first. Empty where the body has to tell: `resolve`. */
  readonly candidates: readonly RoutedOperation[]
  readonly protocol: Protocol
  /** `whole`: buffer the body, up to `maxBodyBytes`; `stream`: it is no parameter, pass it on. */
  readonly body: 'whole' | 'stream'
  readonly maxBodyBytes: number
  /** Only for the query protocols by POST: finishes the route with the operation that the form names. */
  readonly resolve?: (body: Buffer) => Route
}
