import type { ServiceShapes, Shape } from '../../../catalog/model.ts'
import type { Json } from '../../../core/json.ts'
import { setMember } from '../../../wire/json/value.ts'
import type { XmlAttribute, XmlElement } from '../../../wire/xml/element.ts'
import { textElement } from '../../../wire/xml/writer.ts'
import { readScalar, writeScalar } from './scalar.ts'
import { elementOf, type MemberIndex, memberIndexBy, membersOf, type ResolvedShape } from './shapes.ts'
import {
  asEntries,
  asList,
  asString,
  asStructure,
  checkMembers,
  checkUnion,
  type Draft,
  duplicateParameter,
  indexPath,
  keyPath,
  malformedParameter,
  memberPath,
  noteSensitive,
  ownMember,
  type ReadWalk,
  unknownParameter,
} from './walk.ts'

/*
 * XML bodies of the rest-xml protocol by shape
 * (https://smithy.io/2.0/spec/protocol-traits.html#xml-bindings):
 *
 *   list   <Name><member>…</member></Name>, flattened <Name>…</Name> repeated
 *   map    <Name><entry><key/><value/></entry></Name>, flattened <Name><key/><value/></Name> repeated
 */

const XSI = 'http://www.w3.org/2001/XMLSchema-instance'

/** A reader's walk through XML. */
export interface XmlWalk extends ReadWalk {
  /** Namespaces that a default declaration may name. */
  readonly namespaces: ReadonlySet<string>
}

const byElementName: (shapes: ServiceShapes, shape: Shape) => MemberIndex = memberIndexBy(
  member => member.wireName ?? member.name,
)

/** The members of a structure that travel in the body, from its element. */
export function readXmlStructure(
  walk: XmlWalk,
  resolved: ResolvedShape,
  element: XmlElement,
  path: string,
): Draft {
  const index = byElementName(walk.shapes, resolved.shape)
  const draft: Draft = {}
  readAttributes(walk, index, element, draft, path)
  for (const [name, elements] of childrenByName(element, path)) {
    const member = index.get(name)
    if (member === undefined || member.ref.location !== undefined || member.ref.xmlAttribute === true) {
      throw unknownParameter(memberPath(path, name))
    }
    const where = memberPath(path, member.name)
    draft[member.name] = readElements(walk, member, elements, where)
  }
  checkUnion(resolved.shape, draft, path)
  return draft
}

/** A member from all of its elements: more than one for flattened lists and maps only. */
function readElements(
  walk: XmlWalk,
  resolved: ResolvedShape,
  elements: readonly XmlElement[],
  path: string,
): Json {
  noteSensitive(walk, resolved, path)
  const { shape, flattened } = resolved
  if (flattened && shape.type === 'list') return readItems(walk, resolved, elements, path)
  if (flattened && shape.type === 'map') return readEntries(walk, resolved, elements, path)
  const [element] = elements
  if (element === undefined || elements.length > 1) throw duplicateParameter(path)
  switch (shape.type) {
    case 'structure':
      return readXmlStructure(walk, resolved, element, path)
    case 'list': {
      const name = elementOf(walk.shapes, shape.member).wireName ?? 'member'
      return readItems(walk, resolved, childrenNamed(walk, element, name, path), path)
    }
    case 'map':
      return readEntries(walk, resolved, childrenNamed(walk, element, 'entry', path), path)
    default:
      return readScalar(resolved, leafText(walk, element, path), path)
  }
}

function readItems(walk: XmlWalk, list: ResolvedShape, elements: readonly XmlElement[], path: string): Json {
  const item = elementOf(walk.shapes, list.shape.member)
  return elements.map((element, i) => readElements(walk, item, [element], indexPath(path, i)))
}

function readEntries(walk: XmlWalk, map: ResolvedShape, entries: readonly XmlElement[], path: string): Json {
  const key = elementOf(walk.shapes, map.shape.key)
  const value = elementOf(walk.shapes, map.shape.value)
  const draft: Draft = {}
  for (const entry of entries) {
    checkPlain(walk, entry, path)
    const children = childrenByName(entry, path)
    const keyElement = children.get(key.wireName ?? 'key')
    const valueElement = children.get(value.wireName ?? 'value')
    if (
      keyElement?.[0] === undefined ||
      keyElement.length > 1 ||
      valueElement === undefined ||
      children.size > 2
    ) {
      throw malformedParameter(path, 'a map of keys and values')
    }
    const name = leafText(walk, keyElement[0], path)
    if (Object.hasOwn(draft, name)) throw duplicateParameter(keyPath(path, name))
    setMember(draft, name, readElements(walk, value, valueElement, keyPath(path, name)))
  }
  return draft
}

function readAttributes(
  walk: XmlWalk,
  index: MemberIndex,
  element: XmlElement,
  draft: Draft,
  path: string,
): void {
  for (const attribute of element.attributes) {
    if (isNamespace(walk, attribute)) continue
    const member = index.get(attribute[0])
    const where = memberPath(path, member?.name ?? attribute[0])
    if (member?.ref.xmlAttribute !== true) throw unknownParameter(where)
    noteSensitive(walk, member, where)
    draft[member.name] = readScalar(member, attribute[1], where)
  }
}

/** The declaration of a namespace that says nothing new: the service's own, or that of `xsi:type`. */
function isNamespace(walk: XmlWalk, [name, value]: XmlAttribute): boolean {
  return (name === 'xmlns' && walk.namespaces.has(value)) || (name === 'xmlns:xsi' && value === XSI)
}

function checkPlain(walk: XmlWalk, element: XmlElement, path: string): void {
  for (const attribute of element.attributes) {
    if (!isNamespace(walk, attribute)) throw unknownParameter(memberPath(path, attribute[0]))
  }
}

function leafText(walk: XmlWalk, element: XmlElement, path: string): string {
  checkPlain(walk, element, path)
  if (element.children.length > 0) throw malformedParameter(path, 'a single value')
  return element.text
}

function childrenNamed(
  walk: XmlWalk,
  element: XmlElement,
  name: string,
  path: string,
): readonly XmlElement[] {
  checkPlain(walk, element, path)
  checkNoText(element, path)
  const stranger = element.children.find(child => child.name !== name)
  if (stranger !== undefined) throw unknownParameter(memberPath(path, stranger.name))
  return element.children
}

function childrenByName(element: XmlElement, path: string): ReadonlyMap<string, XmlElement[]> {
  checkNoText(element, path)
  return Map.groupBy(element.children, child => child.name)
}

function checkNoText(element: XmlElement, path: string): void {
  if (element.text.trim() !== '') throw malformedParameter(path, 'made of elements')
}

/** The element of a structure with the members that travel in the body, in the order of the model. */
export function writeXmlStructure(
  shapes: ServiceShapes,
  resolved: ResolvedShape,
  value: Json,
  name: string,
  path: string,
): XmlElement {
  const structure = asStructure(value, path)
  checkMembers(structure, resolved.shape, path)
  checkUnion(resolved.shape, structure, path)
  const attributes: XmlAttribute[] = [...namespaceOf(resolved)]
  const children: XmlElement[] = []
  for (const member of membersOf(shapes, resolved.shape)) {
    const item = ownMember(structure, member.name)
    if (item === undefined || member.ref.location !== undefined) continue
    const where = memberPath(path, member.name)
    const elementName = member.wireName ?? member.name
    if (member.ref.xmlAttribute === true) attributes.push([elementName, asString(item, where)])
    else children.push(...writeElements(shapes, member, item, elementName, where))
  }
  return { name, attributes, children, text: '' }
}

function writeElements(
  shapes: ServiceShapes,
  resolved: ResolvedShape,
  value: Json,
  name: string,
  path: string,
): readonly XmlElement[] {
  const { shape, flattened } = resolved
  switch (shape.type) {
    case 'structure':
      return [writeXmlStructure(shapes, resolved, value, name, path)]
    case 'list': {
      const item = elementOf(shapes, shape.member)
      const itemName = flattened ? name : (item.wireName ?? 'member')
      const items = asList(value, path).flatMap((one, i) =>
        writeElements(shapes, item, one, itemName, indexPath(path, i)),
      )
      return flattened ? items : [{ name, attributes: namespaceOf(resolved), children: items, text: '' }]
    }
    case 'map': {
      const entries = writeEntries(shapes, resolved, value, flattened ? name : 'entry', path)
      return flattened ? entries : [{ name, attributes: namespaceOf(resolved), children: entries, text: '' }]
    }
    default:
      return [textElement(name, writeScalar(resolved, value, 'iso8601', path))]
  }
}

function writeEntries(
  shapes: ServiceShapes,
  map: ResolvedShape,
  value: Json,
  name: string,
  path: string,
): readonly XmlElement[] {
  const key = elementOf(shapes, map.shape.key)
  const element = elementOf(shapes, map.shape.value)
  return asEntries(value, path).map(([text, item]) => ({
    name,
    attributes: [],
    children: [
      textElement(key.wireName ?? 'key', text),
      ...writeElements(shapes, element, item, element.wireName ?? 'value', keyPath(path, text)),
    ],
    text: '',
  }))
}

function namespaceOf(resolved: ResolvedShape): readonly XmlAttribute[] {
  const namespace = resolved.xmlNamespace
  if (namespace === undefined) return []
  return [[namespace.prefix === undefined ? 'xmlns' : `xmlns:${namespace.prefix}`, namespace.uri]]
}
