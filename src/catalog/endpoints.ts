import { GateError } from '../core/errors.ts'
import type { Endpoint, ServiceHead } from './model.ts'
import { damaged } from './pack.ts'
import { type Partition, partitionOf } from './partitions.ts'

/**
 * Where the endpoints are, as text: lines of fields separated by tabs.
 *
 * ```
 * P  partition  suffix  dualSuffix  form  globalRegion  regions    a partition
 * S  service                                                       what follows is of this service
 * T  partition or *  host  signingRegion  signingName              its endpoint there, `*` for all others
 * X  region  host  signingRegion  signingName                      a region where it is another one
 * H  partitions or *  host…                                        every host name that it answers to
 * ```
 *
 * A host has `{region}`, `{suffix}` and `{dual}`. An empty signing region is the region itself, an empty
 * signing name the service's own. The lines come from botocore's endpoint rulesets.
 */
export interface EndpointData {
  readonly partitions: readonly Partition[]
  readonly services: ReadonlyMap<string, ServicePlaces>
}

/** One service's endpoints. */
export interface ServicePlaces {
  /** By partition; `*` for all others. */
  readonly usual: ReadonlyMap<string, Place>
  /** By region. */
  readonly exceptions: ReadonlyMap<string, Place>
  /** Host patterns, each list with the partitions where it holds; empty: in all. */
  readonly hosts: readonly { readonly partitions: readonly string[]; readonly patterns: readonly string[] }[]
}

interface Place {
  readonly host: string
  readonly signingRegion: string
  readonly signingName: string
}

interface Building {
  readonly usual: Map<string, Place>
  readonly exceptions: Map<string, Place>
  readonly hosts: { readonly partitions: readonly string[]; readonly patterns: readonly string[] }[]
}

/** Reads the chunk `endpoints`. */
export function decodeEndpoints(text: string): EndpointData {
  const partitions: Partition[] = []
  const services = new Map<string, Building>()
  let current: Building = { usual: new Map(), exceptions: new Map(), hosts: [] }
  for (const line of text.split('\n')) {
    const [kind, name = '', ...fields] = line.split('\t')
    if (kind === 'P') partitions.push(decodePartition(name, fields))
    else if (kind === 'S') {
      current = { usual: new Map(), exceptions: new Map(), hosts: [] }
      services.set(name, current)
    } else if (kind === 'T') current.usual.set(name, decodePlace(fields))
    else if (kind === 'X') current.exceptions.set(name, decodePlace(fields))
    else if (kind === 'H') {
      current.hosts.push({ partitions: name === '*' ? [] : name.split(' '), patterns: fields })
    } else throw damaged(`the endpoints have a line of kind \`${kind}\``)
  }
  return Object.freeze({ partitions: Object.freeze(partitions), services })
}

function decodePartition(id: string, fields: readonly string[]): Partition {
  const [suffix = '', dualSuffix = '', form = '', globalRegion = '', regions = ''] = fields
  return Object.freeze({
    id,
    suffix,
    dualSuffix,
    form: new RegExp(form),
    globalRegion,
    regions: new Set(regions.split(' ')),
  })
}

function decodePlace(fields: readonly string[]): Place {
  const [host = '', signingRegion = '', signingName = ''] = fields
  return { host, signingRegion, signingName }
}

/**
 * The endpoint of a service for a region.
 *
 * @throws GateError `catalog-region-unknown` where the region is in no partition of AWS
 */
export function endpointOf(data: EndpointData, service: ServiceHead, region: string): Endpoint {
  const partition = partitionOf(region, data.partitions)
  const places = data.services.get(service.id)
  const place =
    partition === undefined
      ? undefined
      : (places?.exceptions.get(region) ?? places?.usual.get(partition.id) ?? places?.usual.get('*'))
  if (partition === undefined || place === undefined) {
    throw new GateError('catalog-region-unknown', `\`${region.slice(0, 64)}\` is no region of AWS`)
  }
  return Object.freeze({
    host: fillHost(place.host, region, partition),
    signingRegion: place.signingRegion || region,
    signingName: place.signingName || service.signingName,
    partition: partition.id,
  })
}

function fillHost(host: string, region: string, partition: Partition): string {
  return host
    .replace('{region}', () => region)
    .replace('{suffix}', () => partition.suffix)
    .replace('{dual}', () => partition.dualSuffix)
}
