/** An attribute by its name as written (`xsi:type`) and its value, unescaped. */
export type XmlAttribute = readonly [name: string, value: string]

/**
 * An element of the XML that AWS uses: it has either text or children, never both. Names are as written,
 * with their prefix; declarations of namespaces stand among the attributes.
 */
export interface XmlElement {
  readonly name: string
  readonly attributes: readonly XmlAttribute[]
  readonly children: readonly XmlElement[]
  /** The text, unescaped; empty when there are children. */
  readonly text: string
}
