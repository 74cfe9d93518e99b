import { z } from 'zod'
import type { Address } from './address.ts'
import { DEFAULTS } from './defaults.ts'
import type { CredentialSource, LogLevel } from './model.ts'
import {
  address,
  choice,
  count,
  domain,
  duration,
  flag,
  httpUrl,
  leaf,
  name,
  parseAddress,
  parseDuration,
  parseHttpUrl,
  parseSize,
  path,
  region,
  roleArn,
  size,
  word,
} from './scalars.ts'
import { DATABASES_SHAPE, type DatabaseSettings } from './schema-databases.ts'
import {
  type IssuerPeopleSettings,
  issuerPeople,
  PEOPLE_SHAPE,
  type PeopleSettings,
} from './schema-people.ts'
import { type RecordSettings, record } from './schema-record.ts'
import { section, withDefault } from './sections.ts'

/** The configuration as the file writes it: leaves parsed, files not read, rules between keys not checked. */
export interface Settings extends PeopleSettings, DatabaseSettings {
  readonly listen: Address
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined
  readonly insecure: boolean
  readonly admin: Address
  readonly data: string
  readonly workers: number
  readonly domains: readonly string[]
  readonly issuers: readonly IssuerSettings[]
  readonly roles: readonly RoleSettings[]
  readonly aws: AwsSettings
  readonly record: RecordSettings
  readonly proxy: { readonly enabled: boolean; readonly otherHosts: 'refuse' | 'tunnel' }
  readonly limits: LimitSettings
  readonly log: { readonly level: LogLevel }
}

export interface IssuerSettings {
  readonly name: string
  readonly oidc?: string | undefined
  readonly jwks?: string | undefined
  readonly audience: readonly string[]
  readonly people?: IssuerPeopleSettings | undefined
}

export interface RoleSettings {
  readonly arn: string
  /** A file's path, or the document itself. */
  readonly trust: string | object
  readonly policies: readonly string[]
  readonly boundary?: string | undefined
  readonly maxSession: number
  readonly tenant: string
  readonly upstream: UpstreamSettings
}

export interface UpstreamSettings {
  readonly credentials: CredentialSource
  readonly profile?: string | undefined
  readonly assume: boolean
  readonly role?: string | undefined
  readonly externalId?: string | undefined
  readonly region?: string | undefined
  readonly sourceIdentity: boolean
  readonly sessionTags: boolean
  readonly sessionPolicy: boolean
}

export interface AwsSettings {
  readonly endpoint?: string | Readonly<Record<string, unknown>> | undefined
  readonly regions?: readonly string[] | undefined
  readonly partition: string
}

export interface LimitSettings {
  readonly connections: number
  readonly headers: number
  readonly body: number
  readonly buffered: number
  readonly headersTimeout: number
  readonly bodyTimeout: number
  readonly keepAlive: number
  readonly upstreamConnections: number
  readonly upstreamConnectTimeout: number
  readonly upstreamHeadersTimeout: number
  readonly upstreamBodyTimeout: number
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const KIB = 2 ** 10
const MIB = 2 ** 20
const GIB = 2 ** 30

/** A default that a test of the documents could not misread: written as the file would write it. */
const asMs = (written: string): number => parseDuration(written) ?? Number.NaN
const asBytes = (written: string): number => parseSize(written) ?? Number.NaN
const asAddress = (written: string): Address => parseAddress(written) ?? { host: '', port: 0 }

const waiting = (written: string): z.ZodType<number> =>
  withDefault(duration(1000, HOUR, 'from 1s to 1h'), asMs(written))

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const issuer = z.strictObject({
  name,
  oidc: httpUrl.optional(),
  jwks: path.optional(),
  audience: leaf<readonly string[]>('one audience or a list of them', value => {
    const list: unknown[] = Array.isArray(value) ? value : [value]
    const good = list.every(one => typeof one === 'string' && one.length > 0 && one.length <= 1024)
    return good && list.length > 0 && list.length <= 100 ? (list as string[]) : undefined
  }),
  people: issuerPeople.optional(),
})

const upstream = section({
  credentials: withDefault(choice(['default', 'environment', 'profile']), 'default'),
  profile: name.optional(),
  assume: withDefault(flag, true),
  role: roleArn.optional(),
  externalId: word('an external id of printable characters without spaces').optional(),
  region: region.optional(),
  sourceIdentity: withDefault(flag, true),
  sessionTags: withDefault(flag, true),
  sessionPolicy: withDefault(flag, true),
})

const role = z.strictObject({
  arn: roleArn,
  trust: leaf<string | object>('a trust policy, or the path of a file with one', value => {
    if (typeof value === 'string') return value.length > 0 && value.length < 4096 ? value : undefined
    return isMap(value) ? value : undefined
  }),
  policies: z.array(path).min(1).max(100),
  boundary: path.optional(),
  maxSession: withDefault(duration(15 * MINUTE, 12 * HOUR, 'from 15m to 12h'), asMs(DEFAULTS.maxSession)),
  tenant: withDefault(name, DEFAULTS.tenant),
  upstream,
})

const aws = section({
  // The URLs of a map are checked by the rules, each in its place.
  endpoint: leaf<string | Record<string, unknown>>(
    'a URL with http or https for every service, or a map of service ids to URLs',
    value => {
      if (typeof value === 'string') return parseHttpUrl(value)
      return isMap(value) ? value : undefined
    },
  ).optional(),
  regions: z.array(region).min(1).max(100).optional(),
  partition: withDefault(
    leaf("a partition's name, such as `aws`, `aws-cn` or `aws-us-gov`", value =>
      typeof value === 'string' && /^aws[a-z-]{0,20}$/.test(value) ? value : undefined,
    ),
    DEFAULTS.partition,
  ),
})

const limits = section({
  connections: withDefault(count(1, 1_000_000), DEFAULTS.connections),
  headers: withDefault(size(4 * KIB, MIB, 'from 4KiB to 1MiB'), asBytes(DEFAULTS.headers)),
  body: withDefault(size(64 * KIB, GIB, 'from 64KiB to 1GiB'), asBytes(DEFAULTS.body)),
  buffered: withDefault(size(MIB, 64 * GIB, 'from 1MiB to 64GiB'), asBytes(DEFAULTS.buffered)),
  headersTimeout: waiting(DEFAULTS.headersTimeout),
  bodyTimeout: waiting(DEFAULTS.bodyTimeout),
  keepAlive: waiting(DEFAULTS.keepAlive),
  upstreamConnections: withDefault(count(1, 10_000), DEFAULTS.upstreamConnections),
  upstreamConnectTimeout: waiting(DEFAULTS.upstreamConnectTimeout),
  upstreamHeadersTimeout: waiting(DEFAULTS.upstreamHeadersTimeout),
  upstreamBodyTimeout: waiting(DEFAULTS.upstreamBodyTimeout),
})

/** The schema of `sallyport.yaml`; every key is described in `docs/configuration.md`. */
export const SCHEMA: z.ZodType<Settings> = z.strictObject({
  listen: withDefault(address, asAddress(DEFAULTS.listen)),
  tls: z.strictObject({ certificate: path, key: path }).optional(),
  insecure: withDefault(flag, false),
  admin: withDefault(address, asAddress(DEFAULTS.admin)),
  data: withDefault(path, DEFAULTS.data),
  workers: withDefault(count(1, 128), 1),
  domains: z.array(domain).max(100).default([]),
  issuers: z.array(issuer).min(1).max(100),
  roles: z.array(role).min(1).max(10_000),
  aws,
  record,
  proxy: section({
    enabled: withDefault(flag, false),
    otherHosts: withDefault(choice(['refuse', 'tunnel']), DEFAULTS.otherHosts),
  }),
  limits,
  ...PEOPLE_SHAPE,
  ...DATABASES_SHAPE,
  log: section({
    level: withDefault(
      choice<LogLevel>(['fatal', 'error', 'warn', 'info', 'debug', 'trace']),
      DEFAULTS.logLevel,
    ),
  }),
}) as unknown as z.ZodType<Settings>

/** The keys that the schema accepts at a path; empty where it takes no map. Indexes of lists are ignored. */
export function keysAt(steps: readonly (string | number)[]): readonly string[] {
  let at: unknown = unwrap(SCHEMA)
  for (const step of steps) {
    if (at instanceof z.ZodArray) at = unwrap(at.element)
    else if (at instanceof z.ZodObject) at = unwrap(at.shape[String(step)])
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : []
}

/** Every key of the schema with its path: `listen`, `issuers[].name`, `limits.body`. */
export function allKeys(at: unknown = SCHEMA, before = ''): string[] {
  const plain = unwrap(at)
  if (plain instanceof z.ZodArray) return allKeys(plain.element, `${before}[]`)
  if (!(plain instanceof z.ZodObject)) return []
  return Object.entries(plain.shape).flatMap(([key, value]) => {
    const path = before === '' ? key : `${before}.${key}`
    return [path, ...allKeys(value, path)]
  })
}

/** The schema under its defaults and options. */
function unwrap(schema: unknown): unknown {
  let inner = schema
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
    inner = inner.def.innerType
  }
  return inner
}
