import { bodyMembers, elementOf, type OutputShape } from '../shapes.ts'
import { FreeNames } from './nested.ts'
import type { MaskWalk, Spot } from './walk.ts'

/*
 * Outputs in JSON and CBOR by shape: both are trees of members, lists and scalars.
 *
 * Invariant: what no rule is about keeps its value and its order. What cannot be written as a mask (a
 * number, a time, the form `null`) is left out of its structure, list or map; a union that would be left
 * without a member is left out itself, for SDKs refuse an empty one.
 */

/** What a walk must know of a format. */
export interface TreeFormat<V> {
  members(value: V): Iterable<readonly [string, V]> | undefined
  list(value: V): readonly V[] | undefined
  text(value: V): string | undefined
  /** The bytes of a blob; undefined where the value is none. */
  blob(value: V): Buffer | undefined
  /** A number as it is written; undefined where the value is none. */
  number(value: V): string | undefined
  isNull(value: V): boolean
  ofMembers(members: readonly (readonly [string, V])[]): V
  ofList(items: readonly V[]): V
  ofText(text: string): V
  ofBlob(bytes: Buffer): V
}

/** Masks trees of one format. A method that gives undefined says: leave it out. */
export class TreeMasker<V> {
  readonly #walk: MaskWalk
  readonly #format: TreeFormat<V>

  constructor(walk: MaskWalk, format: TreeFormat<V>) {
    this.#walk = walk
    this.#format = format
  }

  /** A value that should be of a shape; where it is of another, it is masked by what it is. */
  value(resolved: OutputShape, value: V, spot: Spot): V | undefined {
    if (this.#format.isNull(value)) return value
    switch (resolved.shape.type) {
      case 'structure':
        return this.#structure(resolved, value, spot)
      case 'list':
        return this.#list(resolved, value, spot)
      case 'map':
        return this.#map(resolved, value, spot)
      case 'blob':
        return this.#blob(value, spot)
      case 'string':
      case 'character':
        return this.untyped(value, spot)
      case 'document':
        return this.untyped(value, spot)
      default:
        return this.#unmaskable(value, spot)
    }
  }

  /** A value of which nothing is known but what it is: of a document, or of a member that is new. */
  untyped(value: V, spot: Spot): V | undefined {
    if (this.#format.isNull(value)) return value
    const walk = this.#walk
    const text = this.#format.text(value)
    if (text !== undefined) return this.#text(text, value, spot)
    const items = this.#format.list(value)
    if (items !== undefined) {
      const item = walk.item(spot)
      return this.#items(value, items, one => this.untyped(one, item))
    }
    const members = this.#format.members(value)
    if (members !== undefined) return this.#entries(value, members, spot, (one, at) => this.untyped(one, at))
    const blob = this.#format.blob(value)
    if (blob !== undefined) return this.#ofBlob(walk.blob(blob, spot))
    const number = this.#format.number(value)
    if (number !== undefined && walk.form(spot) === undefined && walk.findsIn(number, spot.context))
      return undefined
    return walk.keeps(spot) ? value : undefined
  }

  #structure(resolved: OutputShape, value: V, spot: Spot): V | undefined {
    const members = this.#format.members(value)
    if (members === undefined) return this.#misshapen(value, spot)
    const index = bodyMembers(this.#walk.shapes, resolved.shape)
    const masked: (readonly [string, V])[] = []
    let changed = false
    for (const [name, item] of members) {
      const member = this.#walk.meant(index.get(name), spot)
      const one =
        member === undefined
          ? this.untyped(item, this.#walk.unknown(spot, name))
          : this.value(member, item, this.#walk.member(spot, member.name))
      if (one !== item) changed = true
      if (one !== undefined) masked.push([name, one])
    }
    if (!changed) return value
    if (resolved.shape.union === true && masked.length === 0) return undefined
    return this.#format.ofMembers(masked)
  }

  /** No members where members belong: what a rule is about may be anywhere in it. */
  #misshapen(value: V, spot: Spot): V | undefined {
    const mayHold = spot.place.open && this.#format.list(value) === undefined
    return this.untyped(value, mayHold ? { ...spot, unknown: true } : spot)
  }

  #list(resolved: OutputShape, value: V, spot: Spot): V | undefined {
    const items = this.#format.list(value)
    if (items === undefined) return this.untyped(value, spot)
    const element = elementOf(this.#walk.shapes, resolved.shape.member)
    const item = this.#walk.item(spot)
    return this.#items(value, items, one => this.value(element, one, item))
  }

  #map(resolved: OutputShape, value: V, spot: Spot): V | undefined {
    const members = this.#format.members(value)
    if (members === undefined) return this.#misshapen(value, spot)
    const valueShape = elementOf(this.#walk.shapes, resolved.shape.value)
    return this.#entries(value, members, spot, (one, at) => this.value(valueShape, one, at))
  }

  #items(list: V, items: readonly V[], mask: (item: V) => V | undefined): V {
    const masked = items.map(mask)
    if (masked.every((one, i) => one === items[i])) return list
    return this.#format.ofList(masked.filter(one => one !== undefined))
  }

  /** The entries of a map: their names stay, but for what detectors find in them. */
  #entries(
    map: V,
    entries: Iterable<readonly [string, V]>,
    spot: Spot,
    mask: (value: V, at: Spot) => V | undefined,
  ): V {
    const names = new FreeNames()
    const masked: (readonly [string, V])[] = []
    let changed = false
    for (const [name, value] of entries) {
      const one = mask(value, this.#walk.key(spot, name))
      const key = this.#walk.mapKey(name, spot)
      if (one !== value || key !== name) changed = true
      if (one !== undefined) masked.push([names.take(key), one])
    }
    return changed ? this.#format.ofMembers(masked) : map
  }

  /** Numbers, booleans and times: they stay or go; but a text in their place is a text. */
  #unmaskable(value: V, spot: Spot): V | undefined {
    const scalar = this.#format.text(value) ?? this.#format.number(value)
    if (scalar === undefined) return this.untyped(value, spot)
    return this.#walk.keeps(spot) ? value : undefined
  }

  #blob(value: V, spot: Spot): V | undefined {
    const bytes = this.#format.blob(value)
    return bytes === undefined ? this.untyped(value, spot) : this.#ofBlob(this.#walk.blob(bytes, spot))
  }

  #ofBlob(bytes: Buffer | undefined): V | undefined {
    return bytes === undefined ? undefined : this.#format.ofBlob(bytes)
  }

  #text(before: string, value: V, spot: Spot): V | undefined {
    const after = this.#walk.text(before, spot)
    if (after === before) return value
    return after === undefined ? undefined : this.#format.ofText(after)
  }
}
