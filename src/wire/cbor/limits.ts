/** What a CBOR item may cost its reader. */
export interface CborLimits {
  /** Bytes of the whole item. */
  readonly maxBytes: number
  /** Arrays, maps and tags inside one another. */
  readonly maxDepth: number
}

export const DEFAULT_CBOR_LIMITS: CborLimits = { maxBytes: 16 * 1024 * 1024, maxDepth: 128 }
