/** What an XML document may cost its reader. */
export interface XmlLimits {
  /** Bytes of the whole document. */
  readonly maxBytes: number
  /** Elements inside one another. */
  readonly maxDepth: number
  /** Elements in all. A DeleteObjects of 1000 keys has 3000. */
  readonly maxElements: number
  /** Attributes of one element. */
  readonly maxAttributes: number
}

export const DEFAULT_XML_LIMITS: XmlLimits = {
  maxBytes: 8 * 1024 * 1024,
  maxDepth: 64,
  maxElements: 200_000,
  maxAttributes: 16,
}
