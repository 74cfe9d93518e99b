/** What clients may take of the listener; each breach ends in an answer of its own. */
export interface ListenerLimits {
  /** Client connections at once. */
  readonly connections: number
  /** All headers of a request together, bytes. */
  readonly headersBytes: number
  /** From the connection (or the last reply) to the last byte of the head, ms. */
  readonly headersTimeoutMs: number
  /** Longest pause within a body, in either direction, ms. */
  readonly bodyTimeoutMs: number
  /** How long an idle connection is kept, ms. */
  readonly keepAliveMs: number
}

/** For a CONNECT tunnel to finish its TLS handshake, or a refused connection to go away, ms. */
export const HANDSHAKE_TIMEOUT_MS = 10_000
