import { loadCatalog } from '../../../catalog/load.ts'
import type { Pair } from '../../../core/decision.ts'
import type { Parameters } from '../call.ts'
import { type Asked, readCallFromParameters } from '../interpret.ts'

const catalog = loadCatalog()

/** What a call of account 111122223333 in us-east-1 asks for. */
export function asked(service: string, operation: string, parameters: Parameters): Asked {
  return readCallFromParameters(catalog, service, operation, parameters, 'us-east-1', {
    account: '111122223333',
    partition: 'aws',
  })
}

/** Its pairs as lines: `action resource`, with ` (any)` where the resource is not known in full. */
export function lines(service: string, operation: string, parameters: Parameters): readonly string[] {
  return asked(service, operation, parameters).pairs.map(lineOf)
}

function lineOf({ action, resource, certainty }: Pair): string {
  return `${action} ${resource}${certainty === 'any' ? ' (any)' : ''}`
}

/** The values of a condition key of the whole call. */
export function keyOf(
  service: string,
  operation: string,
  parameters: Parameters,
  key: string,
): readonly string[] | undefined {
  return asked(service, operation, parameters).context.get(key.toLowerCase())
}
