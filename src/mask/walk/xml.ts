import type { XmlAttribute, XmlElement } from '../../wire/xml/element.ts'
import { bodyMembers, elementOf, type OutputMember, type OutputShape } from '../shapes.ts'
import type { MaskWalk, Spot } from './walk.ts'

/*
 * Outputs in XML by shape, for query, ec2 and rest-xml alike:
 *
 *   list   <Name><member>…</member></Name>, flattened <Name>…</Name> repeated
 *   map    <Name><entry><key/><value/></entry></Name>, flattened <Name><key/><value/></Name> repeated
 *
 * Invariant: as for trees, and no attribute stays that could be a value and was not masked as one.
 */

/** Masks elements. A method that gives undefined says: leave it out. */
export class XmlMasker {
  readonly #walk: MaskWalk

  constructor(walk: MaskWalk) {
    this.#walk = walk
  }

  /** The members of a structure in their element. */
  structure(resolved: OutputShape, element: XmlElement, spot: Spot): XmlElement | undefined {
    if (element.text.trim() !== '') return this.untyped(element, misshapen(spot))
    const index = bodyMembers(this.#walk.shapes, resolved.shape)
    const attributes =
      element.attributes.length === 0
        ? element.attributes
        : element.attributes.flatMap(attribute => this.#attribute(attribute, index, spot))
    const children = element.children.map(child => this.#child(child, index, spot))
    const emptied =
      resolved.shape.union === true && children.length > 0 && children.every(one => one === undefined)
    return emptied ? undefined : rebuilt(element, attributes, children)
  }

  /** An element that holds a value of a shape, whatever it is called. */
  value(resolved: OutputShape, element: XmlElement, spot: Spot): XmlElement | undefined {
    const { shape } = resolved
    switch (shape.type) {
      case 'structure':
        return this.structure(resolved, element, spot)
      case 'list': {
        const item = elementOf(this.#walk.shapes, shape.member)
        return this.#children(element, spot, child => this.value(item, child, this.#walk.item(spot)))
      }
      case 'map':
        return this.#children(element, spot, child => this.#entry(resolved, child, spot))
      default:
        return this.#scalar(resolved, element, spot)
    }
  }

  /** An element of which nothing is known. */
  untyped(element: XmlElement, spot: Spot): XmlElement | undefined {
    const attributes = this.#unknownAttributes(element, spot)
    if (element.children.length > 0) {
      const children = element.children.map(child => this.untyped(child, this.#walk.key(spot, child.name)))
      return { ...element, attributes, children: kept(children) }
    }
    if (element.text === '') return { ...element, attributes }
    const text = this.#walk.text(element.text, spot)
    return text === undefined ? undefined : { ...element, attributes, text }
  }

  #child(child: XmlElement, index: ReadonlyMap<string, OutputMember>, spot: Spot): XmlElement | undefined {
    const member = this.#walk.meant(index.get(child.name), spot)
    if (member === undefined || member.ref.xmlAttribute === true) {
      return this.untyped(child, this.#walk.unknown(spot, child.name))
    }
    const at = this.#walk.member(spot, member.name)
    if (!member.flattened) return this.value(member, child, at)
    if (member.shape.type === 'map') return this.#entry(member, child, at)
    if (member.shape.type !== 'list') return this.value(member, child, at)
    const item = elementOf(this.#walk.shapes, member.shape.member)
    return this.value(item, child, this.#walk.item(at))
  }

  /** A list or map that is not flattened: it has elements, or nothing. */
  #children(
    element: XmlElement,
    spot: Spot,
    mask: (child: XmlElement) => XmlElement | undefined,
  ): XmlElement | undefined {
    if (element.text.trim() !== '') return this.untyped(element, misshapen(spot))
    const attributes = this.#unknownAttributes(element, spot)
    return rebuilt(element, attributes, element.children.map(mask))
  }

  /** A map's entry: it goes with its key if its value does. */
  #entry(map: OutputShape, entry: XmlElement, spot: Spot): XmlElement | undefined {
    const key = elementOf(this.#walk.shapes, map.shape.key)
    const value = elementOf(this.#walk.shapes, map.shape.value)
    const keyName = key.ref.locationName ?? 'key'
    const valueName = value.ref.locationName ?? 'value'
    const name = entry.children.find(child => child.name === keyName)?.text ?? ''
    const at = this.#walk.key(spot, name)
    let whole = true
    const children = entry.children.map(child => {
      if (child.name === keyName && child.children.length === 0) {
        return { ...child, attributes: [], text: this.#walk.mapKey(child.text, spot) }
      }
      const isValue = child.name === valueName
      const masked = isValue
        ? this.value(value, child, at)
        : this.untyped(child, this.#walk.unknown(at, child.name))
      if (isValue && masked === undefined) whole = false
      return masked
    })
    const attributes = this.#unknownAttributes(entry, at)
    return whole ? { ...entry, attributes, children: kept(children) } : undefined
  }

  #scalar(resolved: OutputShape, element: XmlElement, spot: Spot): XmlElement | undefined {
    if (element.children.length > 0) return this.untyped(element, spot)
    const attributes = this.#unknownAttributes(element, spot)
    const text = this.#scalarText(resolved, element.text, spot)
    if (text === element.text && attributes === element.attributes) return element
    return text === undefined ? undefined : { ...element, attributes, text }
  }

  /** The text of a scalar, as elements and attributes hold it. */
  #scalarText(resolved: OutputShape, text: string, spot: Spot): string | undefined {
    const { type } = resolved.shape
    if (type === 'string' || type === 'character' || type === 'document') return this.#walk.text(text, spot)
    if (type !== 'blob') return this.#walk.keeps(spot) ? text : undefined
    const bytes = Buffer.from(text, 'base64')
    const masked = this.#walk.blob(bytes, spot)
    return masked === bytes ? text : masked?.toString('base64')
  }

  #attribute(
    attribute: XmlAttribute,
    index: ReadonlyMap<string, OutputMember>,
    spot: Spot,
  ): readonly XmlAttribute[] {
    const member = index.get(attribute[0])
    if (member?.ref.xmlAttribute !== true) return this.#unknownAttribute(attribute, spot)
    const text = this.#scalarText(member, attribute[1], this.#walk.member(spot, member.name))
    return text === undefined ? [] : [[attribute[0], text]]
  }

  #unknownAttributes({ attributes }: XmlElement, spot: Spot): readonly XmlAttribute[] {
    if (attributes.length === 0) return attributes
    return attributes.flatMap(attribute => this.#unknownAttribute(attribute, spot))
  }

  /** Declarations of namespaces stay; anything else that the catalog does not know may be a value. */
  #unknownAttribute([name, value]: XmlAttribute, spot: Spot): readonly XmlAttribute[] {
    if (name === 'xmlns' || name.startsWith('xmlns:') || name.startsWith('xml:')) return [[name, value]]
    const text = this.#walk.text(value, this.#walk.unknown(spot, name))
    return text === undefined ? [] : [[name, text]]
  }
}

/** A text where elements belong: what a rule is about may be in it. */
function misshapen(spot: Spot): Spot {
  return spot.place.open ? { ...spot, unknown: true } : spot
}

function kept(elements: readonly (XmlElement | undefined)[]): readonly XmlElement[] {
  return elements.filter(element => element !== undefined)
}

/** The element with these attributes and children; itself where they are its own. */
function rebuilt(
  element: XmlElement,
  attributes: readonly XmlAttribute[],
  children: readonly (XmlElement | undefined)[],
): XmlElement {
  const same = attributes === element.attributes && children.every((one, i) => one === element.children[i])
  return same ? element : { ...element, attributes, children: kept(children) }
}
