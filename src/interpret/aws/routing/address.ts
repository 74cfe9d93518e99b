import type { Catalog } from '../../../catalog/model.ts'
import { GateError } from '../../../core/errors.ts'
import type { RouteFacts } from './facts.ts'

/** What a request's host says. */
export interface Address {
  /** What stood before the endpoint, with its last `.` or `-`; empty for the endpoint itself. */
  readonly prefix: string
  /** The services that the host stands for; undefined where it says nothing. */
  readonly services: readonly string[] | undefined
}

const BARE: Address = { prefix: '', services: undefined }
const HOST = /^[a-z0-9.\-:[\]]{1,253}$/
const PREFIX = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?[.-]$/

/**
 * Reads the host: AWS's own name through the proxy; else the gate's address, one of its base domains, or
 * one of them with a prefix.
 * @throws GateError `host-unclear`
 */
export function readAddress(catalog: Catalog, facts: RouteFacts): Address {
  const { host, wayIn } = facts
  if (!HOST.test(host) || host.includes('..')) {
    throw new GateError('host-unclear', 'the host is not a name or an address')
  }
  if (wayIn.kind === 'proxy') return awsAddress(catalog, facts)
  const domain = longestDomain(host, wayIn.baseDomains)
  if (domain === undefined) {
    if (isBareName(host)) return BARE
    throw new GateError('host-unclear', `the host \`${host}\` is none of the gate's`)
  }
  const prefix = host.slice(0, host.length - domain.length)
  if (prefix === '') return BARE
  if (!PREFIX.test(prefix)) throw new GateError('host-unclear', `the host \`${host}\` is none of the gate's`)
  return { prefix, services: undefined }
}

/** An address, or a name of one label (`localhost`): nothing can stand before these. */
function isBareName(host: string): boolean {
  return host.startsWith('[') || !host.includes('.') || /^[0-9.]+$/.test(host)
}

/** The longest base domain that the host ends with. */
function longestDomain(host: string, baseDomains: readonly string[]): string | undefined {
  let longest: string | undefined
  for (const domain of baseDomains) {
    if (host.endsWith(domain) && domain.length > (longest?.length ?? 0)) longest = domain
  }
  return longest
}

function awsAddress(catalog: Catalog, facts: RouteFacts): Address {
  const meaning = catalog.hostName(facts.host)
  if (meaning === undefined) {
    throw new GateError('host-unclear', `the host \`${facts.host}\` is none of AWS's`)
  }
  if (meaning.region !== undefined && meaning.region !== facts.region) {
    throw new GateError(
      'host-unclear',
      `the host is in region \`${meaning.region}\`, the signature is for \`${facts.region}\``,
    )
  }
  return { prefix: withSeparator(facts.host, meaning.prefix), services: meaning.services }
}

/** The prefix as it stands in the host, with the `.` or `-` behind it. */
function withSeparator(host: string, prefix: string | undefined): string {
  if (prefix === undefined || prefix === '') return ''
  if (prefix.endsWith('.') || prefix.endsWith('-')) return prefix
  return host.slice(0, prefix.length + 1)
}
