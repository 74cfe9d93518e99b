/** A header or query pair as received; names of headers in lower case. */
export type NameValue = readonly [name: string, value: string]

/** The head of an HTTP request as the gate read it. Nothing in it has been verified. */
export interface HttpHead {
  readonly method: string
  /** The request target exactly as sent (origin form): path, and query after `?`. */
  readonly target: string
  /** All headers in order of arrival, names in lower case, values as sent (latin-1), duplicates kept. */
  readonly headers: readonly NameValue[]
}

/** The head of a reply of an upstream or of the gate. */
export interface HttpReplyHead {
  readonly status: number
  readonly headers: readonly NameValue[]
}
