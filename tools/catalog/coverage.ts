import type { Catalog, DerivedResource, OperationHead, ServiceHead } from '../../src/catalog/model.ts'
import { variablesOf } from './authorization/resources.ts'

/** How much of AWS the catalog understands; the numbers that must not drop are in `coverage.json`. */
export interface Coverage {
  readonly services: number
  readonly operations: number
  /** With a generated action or a rule by hand. */
  readonly mapped: number
  /** Whose action takes no resource, so that `*` is exact. */
  readonly withoutResource: number
  /** Whose required resources all come from the request. */
  readonly derivable: number
  /** That take resources of which the request does not tell all: only a broad Allow covers them. */
  readonly partly: number
  readonly passingRoles: number
  readonly byHand: number
  readonly iamActions: number
  /** Pairs of services and operations that one request could mean both of. */
  readonly collisions: readonly string[]
  /** Without an action and without a rule: denied. */
  readonly denied: readonly string[]
}

/**
 * Measures a catalog as the gate sees it.
 *
 * @param rules `service Operation` of the rules written by hand in `interpret/aws/services/`
 */
export function measure(catalog: Catalog, rules: ReadonlySet<string>): Coverage {
  const count = { operations: 0, mapped: 0, withoutResource: 0, derivable: 0, partly: 0, passingRoles: 0 }
  const denied: string[] = []
  for (const service of catalog.services.values()) {
    for (const { name } of service.operations.values()) {
      const { action, resources, passesRole } = catalog.authorization(service.id, name)
      count.operations++
      if (action === undefined && !rules.has(`${service.id} ${name}`)) denied.push(`${service.id} ${name}`)
      else count.mapped++
      if (passesRole.length > 0) count.passingRoles++
      if (action === undefined) continue
      if (resources.length === 0) count.withoutResource++
      else if (resources.filter(({ required }) => required).every(isComplete)) count.derivable++
      else count.partly++
    }
  }
  let iamActions = 0
  for (const prefix of catalog.iamPrefixes) iamActions += catalog.iam(prefix)?.actions.size ?? 0
  const collisions = findCollisions(catalog.services)
  return {
    services: catalog.services.size,
    ...count,
    byHand: rules.size,
    iamActions,
    collisions,
    denied,
  }
}

/** Whether a request can name the resource in full. */
function isComplete({ arn, from, whole }: DerivedResource): boolean {
  if (whole !== undefined && ![...from.values()].includes(whole)) return true
  const parts = arn.split(':')
  return (
    parts.length > 5 &&
    !/[*?]/.test(parts.slice(5).join(':')) &&
    variablesOf(arn).every(name => from.has(name))
  )
}

/**
 * Operations of different services that look the same on the wire: same signing name, and the same
 * target, the same action and version, or the same method and path.
 */
export function findCollisions(services: ReadonlyMap<string, ServiceHead>): readonly string[] {
  const seen = new Map<string, string[]>()
  for (const service of services.values()) {
    for (const operation of service.operations.values()) {
      for (const look of looksOf(service, operation)) {
        const key = `${service.signingName} ${look}`
        seen.set(key, [...(seen.get(key) ?? []), `${service.id} ${operation.name}`])
      }
    }
  }
  const found = new Set<string>()
  for (const [, operations] of seen) {
    const owners = new Set(operations.map(operation => operation.split(' ')[0]))
    if (owners.size > 1) found.add([...new Set(operations)].sort().join(' = '))
  }
  return [...found].sort()
}

function looksOf(service: ServiceHead, { name, method, uri }: OperationHead): readonly string[] {
  return service.protocols.map(protocol => {
    switch (protocol) {
      case 'json':
        return `target ${service.targetPrefix ?? ''}.${name}`
      case 'query':
      case 'ec2':
        return `action ${service.apiVersion} ${name}`
      case 'smithy-rpc-v2-cbor':
        return `rpc ${service.targetPrefix ?? ''} ${name}`
      default:
        return `${method} ${uri.replace(/\{[^{}]*\}/g, '{}').replace(/\/$/, '')}`
    }
  })
}

/** The figures as lines for a terminal. */
export function describe(coverage: Coverage): string {
  const share = (part: number): string => `${((100 * part) / coverage.operations).toFixed(1)}%`
  const { operations, mapped, withoutResource, derivable, partly, denied, collisions } = coverage
  return [
    `services                      ${coverage.services}`,
    `operations                    ${operations}`,
    `  mapped to an action         ${mapped} (${share(mapped)})`,
    `    of them by hand           ${coverage.byHand}`,
    `  without a resource          ${withoutResource}`,
    `  resources derivable         ${derivable} (${share(withoutResource + derivable)} with the former)`,
    `  resources partly unknown    ${partly}: an Allow has to cover what is unknown`,
    `  passing a role              ${coverage.passingRoles}`,
    `  denied by default           ${denied.length}`,
    `collisions between services   ${collisions.length}`,
    `IAM actions                   ${coverage.iamActions}`,
  ].join('\n')
}

/** Figures of `coverage.json` that a new catalog must reach, or stay under. */
export interface Thresholds {
  readonly atLeast: Readonly<Record<string, number>>
  readonly atMost: Readonly<Record<string, number>>
}

/** The figures that have to be kept. */
export function figuresOf(coverage: Coverage): Thresholds {
  return {
    atLeast: {
      services: coverage.services,
      operations: coverage.operations,
      mapped: coverage.mapped,
      derivable: coverage.withoutResource + coverage.derivable,
      passingRoles: coverage.passingRoles,
      iamActions: coverage.iamActions,
    },
    atMost: { denied: coverage.denied.length, collisions: coverage.collisions.length },
  }
}

/** What got worse, a line each; empty when nothing did. */
export function compare(now: Thresholds, limits: Thresholds): readonly string[] {
  const worse: string[] = []
  for (const [name, least] of Object.entries(limits.atLeast)) {
    const value = now.atLeast[name] ?? 0
    if (value < least) worse.push(`${name} dropped to ${value} from ${least}`)
  }
  for (const [name, most] of Object.entries(limits.atMost)) {
    const value = now.atMost[name] ?? Number.POSITIVE_INFINITY
    if (value > most) worse.push(`${name} rose to ${value} from ${most}`)
  }
  return worse
}
