import type { Catalog, ServiceShapes, ShapeRef } from '../../catalog/model.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { AwsCall } from './call.ts'

/** Shapes may hold themselves. */
const MAX_DEPTH = 16

/**
 * How tokens are called. AWS's models mark others, too, that say what a call is about: the query that
 * `athena:DeleteNamedQuery` deletes. Those are no tokens, whatever the models say: an approval is for one.
 */
const TOKEN_NAME = /(?:token|tokenid|requestid|operationid)$/i

/**
 * The parameters without idempotency tokens. SDKs make a new one for each call, so that one which is sent
 * again is another by its token alone; what the call does is the same.
 * https://smithy.io/2.0/spec/behavior-traits.html#idempotencytoken-trait
 */
export function withoutIdempotencyTokens(
  catalog: Catalog,
  { service, operation, parameters }: Pick<AwsCall, 'service' | 'operation' | 'parameters'>,
): JsonObject {
  const shapes = catalog.shapes(service)
  const input = shapes.operations.get(operation)?.input
  if (input === undefined) return parameters
  const stripped = strip(parameters, input, shapes, 0)
  return isObject(stripped) ? stripped : parameters
}

function strip(value: Json, ref: ShapeRef, shapes: ServiceShapes, depth: number): Json {
  const shape = shapes.shapes.get(ref.shape)
  if (shape === undefined || depth > MAX_DEPTH || typeof value !== 'object' || value === null) return value
  const { members, member } = shape
  if (Array.isArray(value)) {
    return member === undefined ? value : value.map((each: Json) => strip(each, member, shapes, depth + 1))
  }
  if (members === undefined || !isObject(value)) return value
  const kept = Object.entries(value).flatMap(([name, inner]): [string, Json][] => {
    const of = members.get(name)
    if (of === undefined) return [[name, inner]]
    return of.idempotencyToken === true && TOKEN_NAME.test(name)
      ? []
      : [[name, strip(inner, of, shapes, depth + 1)]]
  })
  return Object.fromEntries(kept)
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
