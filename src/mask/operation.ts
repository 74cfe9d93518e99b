import type { Catalog, OperationHead, Protocol, ServiceShapes } from '../catalog/model.ts'
import { GateError } from '../core/errors.ts'
import type { MaskedCall } from './port.ts'
import { eventsOf, type OutputMember, type OutputShape, operationOf, outputOf, payloadOf } from './shapes.ts'

/** What the catalog says of the replies of one operation. */
export interface RepliesOf {
  readonly protocol: Protocol
  readonly head: OperationHead
  readonly shapes: ServiceShapes
  readonly output: OutputShape
  /** The element that wraps the output in replies of the query protocol. */
  readonly resultWrapper: string | undefined
  /** The root element of the reply is the one member itself. */
  readonly unwrapped: boolean
  /** The member that is the whole body. */
  readonly payload: OutputMember | undefined
  /** The member that is a stream of events. */
  readonly events: OutputMember | undefined
  /** Names of the error shapes. */
  readonly errors: readonly string[]
}

/** An output without members. */
export const NOTHING: OutputShape = {
  shape: { type: 'structure', members: new Map() },
  ref: { shape: '' },
  flattened: false,
  sensitive: false,
}

export function repliesOf(catalog: Catalog, call: MaskedCall): RepliesOf {
  const head = catalog.services.get(call.service)?.operations.get(call.operation)
  if (head === undefined) {
    throw new GateError('internal', `the catalog has no operation \`${call.service}\` \`${call.operation}\``)
  }
  const shapes = catalog.shapes(call.service)
  const operation = operationOf(shapes, call.operation)
  const output = outputOf(shapes, call.operation) ?? NOTHING
  return {
    protocol: call.protocol,
    head,
    shapes,
    output,
    resultWrapper: operation.resultWrapper,
    unwrapped: operation.unwrappedOutput === true,
    payload: payloadOf(shapes, output),
    events: eventsOf(shapes, output),
    errors: operation.errors,
  }
}

/** Whether the body is the value of one member as it stands, not wrapped in any format. */
export function hasRawPayload({ payload }: RepliesOf): boolean {
  const type = payload?.shape.type
  return type === 'blob' || type === 'string' || type === 'character'
}
