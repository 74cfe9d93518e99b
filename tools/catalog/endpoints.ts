import { field, word } from './fields.ts'
import type { BotoService } from './model.ts'
import { signingNameOf } from './routes.ts'
import { evaluate, type RawPartition, type RuleEndpoint, type Ruleset } from './rules.ts'
import type { Botocore } from './sources.ts'

/** botocore's `endpoints.json`: the older description, which still says how some regions sign. */
interface LegacyPartition {
  readonly partition: string
  readonly services: Readonly<Record<string, LegacyService>>
}

interface LegacyService {
  readonly partitionEndpoint?: string
  readonly isRegionalized?: boolean
  readonly defaults?: LegacyEndpoint
  readonly endpoints?: Readonly<Record<string, LegacyEndpoint>>
}

interface LegacyEndpoint {
  readonly hostname?: string
  readonly sslCommonName?: string
  readonly credentialScope?: { readonly region?: string }
  readonly variants?: readonly { readonly hostname?: string; readonly dnsSuffix?: string }[]
}

/** A host name with `{region}` and `{suffix}`, and how to sign there; empty means as usual. */
interface Place {
  readonly host: string
  readonly region: string
  readonly name: string
}

const VARIANTS = [
  { UseFIPS: false, UseDualStack: false },
  { UseFIPS: true, UseDualStack: false },
  { UseFIPS: false, UseDualStack: true },
  { UseFIPS: true, UseDualStack: true },
] as const

/** Services whose rules lead nowhere without a resource: the part of the host that is always the same. */
const BY_HAND: ReadonlyMap<string, Place> = new Map([
  ['cloudfront-keyvaluestore', { host: 'cloudfront-kvs.global.{dual}', region: 'us-east-1', name: '' }],
])

/**
 * Services that exist in one region of a partition though the rules do not say so: every call goes there.
 * Source: the AWS General Reference's page of the service.
 */
const ONE_REGION: ReadonlyMap<string, string> = new Map([['globalaccelerator', 'us-west-2']])

/** Writes what `src/catalog/endpoints.ts` reads, and says there what each line means. */
export function encodeEndpoints(botocore: Botocore, services: readonly BotoService[]): string {
  const { partitions } = botocore.file('partitions.json') as { partitions: readonly RawPartition[] }
  const legacy = botocore.file('endpoints.json') as { partitions: readonly LegacyPartition[] }
  const lines: string[][] = partitions.map(({ id, regionRegex, outputs, regions }) => [
    'P',
    word(id),
    outputs.dnsSuffix,
    outputs.dualStackDnsSuffix,
    regionRegex,
    outputs.implicitGlobalRegion,
    realRegions(regions).join(' '),
  ])
  for (const service of services) {
    const ruleset = botocore.ruleset(service.id) as Ruleset
    lines.push(['S', word(service.id)])
    lines.push(...placeLines(service, ruleset, partitions, legacy.partitions))
    lines.push(...hostLines(service, ruleset, partitions, legacy.partitions))
  }
  return lines.map(fields => fields.map(field).join('\t').replace(/\t+$/, '')).join('\n')
}

function realRegions(regions: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(regions)
    .filter(region => !region.endsWith('-global'))
    .sort()
}

/** `T` lines for what holds in a partition (`*`: in all the others), `X` lines for single regions. */
function placeLines(
  service: BotoService,
  ruleset: Ruleset,
  partitions: readonly RawPartition[],
  legacy: readonly LegacyPartition[],
): readonly string[][] {
  const usual = new Map<string, Place>()
  const exceptions: string[][] = []
  for (const partition of partitions) {
    const places = new Map<string, Place>()
    for (const region of realRegions(partition.regions)) {
      const place = placeOf(service, ruleset, partitions, legacy, partition, region)
      if (place !== undefined) places.set(region, place)
    }
    const most = commonest([...places.values()])
    if (most === undefined) continue
    usual.set(partition.id, most)
    for (const [region, place] of places) {
      if (key(place) !== key(most)) exceptions.push(['X', region, place.host, place.region, place.name])
    }
  }
  const everywhere = commonest([...usual.values()]) ?? BY_HAND.get(service.id)
  if (everywhere === undefined) throw new Error(`${service.id} has no endpoint`)
  const lines = [['T', '*', everywhere.host, everywhere.region, everywhere.name]]
  for (const [partition, place] of usual) {
    if (key(place) !== key(everywhere)) lines.push(['T', partition, place.host, place.region, place.name])
  }
  return [...lines, ...exceptions]
}

function placeOf(
  service: BotoService,
  ruleset: Ruleset,
  partitions: readonly RawPartition[],
  legacy: readonly LegacyPartition[],
  partition: RawPartition,
  region: string,
): Place | undefined {
  const home = ONE_REGION.get(service.id)
  const actual = home !== undefined && Object.hasOwn(partition.regions, home) ? home : region
  const found = evaluate(ruleset, partitions, { Region: actual, ...extraParameters(service) })
  if (found === undefined) return undefined
  if (actual !== region) return { host: generalise(found.host, '', partition), region: actual, name: '' }
  const signingRegion = found.signingRegion ?? legacyRegion(service, legacy, partition.id, region) ?? region
  const signingName = found.signingName ?? signingNameOf(service)
  return {
    host: generalise(found.host, region, partition),
    region: signingRegion === region ? '' : signingRegion,
    name: signingName === signingNameOf(service) ? '' : signingName,
  }
}

/** The one service that has a required parameter without a default: its control plane. */
function extraParameters(service: BotoService): Readonly<Record<string, string>> {
  return service.id === 'neptune-graph' ? { ApiType: 'ControlPlane' } : {}
}

/** The region to sign for where the rules leave it open, from `endpoints.json`. */
function legacyRegion(
  service: BotoService,
  legacy: readonly LegacyPartition[],
  partition: string,
  region: string,
): string | undefined {
  const known = legacy.find(item => item.partition === partition)?.services[service.metadata.endpointPrefix]
  if (known === undefined) return undefined
  const own = known.endpoints?.[region]
  const shared =
    known.partitionEndpoint === undefined ? undefined : known.endpoints?.[known.partitionEndpoint]
  const endpoint = own ?? (known.isRegionalized === false ? shared : undefined)
  return endpoint?.credentialScope?.region ?? known.defaults?.credentialScope?.region
}

/** `H` lines: every host name that stands for the service, with the partitions where it does. */
function hostLines(
  service: BotoService,
  ruleset: Ruleset,
  partitions: readonly RawPartition[],
  legacy: readonly LegacyPartition[],
): readonly string[][] {
  const hosts = new Map<string, Set<string>>()
  const add = (host: string, partition: string): void => {
    const known = hosts.get(host)
    if (known === undefined) hosts.set(host, new Set([partition]))
    else known.add(partition)
  }
  for (const partition of partitions) {
    const regions = realRegions(partition.regions)
    for (const variant of VARIANTS) {
      for (const [region, { host }] of evaluated(service, ruleset, partitions, regions, variant)) {
        add(generalise(host, region, partition), partition.id)
      }
    }
    for (const host of legacyHosts(service, legacy, partition)) add(host, partition.id)
  }
  const byHand = BY_HAND.get(service.id)
  if (byHand !== undefined) add(byHand.host, 'aws')
  const byPartitions = new Map<string, string[]>()
  for (const [host, where] of hosts) {
    const names = where.size === partitions.length ? '*' : [...where].sort().join(' ')
    byPartitions.set(names, [...(byPartitions.get(names) ?? []), host])
  }
  return [...byPartitions]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([names, list]) => ['H', names, ...list.sort()])
}

function evaluated(
  service: BotoService,
  ruleset: Ruleset,
  partitions: readonly RawPartition[],
  regions: readonly string[],
  variant: (typeof VARIANTS)[number],
): readonly (readonly [string, RuleEndpoint])[] {
  const found: (readonly [string, RuleEndpoint])[] = []
  for (const region of regions) {
    const parameters = { Region: region, ...variant, ...extraParameters(service) }
    const endpoint = evaluate(ruleset, partitions, parameters)
    if (endpoint !== undefined) found.push([region, endpoint])
  }
  // A host that all regions share is the partition's own, even if its name has a region in it.
  const hosts = new Set(found.map(([, { host }]) => host))
  return hosts.size === 1 && found.length > 1 ? found.map(([, endpoint]) => ['', endpoint] as const) : found
}

function legacyHosts(
  service: BotoService,
  legacy: readonly LegacyPartition[],
  partition: RawPartition,
): readonly string[] {
  const known = legacy.find(item => item.partition === partition.id)?.services[
    service.metadata.endpointPrefix
  ]
  const hosts: string[] = []
  for (const [region, endpoint] of Object.entries(known?.endpoints ?? {})) {
    const shared = [known?.defaults?.hostname, known?.defaults?.sslCommonName]
    for (const host of [endpoint.hostname, endpoint.sslCommonName, ...shared]) {
      if (host === undefined) continue
      const filled = host
        .replace('{service}', service.metadata.endpointPrefix)
        .replace('{region}', region)
        .replace('{dnsSuffix}', partition.outputs.dnsSuffix)
      hosts.push(generalise(filled, Object.hasOwn(partition.regions, region) ? region : '', partition))
    }
  }
  return hosts
}

/** Puts `{region}` and `{suffix}` or `{dual}` into a host name; an empty region is none. */
function generalise(host: string, region: string, { outputs }: RawPartition): string {
  let general = host
  if (general.endsWith(`.${outputs.dnsSuffix}`)) {
    general = `${general.slice(0, -outputs.dnsSuffix.length)}{suffix}`
  } else if (general.endsWith(`.${outputs.dualStackDnsSuffix}`)) {
    general = `${general.slice(0, -outputs.dualStackDnsSuffix.length)}{dual}`
  }
  if (region === '') return general
  const labels = general.split('.')
  return labels
    .map(label => (label === region ? '{region}' : label.replace(`-${region}`, '-{region}')))
    .join('.')
}

function commonest(places: readonly Place[]): Place | undefined {
  const counts = new Map<string, { place: Place; count: number }>()
  for (const place of places) {
    const known = counts.get(key(place))
    if (known === undefined) counts.set(key(place), { place, count: 1 })
    else known.count++
  }
  const sorted = [...counts.values()].sort(
    (a, b) => b.count - a.count || (key(a.place) < key(b.place) ? -1 : 1),
  )
  return sorted[0]?.place
}

function key({ host, region, name }: Place): string {
  return `${host}\t${region}\t${name}`
}
