import type { Json } from '../../../core/json.ts'
import { askByCatalog } from '../by-catalog.ts'
import { OTHERS, type Rule, type ServiceRules } from './rule.ts'

/** Members that hold an id, which Route 53 itself returns with its kind before it: `/hostedzone/Z1`. */
const IDS: ReadonlySet<string> = new Set(['DelegationSetId', 'HealthCheckId', 'HostedZoneId', 'Id'])
const WITH_KIND = /^\/?(?:hostedzone|delegationset|healthcheck|change)\/([A-Za-z0-9-]{1,64})$/
const PLAIN = /^[A-Za-z0-9-]{1,64}$/

/** An id is the same with its kind before it; one that is no id may be any. */
const byId: Rule = (call, answer) => {
  const parameters: Record<string, Json> = { ...call.parameters }
  for (const name of IDS) {
    const value = parameters[name]
    if (typeof value !== 'string') continue
    const id = WITH_KIND.exec(value)?.[1] ?? value
    parameters[name] = PLAIN.test(id) ? id : '*'
  }
  askByCatalog({ ...call, parameters }, answer)
}

export const ROUTE53_RULES: ServiceRules = { [OTHERS]: byId }
