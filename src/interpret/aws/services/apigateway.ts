import { objectsAt, textAt } from '../values.ts'
import { OTHERS, type Rule, type RuleCall, type ServiceRules } from './rule.ts'

/**
 * API Gateway's actions are the verbs of HTTP, its resources the paths of its own API (API Gateway Developer
 * Guide, "Control access to API Gateway management API"): `apigateway:PATCH` on
 * `arn:aws:apigateway:us-east-1::/restapis/a1b2`. Version 2 has the same paths without its `/v2`.
 */
const byPath: Rule = (call, answer) => {
  const operation = call.catalog.services.get(call.service)?.operations.get(call.operation)
  if (operation === undefined) return
  const [path = ''] = operation.uri.split('?')
  const labels = labelsOf(call)
  let exact = true
  const filled = path
    .split('/')
    .slice(path.startsWith('/v2/') ? 2 : 1)
    .map(segment => {
      if (!segment.startsWith('{')) return segment
      const value = labels.get(segment.slice(1, segment.endsWith('+}') ? -2 : -1))
      if (value !== undefined && /^[A-Za-z0-9$._~-]{1,256}$/.test(value)) return value
      if (value?.startsWith('arn:') === true && !/[*?]/.test(value)) return encodeURIComponent(value)
      exact = false
      return '*'
    })
  const resource = arnOf(call, `/${filled.join('/')}`)
  answer.pair(`apigateway:${operation.method}`, resource, { certainty: exact ? 'exact' : 'any' })
  if (setsPolicy(call)) {
    const certainty = call.operation === 'UpdateRestApi' && exact ? 'exact' : 'any'
    const target = call.operation === 'UpdateRestApi' ? resource : arnOf(call, '/restapis/*')
    answer.pair('apigateway:UpdateRestApiPolicy', target, { certainty })
  }
}

function arnOf(call: RuleCall, path: string): string {
  return `arn:${call.caller.partition}:apigateway:${call.region}::${path}`
}

/** A resource policy is set with the API, or patched into it. */
function setsPolicy(call: RuleCall): boolean {
  if (call.service !== 'apigateway') return false
  if (call.operation === 'CreateRestApi') return textAt(call.parameters, 'policy') !== undefined
  if (call.operation !== 'UpdateRestApi') return false
  return objectsAt(call.parameters, 'patchOperations[]').some(
    patch => textAt(patch, 'path')?.toLowerCase().startsWith('/policy') === true,
  )
}

/** The values of the path's labels, by the names that stand in the template. */
function labelsOf(call: RuleCall): ReadonlyMap<string, string> {
  const shapes = call.catalog.shapes(call.service)
  const input = shapes.operations.get(call.operation)?.input
  const members = input === undefined ? undefined : shapes.shapes.get(input.shape)?.members
  const labels = new Map<string, string>()
  for (const [name, member] of members ?? []) {
    const value = textAt(call.parameters, name)
    if (member.location === 'uri' && value !== undefined) labels.set(member.locationName ?? name, value)
  }
  return labels
}

export const APIGATEWAY_RULES: ServiceRules = { [OTHERS]: byPath }
