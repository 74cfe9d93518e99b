import type { OperationShapes, ServiceShapes, Shape, ShapeRef } from '../catalog/model.ts'
import { GateError } from '../core/errors.ts'

/** A reference of an output with its shape; the reference's traits come before the shape's own. */
export interface OutputShape {
  readonly shape: Shape
  readonly ref: ShapeRef
  readonly flattened: boolean
  readonly sensitive: boolean
}

/** A member of a structure. */
export interface OutputMember extends OutputShape {
  /** In the AWS API. */
  readonly name: string
  /** In a body, and the name of a header. */
  readonly wireName: string
  /** Others that are called the same on the wire: an older and a newer form of one member. */
  readonly twins?: readonly OutputMember[]
}

const resolvedRefs = new WeakMap<ShapeRef, OutputShape>()
const memberLists = new WeakMap<Shape, readonly OutputMember[]>()
const indices = new WeakMap<Shape, ReadonlyMap<string, OutputMember>>()

/** A reference with its shape. A `ShapeRef` belongs to one service, so what it leads to is kept with it. */
export function resolve(shapes: ServiceShapes, ref: ShapeRef): OutputShape {
  const known = resolvedRefs.get(ref)
  if (known !== undefined) return known
  const shape = shapeOf(shapes, ref.shape)
  const resolved: OutputShape = {
    shape,
    ref,
    flattened: ref.flattened ?? shape.flattened ?? false,
    sensitive: (ref.sensitive ?? false) || (shape.sensitive ?? false),
  }
  resolvedRefs.set(ref, resolved)
  return resolved
}

function shapeOf(shapes: ServiceShapes, name: string): Shape {
  const shape = shapes.shapes.get(name)
  if (shape !== undefined) return shape
  throw new GateError('internal', `the catalog of \`${shapes.service}\` has no shape \`${name}\``)
}

/** The members of a structure in the model's order. */
export function membersOf(shapes: ServiceShapes, shape: Shape): readonly OutputMember[] {
  const known = memberLists.get(shape)
  if (known !== undefined) return known
  const members = [...(shape.members ?? [])].map(([name, ref]) => {
    const resolved = resolve(shapes, ref)
    return { ...resolved, name, wireName: ref.locationName ?? resolved.shape.locationName ?? name }
  })
  memberLists.set(shape, members)
  return members
}

/** The members that travel in a body, by what they are called there. */
export function bodyMembers(shapes: ServiceShapes, shape: Shape): ReadonlyMap<string, OutputMember> {
  const known = indices.get(shape)
  if (known !== undefined) return known
  const index = new Map<string, OutputMember>()
  for (const member of membersOf(shapes, shape)) {
    if (member.ref.location !== undefined) continue
    const twin = index.get(member.wireName)
    const twins = twin === undefined ? undefined : [...(twin.twins ?? []), twin]
    index.set(member.wireName, twins === undefined ? member : { ...member, twins })
  }
  // The items of a flattened list may go by the name that the list gives them: botocore reads that first.
  for (const member of index.values()) {
    const item = member.flattened ? member.shape.member?.locationName : undefined
    if (item !== undefined && !index.has(item)) index.set(item, member)
  }
  indices.set(shape, index)
  return index
}

/** The shape behind a list's member, or a map's key or value. */
export function elementOf(shapes: ServiceShapes, ref: ShapeRef | undefined): OutputShape {
  if (ref !== undefined) return resolve(shapes, ref)
  throw new GateError('internal', `the catalog of \`${shapes.service}\` has a list or map without members`)
}

export function operationOf(shapes: ServiceShapes, operation: string): OperationShapes {
  const found = shapes.operations.get(operation)
  if (found !== undefined) return found
  throw new GateError('internal', `the catalog of \`${shapes.service}\` has no operation \`${operation}\``)
}

/** The output of an operation; undefined where it has none. */
export function outputOf(shapes: ServiceShapes, operation: string): OutputShape | undefined {
  const { output } = operationOf(shapes, operation)
  return output === undefined ? undefined : resolve(shapes, output)
}

/** The member that is the whole body. */
export function payloadOf(shapes: ServiceShapes, output: OutputShape): OutputMember | undefined {
  const { payload } = output.shape
  if (payload === undefined) return undefined
  return membersOf(shapes, output.shape).find(({ name }) => name === payload)
}

/** The member that is a stream of events. */
export function eventsOf(shapes: ServiceShapes, output: OutputShape): OutputMember | undefined {
  return membersOf(shapes, output.shape).find(({ shape }) => shape.eventstream === true)
}
