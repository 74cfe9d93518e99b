import type { Catalog, OperationHead, ServiceShapes, Shape } from '../catalog/model.ts'
import { errorPatterns } from './error-reply.ts'
import type { RepliesOf } from './operation.ts'
import { readPattern } from './pattern.ts'
import { Place, type TreatedPattern } from './place.ts'
import { elementOf, membersOf, type OutputShape, outputOf, resolve } from './shapes.ts'

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
  const pattern: TreatedPattern = { steps: readPattern(field), treatment: 'full' }
  return output !== undefined && reaches(shapes, output, [pattern])
}

const reached = new WeakMap<OperationHead, Map<string, boolean>>()

/** Whether a field names a member of the output or of an error; remembered for each operation. */
export function canMatch(replies: RepliesOf, field: string): boolean {
  const { head, shapes, output } = replies
  const known = reached.get(head) ?? new Map<string, boolean>()
  reached.set(head, known)
  const before = known.get(field)
  if (before !== undefined) return before
  const pattern: TreatedPattern = { steps: readPattern(field), treatment: 'full' }
  const inErrors = errorPatterns(replies, [pattern])
  const answer =
    reaches(shapes, output, [pattern]) ||
    (inErrors.length > 0 &&
      replies.errors.some(name => reaches(shapes, resolve(shapes, { shape: name }), inErrors)))
  // Fields come from policies; more than these for one operation means that they change all the time.
  if (known.size >= 1000) known.clear()
  known.set(field, answer)
  return answer
}

function reaches(shapes: ServiceShapes, output: OutputShape, patterns: readonly TreatedPattern[]): boolean {
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
  return visit(output, Place.root(patterns))
}
