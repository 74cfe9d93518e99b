import type { Protocol, ServiceShapes } from '../catalog/model.ts'
import { CborEpoch, CborFloat, type CborValue } from '../wire/cbor/value.ts'
import { writeCbor } from '../wire/cbor/writer.ts'
import { type JsonValue, setMember } from '../wire/json/value.ts'
import { writeJson } from '../wire/json/writer.ts'
import type { XmlElement } from '../wire/xml/element.ts'
import { writeXml } from '../wire/xml/writer.ts'
import { elementOf, membersOf, type OutputMember, type OutputShape } from './shapes.ts'

/** For tests: outputs made up from shapes, and written as AWS would. Written apart from what masks them. */

export type Made =
  | {
      readonly kind: 'structure'
      readonly union: boolean
      readonly members: readonly (readonly [OutputMember, Made])[]
    }
  | { readonly kind: 'list'; readonly of: OutputShape; readonly items: readonly Made[] }
  | { readonly kind: 'map'; readonly of: OutputShape; readonly entries: readonly (readonly [string, Made])[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'blob'; readonly bytes: Buffer }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'flag'; readonly value: boolean }
  | { readonly kind: 'time'; readonly seconds: number }

/** A leaf with its path as a pattern. */
export interface Leaf {
  readonly path: string
  readonly made: Made
}

export class OutputMaker {
  readonly leaves: Leaf[] = []
  readonly #shapes: ServiceShapes
  readonly #random: () => number
  #count = 0

  constructor(shapes: ServiceShapes, random: () => number) {
    this.#shapes = shapes
    this.#random = random
  }

  make(at: OutputShape, path: string, depth: number): Made | undefined {
    const { shape } = at
    if (this.#count > 200) return undefined
    if (shape.type === 'structure') return this.#structure(at, path, depth)
    if (shape.type === 'list') {
      if (depth <= 0) return undefined
      const element = elementOf(this.#shapes, shape.member)
      const items = [1, 2].flatMap(() => this.make(element, `${path}[]`, depth - 1) ?? [])
      return items.length === 0 ? undefined : { kind: 'list', of: at, items }
    }
    if (shape.type === 'map') {
      if (depth <= 0) return undefined
      const element = elementOf(this.#shapes, shape.value)
      const entries = ['key one', 'k.2'].flatMap((key): (readonly [string, Made])[] => {
        const made = this.make(element, `${path}["${key}"]`, depth - 1)
        return made === undefined ? [] : [[key, made]]
      })
      return entries.length === 0 ? undefined : { kind: 'map', of: at, entries }
    }
    return this.#leaf(shape.type, path)
  }

  #structure(at: OutputShape, path: string, depth: number): Made | undefined {
    if (depth <= 0) return undefined
    const members: (readonly [OutputMember, Made])[] = []
    const union = at.shape.union === true
    for (const member of membersOf(this.#shapes, at.shape)) {
      if (member.ref.location !== undefined || member.shape.eventstream === true) continue
      if (this.#random() < 0.4 && path !== '') continue
      // An older form of the same member is not sent beside the newer one.
      if (members.some(([other]) => other.wireName === member.wireName)) continue
      const made = this.make(member, path === '' ? member.name : `${path}.${member.name}`, depth - 1)
      if (made !== undefined) members.push([member, made])
      if (union && members.length > 0) break
    }
    return members.length === 0 ? undefined : { kind: 'structure', union, members }
  }

  #leaf(type: string, path: string): Made {
    const number = ++this.#count
    const made: Made =
      type === 'blob'
        ? { kind: 'blob', bytes: Buffer.from(`canary-${number}-<&>`) }
        : type === 'boolean'
          ? { kind: 'flag', value: true }
          : type === 'timestamp'
            ? { kind: 'time', seconds: 1_700_000_000 + number }
            : type === 'string' || type === 'character' || type === 'document'
              ? { kind: 'text', text: `canary-${number}-"<&>é` }
              : { kind: 'number', value: number }
    this.leaves.push({ path, made })
    return made
  }
}

/** What masking in full should make of it. */
export function expected(made: Made, masked: ReadonlySet<Made>): Made | undefined {
  switch (made.kind) {
    case 'structure': {
      const members = made.members.flatMap(([member, item]): (readonly [OutputMember, Made])[] => {
        const one = expected(item, masked)
        return one === undefined ? [] : [[member, one]]
      })
      return made.union && members.length === 0 ? undefined : { ...made, members }
    }
    case 'list':
      return { ...made, items: made.items.flatMap(item => expected(item, masked) ?? []) }
    case 'map':
      return {
        ...made,
        entries: made.entries.flatMap(([key, item]): (readonly [string, Made])[] => {
          const one = expected(item, masked)
          return one === undefined ? [] : [[key, one]]
        }),
      }
    case 'text':
      return masked.has(made) ? { kind: 'text', text: '~mask~' } : made
    case 'blob':
      return masked.has(made) ? { kind: 'blob', bytes: Buffer.from('~mask~') } : made
    default:
      return masked.has(made) ? undefined : made
  }
}

export function toJson(made: Made): JsonValue {
  switch (made.kind) {
    case 'structure': {
      const object: Record<string, JsonValue> = {}
      for (const [member, item] of made.members) setMember(object, member.wireName, toJson(item))
      return object
    }
    case 'map': {
      const object: Record<string, JsonValue> = {}
      for (const [key, item] of made.entries) setMember(object, key, toJson(item))
      return object
    }
    case 'list':
      return made.items.map(toJson)
    case 'text':
      return made.text
    case 'blob':
      return made.bytes.toString('base64')
    case 'time':
      return made.seconds
    default:
      return made.value
  }
}

export function toCbor(made: Made): CborValue {
  switch (made.kind) {
    case 'structure':
      return new Map(made.members.map(([member, item]) => [member.wireName, toCbor(item)]))
    case 'map':
      return new Map(made.entries.map(([key, item]) => [key, toCbor(item)]))
    case 'list':
      return made.items.map(toCbor)
    case 'text':
      return made.text
    case 'blob':
      return made.bytes
    case 'time':
      return new CborEpoch(BigInt(made.seconds))
    case 'number':
      return new CborFloat(made.value)
    default:
      return made.value
  }
}

const parent = (name: string, children: readonly XmlElement[]): XmlElement => ({
  name,
  attributes: [],
  children,
  text: '',
})

function scalarText(made: Made): string {
  const json = toJson(made)
  return made.kind === 'time' ? new Date(made.seconds * 1000).toISOString() : String(json)
}

export class XmlOutput {
  readonly #shapes: ServiceShapes

  constructor(shapes: ServiceShapes) {
    this.#shapes = shapes
  }

  /** A structure's element; a scalar's, list's or map's as the root of a payload. */
  root(name: string, made: Made): XmlElement {
    if (made.kind === 'structure') return this.#structure(name, made.members)
    return this.#elements(name, made, false)[0] ?? parent(name, [])
  }

  #structure(name: string, members: readonly (readonly [OutputMember, Made])[]): XmlElement {
    const attributes: (readonly [string, string])[] = []
    const children: XmlElement[] = []
    for (const [member, item] of members) {
      if (member.ref.xmlAttribute === true) attributes.push([member.wireName, scalarText(item)])
      else children.push(...this.#elements(member.wireName, item, member.flattened))
    }
    const uri = 'http://www.w3.org/2001/XMLSchema-instance'
    const declared = attributes.some(([one]) => one.startsWith('xsi:')) ? [['xmlns:xsi', uri] as const] : []
    return { name, attributes: [...declared, ...attributes], children, text: '' }
  }

  #elements(name: string, made: Made, flattened: boolean): readonly XmlElement[] {
    if (made.kind === 'structure') return [this.#structure(name, made.members)]
    if (made.kind === 'list') {
      const item = elementOf(this.#shapes, made.of.shape.member)
      const itemName = flattened ? name : (item.ref.locationName ?? 'member')
      const items = made.items.flatMap(one => this.#elements(itemName, one, false))
      return flattened ? items : [parent(name, items)]
    }
    if (made.kind === 'map') {
      const key = elementOf(this.#shapes, made.of.shape.key).ref.locationName ?? 'key'
      const value = elementOf(this.#shapes, made.of.shape.value).ref.locationName ?? 'value'
      const entries = made.entries.map(([text, item]) =>
        parent(flattened ? name : 'entry', [
          { ...parent(key, []), text },
          ...this.#elements(value, item, false),
        ]),
      )
      return flattened ? entries : [parent(name, entries)]
    }
    return [{ ...parent(name, []), text: scalarText(made) }]
  }
}

/** The body of a reply with this output. */
export function writeOutput(
  protocol: Protocol,
  shapes: ServiceShapes,
  made: Made,
  options: { readonly wrapper: string | undefined; readonly unwrapped: boolean },
): Buffer {
  if (protocol === 'json' || protocol === 'rest-json') return Buffer.from(writeJson(toJson(made)))
  if (protocol === 'smithy-rpc-v2-cbor') return writeCbor(toCbor(made))
  const xml = new XmlOutput(shapes)
  if (protocol === 'query' && options.wrapper !== undefined) {
    const id = parent('ResponseMetadata', [{ ...parent('RequestId', []), text: 'r' }])
    return Buffer.from(writeXml(parent('Response', [xml.root(options.wrapper, made), id])))
  }
  const root = xml.root('Root', made)
  return Buffer.from(writeXml(options.unwrapped ? (root.children[0] ?? root) : root))
}
