import type { Catalog, ServiceShapes, Shape } from '../catalog/model.ts'
import type { RepliesOf } from './operation.ts'
import { readPattern } from './pattern.ts'
import { Place } from './place.ts'
import { elementOf, membersOf, type OutputShape, outputOf } from './shapes.ts'

/** One operation of AWS. */
export interface OperationName {
  /** The catalog's service id. */
  readonly service: string
  readonly operation: string
}

/**
 * Those fields of a `Mask` that name no member of the output of any of these operations: typing errors.
 * @throws GateError `mask-rule-invalid` for a field that is no pattern at all
 */
export function fieldsOfNothing(
  catalog: Catalog,
  operations: readonly OperationName[],
  fields: readonly string[],
): readonly string[] {
  return fields.filter(field => !operations.some(operation => fieldNames(catalog, operation, field)))
}

/** Whether a field names a member of the output of an operation. */
export function fieldNames(catalog: Catalog, { service, operation }: OperationName, field: string): boolean {
  const shapes = catalog.shapes(service)
  const output = shapes.operations.has(operation) ? outputOf(shapes, operation) : undefined
  readPattern(field)
  return output !== undefined && reaches(shapes, output, field)
}

const reached = new WeakMap<Shape, Map<string, boolean>>()

/** As `fieldNames`; remembered for each output. */
export function canMatch({ shapes, output }: RepliesOf, field: string): boolean {
  const known = reached.get(output.shape) ?? new Map<string, boolean>()
  reached.set(output.shape, known)
  const before = known.get(field)
  if (before !== undefined) return before
  const answer = reaches(shapes, output, field)
  // Fields come from policies; more than these for one operation means that they change all the time.
  if (known.size >= 1000) known.clear()
  known.set(field, answer)
  return answer
}

function reaches(shapes: ServiceShapes, output: OutputShape, field: string): boolean {
  const seen = new Map<Shape, Set<string>>()
  const visit = ({ shape }: OutputShape, place: Place): boolean => {
    if (place.treatment !== undefined) return true
    if (!place.open) return false
    const ways = seen.get(shape) ?? new Set()
    seen.set(shape, ways)
    if (ways.has(place.id)) return false
    ways.add(place.id)
    switch (shape.type) {
      case 'structure':
        return membersOf(shapes, shape).some(member => visit(member, place.member(member.name)))
      case 'list':
        return visit(elementOf(shapes, shape.member), place)
      case 'map':
        return visit(elementOf(shapes, shape.value), place.anyKey())
      case 'document':
        // It may hold any names at any depth.
        return true
      default:
        return false
    }
  }
  return visit(output, Place.root([{ steps: readPattern(field), treatment: 'full' }]))
}
