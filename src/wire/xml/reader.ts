import { isUtf8 } from 'node:buffer'
import { GateError } from '../../core/errors.ts'
import type { XmlAttribute, XmlElement } from './element.ts'
import { DEFAULT_XML_LIMITS, type XmlLimits } from './limits.ts'

/*
 * A strict reader of the subset of XML 1.0 (https://www.w3.org/TR/xml/) that AWS uses.
 *
 * Invariant: what is read has one meaning for every parser. There is no document type, no processing
 * instruction besides the declaration, no comment, no CDATA, no entity but the five and numeric ones,
 * no text beside elements, no attribute twice, no encoding but UTF-8; prefixes are declared where used.
 *
 *   document = [BOM] ['<?xml' … '?>'] space element space
 *   element  = '<' name attribute* ('/>' | '>' (text | (space element)* space) '</' name space '>')
 */

const NAME = /[A-Za-z_][A-Za-z0-9_.-]*(?::[A-Za-z_][A-Za-z0-9_.-]*)?/y
const SPACE = /[ \t\r\n]*/y
const DECLARATION =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"utf-8"|'utf-8'))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>/i
/** Longest reference: `&#x10FFFF;`, with room for leading zeros. */
const MAX_REFERENCE = 12
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
])

/**
 * The root element of a whole document.
 * @throws GateError `xml-malformed`, `xml-limit`
 */
export function readXml(bytes: Buffer, limits: XmlLimits = DEFAULT_XML_LIMITS): XmlElement {
  if (bytes.length > limits.maxBytes) {
    throw new GateError('xml-limit', `the XML document is longer than ${limits.maxBytes} bytes`)
  }
  if (!isUtf8(bytes)) throw new GateError('xml-malformed', 'the XML document is not valid UTF-8')
  const text = bytes.toString('utf8')
  return new Reader(text.startsWith('\ufeff') ? text.slice(1) : text, limits).document()
}

class Reader {
  readonly #text: string
  readonly #limits: XmlLimits
  #at = 0
  #elements = 0

  constructor(text: string, limits: XmlLimits) {
    this.#text = text
    this.#limits = limits
  }

  document(): XmlElement {
    this.#at = DECLARATION.exec(this.#text)?.[0].length ?? 0
    this.#skipSpace()
    const root = this.#element(1, new Set(['xml']))
    this.#skipSpace()
    if (this.#at < this.#text.length) throw this.#malformed('more text after the root element')
    return root
  }

  #element(depth: number, outerPrefixes: ReadonlySet<string>): XmlElement {
    if (depth > this.#limits.maxDepth) {
      throw new GateError('xml-limit', `the XML document is nested more than ${this.#limits.maxDepth} deep`)
    }
    if (++this.#elements > this.#limits.maxElements) {
      throw new GateError('xml-limit', `the XML document has more than ${this.#limits.maxElements} elements`)
    }
    this.#expect('<')
    const name = this.#name()
    const attributes = this.#attributes()
    const prefixes = declaredPrefixes(attributes, outerPrefixes)
    for (const used of [name, ...attributes.map(([attribute]) => attribute)])
      this.#checkPrefix(used, prefixes)
    if (this.#takes('/>')) return { name, attributes, children: [], text: '' }
    this.#expect('>')
    const { children, text } = this.#content(depth, prefixes)
    this.#expect('</')
    if (this.#name() !== name) throw this.#malformed(`the end tag is not that of \`${name}\``)
    this.#skipSpace()
    this.#expect('>')
    return { name, attributes, children, text }
  }

  #content(depth: number, prefixes: ReadonlySet<string>): Pick<XmlElement, 'children' | 'text'> {
    const children: XmlElement[] = []
    for (;;) {
      const text = this.#textUntilTag()
      const ends = this.#text.startsWith('</', this.#at)
      if (ends && children.length === 0) return { children, text }
      if (!isSpace(text)) throw this.#malformed('text beside elements')
      if (ends) return { children, text: '' }
      children.push(this.#element(depth + 1, prefixes))
    }
  }

  #textUntilTag(): string {
    const end = this.#text.indexOf('<', this.#at)
    if (end < 0) throw this.#malformed('the document ends inside an element')
    const raw = this.#text.slice(this.#at, end)
    if (raw.includes(']]>')) throw this.#malformed('a `]]>` in text')
    const text = this.#unescape(raw)
    this.#at = end
    return text
  }

  #attributes(): readonly XmlAttribute[] {
    const attributes: XmlAttribute[] = []
    for (;;) {
      const before = this.#at
      this.#skipSpace()
      if (this.#startsWith('>') || this.#startsWith('/>')) return attributes
      if (this.#at === before) throw this.#malformed('no space before an attribute')
      const name = this.#name()
      if (attributes.some(([earlier]) => earlier === name))
        throw this.#malformed(`the attribute \`${name}\` twice`)
      if (attributes.length === this.#limits.maxAttributes) {
        throw new GateError(
          'xml-limit',
          `an XML element has more than ${this.#limits.maxAttributes} attributes`,
        )
      }
      this.#skipSpace()
      this.#expect('=')
      this.#skipSpace()
      attributes.push([name, this.#attributeValue()])
    }
  }

  #attributeValue(): string {
    const quote = this.#text.charAt(this.#at)
    if (quote !== '"' && quote !== "'") throw this.#malformed('an attribute without quotes')
    const end = this.#text.indexOf(quote, this.#at + 1)
    if (end < 0) throw this.#malformed('the document ends inside an attribute')
    const raw = this.#text.slice(this.#at + 1, end)
    // A literal tab or line end would be read as a space: a reader that does not would see another value.
    if (/[<\t\r\n]/.test(raw)) throw this.#malformed('a `<`, tab or line end in an attribute')
    const value = this.#unescape(raw)
    this.#at = end + 1
    return value
  }

  /** Text with its references replaced and its line ends made `\n` (XML 1.0, section 2.11). */
  #unescape(raw: string): string {
    if (hasForbidden(raw)) throw this.#malformed('a character that XML does not allow')
    const normal = raw.includes('\r') ? raw.replaceAll('\r\n', '\n').replaceAll('\r', '\n') : raw
    const [head = '', ...pieces] = normal.split('&')
    let text = head
    for (const piece of pieces) {
      const end = piece.indexOf(';')
      if (end < 0 || end > MAX_REFERENCE) throw this.#malformed('an `&` that begins no reference')
      text += this.#reference(piece.slice(0, end)) + piece.slice(end + 1)
    }
    return text
  }

  #reference(name: string): string {
    const entity = ENTITIES.get(name)
    if (entity !== undefined) return entity
    const digits = /^#(?:x([0-9a-fA-F]+)|([0-9]+))$/.exec(name)
    if (digits === null) throw this.#malformed(`the reference \`&${name};\``)
    const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16)
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
      throw this.#malformed(`the reference \`&${name};\``)
    const character = String.fromCodePoint(code)
    if (hasForbidden(character)) throw this.#malformed('a character that XML does not allow')
    return character
  }

  #checkPrefix(name: string, prefixes: ReadonlySet<string>): void {
    const colon = name.indexOf(':')
    if (colon < 0 || name.startsWith('xmlns:')) return
    if (!prefixes.has(name.slice(0, colon)))
      throw this.#malformed(`the prefix of \`${name}\` is not declared`)
  }

  #name(): string {
    NAME.lastIndex = this.#at
    const name = NAME.exec(this.#text)?.[0]
    if (name === undefined) throw this.#malformed('no name of an element or attribute')
    this.#at += name.length
    return name
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0
  }

  #startsWith(mark: string): boolean {
    return this.#text.startsWith(mark, this.#at)
  }

  #takes(mark: string): boolean {
    if (!this.#startsWith(mark)) return false
    this.#at += mark.length
    return true
  }

  #expect(mark: string): void {
    if (!this.#takes(mark)) throw this.#malformed(`no \`${mark}\``)
  }

  #malformed(what: string): GateError {
    return new GateError('xml-malformed', `the XML document cannot be read at character ${this.#at}: ${what}`)
  }
}

function declaredPrefixes(
  attributes: readonly XmlAttribute[],
  outer: ReadonlySet<string>,
): ReadonlySet<string> {
  const declared = attributes.filter(([name]) => name.startsWith('xmlns:')).map(([name]) => name.slice(6))
  return declared.length === 0 ? outer : new Set([...outer, ...declared])
}

function isSpace(text: string): boolean {
  return /^[ \t\r\n]*$/.test(text)
}

/** Characters outside the `Char` production of XML 1.0, section 2.2. */
function hasForbidden(text: string): boolean {
  return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text)
}
