import type { SourceIam } from '../iam.ts'
import type { BotoService } from '../model.ts'
import { signingNameOf } from '../routes.ts'
import { ACTIONS } from './actions.ts'
import type { Mapping } from './encode.ts'
import { membersOf } from './members.ts'
import { PREFIXES } from './prefixes.ts'
import { deriveResources } from './resources.ts'
import { derivePassedRoles } from './roles.ts'

/** Maps every operation of a service to what IAM calls it. */
export function deriveMappings(
  service: BotoService,
  prefixes: ReadonlyMap<string, SourceIam>,
): ReadonlyMap<string, Mapping> {
  const mappings = new Map<string, Mapping>()
  for (const name of Object.keys(service.operations))
    mappings.set(name, deriveMapping(service, name, prefixes))
  return mappings
}

function deriveMapping(
  service: BotoService,
  operation: string,
  prefixes: ReadonlyMap<string, SourceIam>,
): Mapping {
  const byHand = ACTIONS.get(`${service.id} ${operation}`)
  const prefix = byHand?.split(':')[0] ?? PREFIXES.get(service.id) ?? signingNameOf(service)
  const name = byHand?.split(':')[1] ?? operation
  const iam = prefixes.get(prefix)
  const action = iam?.actions.get(name.toLowerCase())
  if (byHand !== undefined && action === undefined) {
    throw new Error(`the row of ${service.id} ${operation} names \`${byHand}\`, which IAM does not know`)
  }
  const members = membersOf(service, service.operations[operation]?.input)
  const passesRole = derivePassedRoles({
    service: service.id,
    operation,
    level: action?.level,
    dependentActions: action?.dependentActions ?? [],
    members,
  })
  if (iam === undefined || action === undefined) return { resources: [], passesRole }
  const own = members.filter(member => member.depth === 1 && !member.fixed)
  return {
    action: `${prefix}:${action.name}`,
    resources: deriveResources({ service: service.id, operation, iam, action, members: own }),
    passesRole,
  }
}
