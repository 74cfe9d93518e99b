import type { EndpointData } from './endpoints.ts'
import type { HostMeaning, ServiceHead } from './model.ts'
import { type Partition, partitionOf } from './partitions.ts'

/** A DNS name has no more characters. */
const HOST_CHARACTERS_MAX = 253
/** No pattern of an endpoint has more labels before its suffix. */
const PATTERN_LABELS_MAX = 5

/** A service's pattern: where it holds, and whose it is. */
interface Claim {
  readonly service: string
  /** Empty: in all partitions. */
  readonly partitions: readonly string[]
  /** What the pattern has before the endpoint proper, by a host prefix of the model: `sync`. */
  readonly prefix: string
}

/** A host name cut in two: its labels, and the suffix of the partitions that it may be of. */
interface Cut {
  readonly labels: readonly string[]
  /** What the suffix is called in patterns; absent where the name has none of a partition's. */
  readonly symbol?: '{suffix}' | '{dual}'
  readonly partitions: readonly Partition[]
}

/** A reading of some labels as a pattern. */
interface Reading {
  readonly pattern: string
  readonly region?: string
}

/**
 * The host names that clients use beside the endpoints that the rules give, because rules name a bucket,
 * an account or an API only with the request in view. Pattern -> service, what may stand before it.
 * Sources: the S3, IoT and API Gateway guides.
 */
const BY_HAND: readonly (readonly [string, string])[] = [
  ['s3', 's3.{suffix}'],
  ['s3', 's3-{region}.{suffix}'],
  ['s3', 's3.{region}.{suffix}'],
  ['s3', 's3.dualstack.{region}.{suffix}'],
  ['s3', 's3-fips.{region}.{suffix}'],
  ['s3', 's3-fips.dualstack.{region}.{suffix}'],
  ['s3', 's3-external-1.{suffix}'],
  ['s3', 's3-accelerate.{suffix}'],
  ['s3', 's3-accelerate.dualstack.{suffix}'],
  ['s3', 's3-accesspoint.{region}.{suffix}'],
  ['s3', 's3-accesspoint.dualstack.{region}.{suffix}'],
  ['s3', 's3-accesspoint-fips.{region}.{suffix}'],
  ['s3', 's3-accesspoint-fips.dualstack.{region}.{suffix}'],
  ['s3', 'accesspoint.s3-global.{suffix}'],
  ['s3', 's3-object-lambda.{region}.{suffix}'],
  ['s3', 's3-object-lambda-fips.{region}.{suffix}'],
  ['s3', 's3-outposts.{region}.{suffix}'],
  ['s3', 's3express-{zone}.{region}.{suffix}'],
  ['s3', 's3express-{zone}.dualstack.{region}.{suffix}'],
  ['s3', 's3express-fips-{zone}.{region}.{suffix}'],
  ['s3', 's3express-fips-{zone}.dualstack.{region}.{suffix}'],
  ['s3', 's3express-control.{region}.{suffix}'],
  ['s3', 's3express-control-fips.{region}.{suffix}'],
  ['s3', 's3express-control.dualstack.{region}.{suffix}'],
  ['s3control', 's3-control.{region}.{suffix}'],
  ['s3control', 's3-control.dualstack.{region}.{suffix}'],
  ['s3control', 's3-control-fips.{region}.{suffix}'],
  ['s3control', 's3-control-fips.dualstack.{region}.{suffix}'],
  ['s3control', 's3-outposts.{region}.{suffix}'],
  ['apigatewaymanagementapi', 'execute-api.{region}.{suffix}'],
  ['apigatewaymanagementapi', 'execute-api.{region}.{dual}'],
  ['iot-data', 'iot.{region}.{suffix}'],
  ['iot-data', 'data-ats.iot.{region}.{suffix}'],
  ['dynamodb', 'ddb.{region}.{suffix}'],
  ['dynamodb', 'ddb.{region}.{dual}'],
  ['neptune-graph', '{region}.neptune-graph.{suffix}'],
  ['cloudfront-keyvaluestore', 'cloudfront-kvs.global.{dual}'],
]

/** Services before whose endpoint callers put labels of any number: a bucket may have dots. */
const ANY_LABELS: ReadonlySet<string> = new Set(['s3'])

/** Services before whose endpoint callers put one label: an API, an account, a device's endpoint. */
const ONE_LABEL: ReadonlySet<string> = new Set([
  'apigatewaymanagementapi',
  'iot-data',
  'dynamodb',
  'dynamodbstreams',
  'cloudfront-keyvaluestore',
])

/** Reads host names of AWS; made when the first one is asked for. */
export class HostNames {
  readonly #partitions: readonly Partition[]
  readonly #oneLabel: ReadonlySet<string>
  readonly #claims = new Map<string, Claim[]>()

  constructor(data: EndpointData, services: ReadonlyMap<string, ServiceHead>) {
    this.#partitions = data.partitions
    const oneLabel = new Set(ONE_LABEL)
    for (const service of services.values()) {
      const prefixes = hostPrefixesOf(service)
      if (prefixes.some(prefix => prefix.startsWith('{'))) oneLabel.add(service.id)
      const fixed = ['', ...prefixes.filter(prefix => !prefix.includes('{'))]
      for (const { partitions, patterns } of data.services.get(service.id)?.hosts ?? []) {
        for (const pattern of patterns) this.#claim(pattern, service.id, partitions, fixed)
      }
    }
    for (const [service, pattern] of BY_HAND) this.#claim(pattern, service, [], [''])
    this.#oneLabel = oneLabel
  }

  /**
   * What a host name stands for.
   *
   * @param host without port, in any case; a final dot is allowed
   * @returns undefined where it is no endpoint of an AWS service that the catalog knows
   */
  meaning(host: string): HostMeaning | undefined {
    if (host.length > HOST_CHARACTERS_MAX) return undefined
    const name = host.toLowerCase()
    const cut = this.#cut(name.endsWith('.') ? name.slice(0, -1) : name)
    if (cut === undefined) return undefined
    // The longest pattern wins, so that what stands before it is as short as can be.
    const first = Math.max(0, cut.labels.length - PATTERN_LABELS_MAX)
    for (let start = first; start < cut.labels.length; start++) {
      const before = cut.labels.slice(0, start)
      for (const reading of readings(cut.labels.slice(start), cut)) {
        const meaning = this.#match(reading, before, cut)
        if (meaning !== undefined) return meaning
      }
    }
    return undefined
  }

  #cut(host: string): Cut | undefined {
    for (const symbol of ['{suffix}', '{dual}'] as const) {
      const suffixOf = (partition: Partition): string =>
        symbol === '{suffix}' ? partition.suffix : partition.dualSuffix
      const partitions = this.#partitions.filter(partition => host.endsWith(`.${suffixOf(partition)}`))
      const [partition] = partitions
      if (partition === undefined) continue
      const labels = host.slice(0, -suffixOf(partition).length - 1).split('.')
      return labels.every(isLabel) ? { labels, symbol, partitions } : undefined
    }
    // A few services have names of their own: `us-east-1.signin.aws.amazon.com`.
    const labels = host.split('.')
    return labels.every(isLabel) ? { labels, partitions: this.#partitions } : undefined
  }

  #match(reading: Reading, before: readonly string[], cut: Cut): HostMeaning | undefined {
    const { region } = reading
    const where = region === undefined ? cut.partitions : [partitionOf(region, cut.partitions)]
    const claims = this.#claims.get(reading.pattern) ?? []
    for (const partition of where) {
      if (partition === undefined) continue
      const held = claims.filter(
        claim =>
          (claim.partitions.length === 0 || claim.partitions.includes(partition.id)) &&
          this.#allows(claim, before),
      )
      const [claim] = held
      if (claim === undefined) continue
      const prefix = [...before, ...(claim.prefix === '' ? [] : [claim.prefix])].join('.')
      return Object.freeze({
        services: Object.freeze([...new Set(held.map(({ service }) => service))]),
        ...(region === undefined ? {} : { region }),
        partition: partition.id,
        ...(prefix === '' ? {} : { prefix }),
      })
    }
    return undefined
  }

  #allows({ service }: Claim, before: readonly string[]): boolean {
    return (
      before.length === 0 || ANY_LABELS.has(service) || (before.length === 1 && this.#oneLabel.has(service))
    )
  }

  #claim(pattern: string, service: string, partitions: readonly string[], prefixes: readonly string[]): void {
    for (const prefix of prefixes) {
      const claims = this.#claims.get(prefix + pattern) ?? []
      claims.push({ service, partitions, prefix: prefix.replace(/[.-]$/, '') })
      this.#claims.set(prefix + pattern, claims)
    }
  }
}

/** The host prefixes of a service's operations, each once. */
function hostPrefixesOf(service: ServiceHead): readonly string[] {
  const prefixes = new Set<string>()
  for (const { hostPrefix } of service.operations.values()) {
    if (hostPrefix !== undefined) prefixes.add(hostPrefix)
  }
  return [...prefixes]
}

/** The patterns that labels could be: with a region in one of them, and as they stand. */
function readings(labels: readonly string[], { symbol, partitions }: Cut): readonly Reading[] {
  const found: Reading[] = []
  const general = labels.map(withoutZone)
  const end = symbol === undefined ? [] : [symbol]
  for (const [place, label] of general.entries()) {
    for (const region of regionsAtEnd(label, partitions)) {
      const replaced = general.with(place, `${label.slice(0, label.length - region.length)}{region}`)
      found.push({ pattern: [...replaced, ...end].join('.'), region })
    }
  }
  found.push({ pattern: [...general, ...end].join('.') })
  return found
}

/** `us-west-2` is a region, and `s3-us-west-2` ends with one. */
function regionsAtEnd(label: string, partitions: readonly Partition[]): readonly string[] {
  const regions: string[] = []
  for (let start = 0; start >= 0 && start < label.length; ) {
    const tail = label.slice(start)
    if (partitionOf(tail, partitions) !== undefined) regions.push(tail)
    const dash = label.indexOf('-', start)
    start = dash < 0 ? -1 : dash + 1
  }
  return regions
}

/** The availability zone in the endpoint of S3 directory buckets: `s3express-usw2-az1`. */
function withoutZone(label: string): string {
  return label.replace(/^(s3express-(?:fips-)?)[a-z0-9]{3,8}-az\d{1,2}$/, '$1{zone}')
}

function isLabel(label: string): boolean {
  return /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)
}
