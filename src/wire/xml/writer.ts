import { GateError } from '../../core/errors.ts'
import type { XmlElement } from './element.ts'

/** An element as text, without a declaration. `readXml` gives the same element back. */
export function writeXml(element: XmlElement): string {
  let tag = `<${element.name}`
  for (const [name, value] of element.attributes) tag += ` ${name}="${escapeText(value)}"`
  if (element.children.length > 0)
    return `${tag}>${element.children.map(writeXml).join('')}</${element.name}>`
  return element.text === '' ? `${tag}/>` : `${tag}>${escapeText(element.text)}</${element.name}>`
}

/** An element that holds text. */
export function textElement(name: string, text: string): XmlElement {
  return { name, attributes: [], children: [], text }
}

/** An element that holds elements. */
export function parentElement(name: string, children: readonly XmlElement[]): XmlElement {
  return { name, attributes: [], children, text: '' }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
  '\u0085': '&#x85;',
  '\u2028': '&#x2028;',
}

/** Text for content and for double-quoted attributes alike; line ends as references, so that they survive. */
function escapeText(text: string): string {
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text) || !text.isWellFormed()) {
    throw new GateError('xml-malformed', 'a value holds a character that XML cannot carry')
  }
  return text.replace(/[&<>"\t\n\r\u0085\u2028]/g, character => ESCAPES[character] ?? character)
}
