import type { Catalog, Shape, ShapeRef } from '../../catalog/model.ts'
import type { Obligation } from '../../core/decision.ts'
import type { AwsCall } from '../../interpret/aws/call.ts'
import { masksAll } from './masking.ts'

/** Why a request's body must not be kept: what is redacted among the parameters would stand in it. */
export function secretRequest(call: AwsCall, catalog: Catalog): string | undefined {
  if (!call.streamsIn) {
    return call.sensitive.length === 0 ? undefined : 'it is left out: it holds parameters that are redacted'
  }
  const isSecret = call.candidates.some(({ service, operation }) => {
    const { shapes, operations } = catalog.shapes(service)
    const payload = payloadOf(shapes.get(operations.get(operation)?.input?.shape ?? ''))
    return payload?.sensitive === true || shapes.get(payload?.shape ?? '')?.sensitive === true
  })
  return isSecret ? 'it is left out: AWS marks it as sensitive' : undefined
}

/**
 * Why a reply's body must not be kept: a principal that may unmask what is masked by default sees it, but a recording
 * never holds it; also where the configuration turns these masks off.
 *
 * @param fields what is masked by default in replies to the call
 */
export function secretReply(
  { service, operation }: AwsCall,
  obligations: readonly Obligation[],
  fields: readonly string[],
  catalog: Catalog,
): string | undefined {
  if (masksAll(obligations, fields)) return undefined
  const { shapes, operations } = catalog.shapes(service)
  const output = shapes.get(operations.get(operation)?.output?.shape ?? '')
  if (
    masksAll(
      obligations,
      fields.filter(field => isInBody(output, field)),
    )
  )
    return undefined
  return 'it is left out: it may hold secrets that were not masked for this principal'
}

/** Whether a field can stand in the body; others travel in headers, which nobody records. */
function isInBody(output: Shape | undefined, field: string): boolean {
  const name = field.slice(0, field.search(/[.[*]|$/))
  const member = output?.members?.get(name)
  if (member === undefined) return true
  if (member.location !== undefined) return false
  return output?.payload === undefined || output.payload === name
}

function payloadOf(input: Shape | undefined): ShapeRef | undefined {
  return input?.members?.get(input.payload ?? '')
}
