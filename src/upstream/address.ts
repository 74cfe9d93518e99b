import { isIP } from 'node:net'
import type { Catalog, Endpoint } from '../catalog/model.ts'
import { GateError } from '../core/errors.ts'
import { atEndpoint, type Scope, type UpstreamAddress } from './place.ts'
import type { UpstreamRequest } from './port.ts'
import { isS3, placeS3 } from './s3-address.ts'
import type { EndpointOverrides } from './settings.ts'

export interface AddressPorts {
  readonly catalog: Pick<Catalog, 'endpoint' | 'services'>
  readonly endpoints: EndpointOverrides
  /** Regions that may be called; undefined: every one. */
  readonly regions?: readonly string[]
  readonly partition: string
}

/** A region as part of a host name; whatever else a client writes into its scope goes nowhere. */
const REGION = /^[a-z]{2,4}(-[a-z]{2,12}){1,2}-\d{1,2}$/
const GLOBAL_REGION = /^aws(-[a-z]{1,12}){0,3}-global$/
const LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/
const MAX_HOST = 253

/**
 * AWS's own endpoint for a service in a region, if the configuration lets it be called. A service whose
 * region is another than the caller's (IAM, of which a partition has one) may be called if the regions that
 * are allowed lead to the same place. Throws `region-not-allowed`.
 */
export function allowedEndpoint(service: string, region: string, ports: AddressPorts): Endpoint {
  if (!REGION.test(region) && !GLOBAL_REGION.test(region)) {
    throw new GateError('region-not-allowed', `\`${region.slice(0, 64)}\` is not the name of a region`)
  }
  const endpoint = ports.catalog.endpoint(service, region)
  if (endpoint.partition !== ports.partition) {
    const where = `the partition \`${endpoint.partition}\`; this gate serves \`${ports.partition}\``
    throw new GateError('region-not-allowed', `the region \`${region}\` is of ${where}`)
  }
  const { regions } = ports
  const leadsThere = (allowed: string): boolean =>
    allowed === endpoint.signingRegion ||
    ports.catalog.endpoint(service, allowed).signingRegion === endpoint.signingRegion
  if (regions !== undefined && !regions.some(leadsThere)) {
    throw new GateError('region-not-allowed', `the gate may not call \`${service}\` in \`${region}\``)
  }
  return endpoint
}

/** The override for a service, as a URL; undefined where it goes to AWS's own endpoint. */
export function overrideOf(service: string, endpoints: EndpointOverrides): URL | undefined {
  const written = endpoints.byService.get(service) ?? endpoints.default
  return written === undefined ? undefined : new URL(written)
}

/** Where the request goes, and the scope that it must be signed for. Throws `region-not-allowed`. */
export function addressOf(request: UpstreamRequest, ports: AddressPorts): UpstreamAddress {
  const endpoint = allowedEndpoint(request.service, request.region, ports)
  const scope = { region: endpoint.signingRegion, service: endpoint.signingName }
  const override = overrideOf(request.service, ports.endpoints)
  if (override !== undefined) return overridden(request, override, scope)
  const address = isS3(request.service)
    ? placeS3(request, endpoint, ports.partition)
    : atEndpoint(request.hostPrefix + endpoint.host, request.path, scope)
  requireHostName(address.host)
  return address
}

/** At a stand-in or a VPC endpoint: path-style, with the override's own path before the request's. */
function overridden(request: UpstreamRequest, url: URL, scope: Scope): UpstreamAddress {
  // As the SDKs do, except that an address or a loopback name has no names below it.
  const bare = isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0 || url.hostname === 'localhost'
  const hostname = bare ? url.hostname : request.hostPrefix + url.hostname
  const host = url.port === '' ? hostname : `${hostname}:${url.port}`
  const before = url.pathname.endsWith('/') ? url.pathname.slice(0, -1) : url.pathname
  if (!bare) requireHostName(hostname)
  return {
    origin: `${url.protocol}//${host}`,
    host,
    path: before + request.path,
    scope,
    secure: url.protocol === 'https:',
  }
}

/**
 * Refuses what is not a host name and nothing else. Prefixes come from parameters, and buckets from paths:
 * a `/`, `@` or `:` in one would send real signatures elsewhere. Throws `upstream-host-invalid`.
 */
function requireHostName(name: string): void {
  if (name.length <= MAX_HOST && name.split('.').every(label => LABEL.test(label))) return
  throw new GateError(
    'upstream-host-invalid',
    `the call would go to \`${name.slice(0, 100)}\`, which is no host name`,
  )
}
