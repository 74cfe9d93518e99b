/** What a JSON text may cost its reader. */
export interface JsonLimits {
  /** Bytes of the whole text. */
  readonly maxBytes: number
  /** Arrays and objects inside one another. DynamoDB's 32 levels take 2 each on the wire. */
  readonly maxDepth: number
}

export const DEFAULT_JSON_LIMITS: JsonLimits = { maxBytes: 32 * 1024 * 1024, maxDepth: 128 }
