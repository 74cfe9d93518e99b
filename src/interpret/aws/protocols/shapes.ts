import type {
  OperationShapes,
  ServiceShapes,
  Shape,
  ShapeRef,
  TimestampFormat,
} from '../../../catalog/model.ts'
import { GateError } from '../../../core/errors.ts'

/** A reference together with its shape: the reference's traits come before the shape's own. */
export interface ResolvedShape {
  readonly shape: Shape
  readonly ref: ShapeRef
  /** `locationName`, else undefined: the default depends on the protocol. */
  readonly wireName: string | undefined
  readonly flattened: boolean
  readonly sensitive: boolean
  readonly timestampFormat: TimestampFormat | undefined
  readonly xmlNamespace: { readonly prefix?: string; readonly uri: string } | undefined
}

/** A member of a structure, resolved. */
export interface ResolvedMember extends ResolvedShape {
  /** The member's name in the AWS API. */
  readonly name: string
}

/** The members of a structure by what they are called on the wire, per way of naming. */
export type MemberIndex = ReadonlyMap<string, ResolvedMember>

const resolvedRefs = new WeakMap<ShapeRef, ResolvedShape>()
const memberLists = new WeakMap<Shape, readonly ResolvedMember[]>()

/** A reference with its shape. A `ShapeRef` belongs to one service, so its resolution is kept with it. */
export function resolve(shapes: ServiceShapes, ref: ShapeRef): ResolvedShape {
  const known = resolvedRefs.get(ref)
  if (known !== undefined) return known
  const shape = shapes.shapes.get(ref.shape)
  if (shape === undefined) {
    throw new GateError('internal', `the catalog of \`${shapes.service}\` has no shape \`${ref.shape}\``)
  }
  const resolved: ResolvedShape = {
    shape,
    ref,
    wireName: ref.locationName ?? shape.locationName,
    flattened: ref.flattened ?? shape.flattened ?? false,
    sensitive: (ref.sensitive ?? false) || (shape.sensitive ?? false),
    timestampFormat: ref.timestampFormat ?? shape.timestampFormat,
    xmlNamespace: ref.xmlNamespace ?? shape.xmlNamespace,
  }
  resolvedRefs.set(ref, resolved)
  return resolved
}

/** The members of a structure in the model's order. */
export function membersOf(shapes: ServiceShapes, shape: Shape): readonly ResolvedMember[] {
  const known = memberLists.get(shape)
  if (known !== undefined) return known
  const members = [...(shape.members ?? [])].map(([name, ref]) => ({ ...resolve(shapes, ref), name }))
  memberLists.set(shape, members)
  return members
}

/** Members of a structure that travel in the body: those without a location. */
export function bodyMembersOf(shapes: ServiceShapes, shape: Shape): readonly ResolvedMember[] {
  return membersOf(shapes, shape).filter(member => member.ref.location === undefined)
}

/** A function that indexes the members of structures by a way of naming them, and remembers the index. */
export function memberIndexBy(
  nameOf: (member: ResolvedMember) => string,
): (shapes: ServiceShapes, shape: Shape) => MemberIndex {
  const indices = new WeakMap<Shape, MemberIndex>()
  return (shapes, shape) => {
    const known = indices.get(shape)
    if (known !== undefined) return known
    const index = new Map(membersOf(shapes, shape).map(member => [nameOf(member), member]))
    indices.set(shape, index)
    return index
  }
}

const NO_MEMBERS: ResolvedShape = {
  shape: { type: 'structure', members: new Map() },
  ref: { shape: '' },
  wireName: undefined,
  flattened: false,
  sensitive: false,
  timestampFormat: undefined,
  xmlNamespace: undefined,
}

/** The shapes of an operation. */
export function operationShapes(shapes: ServiceShapes, operation: string): OperationShapes {
  const found = shapes.operations.get(operation)
  if (found === undefined) {
    throw new GateError('internal', `the catalog of \`${shapes.service}\` has no operation \`${operation}\``)
  }
  return found
}

/** The input of an operation; a structure without members where it takes none. */
export function inputOf(shapes: ServiceShapes, operation: string): ResolvedShape {
  const { input } = operationShapes(shapes, operation)
  return input === undefined ? NO_MEMBERS : resolve(shapes, input)
}

/** The shape behind a list's member or a map's key or value. */
export function elementOf(shapes: ServiceShapes, ref: ShapeRef | undefined): ResolvedShape {
  if (ref === undefined)
    throw new GateError('internal', `the catalog of \`${shapes.service}\` has a list or map without members`)
  return resolve(shapes, ref)
}
