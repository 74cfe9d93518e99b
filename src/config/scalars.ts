import { z } from 'zod'
import type { Address } from './address.ts'

/**
 * A leaf of the configuration: `accepts` says in prose what may stand there, and is the whole of its error
 * message; `parse` gives undefined for everything else.
 */
export function leaf<T>(accepts: string, parse: (value: unknown) => T | undefined): z.ZodType<T> {
  return z.unknown().transform((value, context) => {
    const parsed = parse(value)
    if (parsed !== undefined) return parsed
    context.addIssue({ code: 'custom', message: accepts })
    return z.NEVER
  })
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const UNITS_BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }

/** `15m`, `1h`: milliseconds; undefined for anything else. */
export function parseDuration(value: unknown): number | undefined {
  return withUnit(value, UNITS_MS)
}

/** `64KiB`, `1GiB`: bytes; undefined for anything else. */
export function parseSize(value: unknown): number | undefined {
  return withUnit(value, UNITS_BYTES)
}

function withUnit(value: unknown, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof value !== 'string') return undefined
  const match = /^(\d{1,9})([A-Za-z]{1,3})$/.exec(value)
  const factor = Object.hasOwn(units, match?.[2] ?? '') ? units[match?.[2] ?? ''] : undefined
  return match && factor ? Number(match[1]) * factor : undefined
}

/** `127.0.0.1:4566`, `[::1]:4566`, `gate.example:443`. */
export function parseAddress(value: unknown): Address | undefined {
  if (typeof value !== 'string' || value.length > 262) return undefined
  const colon = value.lastIndexOf(':')
  const port = value.slice(colon + 1)
  const written = value.slice(0, Math.max(colon, 0))
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) return undefined
  const bracketed = written.startsWith('[') && written.endsWith(']')
  const host = bracketed ? written.slice(1, -1) : written
  if (!(bracketed ? /^[0-9a-fA-F:.]+$/ : /^[0-9a-zA-Z.-]+$/).test(host)) return undefined
  return { host, port: Number(port) }
}

/** Whether a host can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}

/** A URL with the scheme http or https and neither credentials, query nor fragment. */
export function parseHttpUrl(value: unknown): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined
  const url = new URL(value)
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  return plain && (url.protocol === 'https:' || url.protocol === 'http:') ? value : undefined
}

const ROLE_ARN = /^arn:(aws[a-z-]{0,20}):iam::(\d{12}):role\/([\x21-\x7e]{1,577})$/

/** The parts of a role's ARN. Source: IAM User Guide, "IAM identifiers". */
export interface RoleArn {
  readonly partition: string
  readonly account: string
  /** With its path: `ci/deploy`. */
  readonly name: string
}

export function parseRoleArn(value: unknown): RoleArn | undefined {
  const match = typeof value === 'string' ? ROLE_ARN.exec(value) : null
  if (!match) return undefined
  return { partition: match[1] ?? '', account: match[2] ?? '', name: match[3] ?? '' }
}

const text = (value: unknown, pattern: RegExp): string | undefined =>
  typeof value === 'string' && pattern.test(value) ? value : undefined

export const duration = (minMs: number, maxMs: number, range: string): z.ZodType<number> =>
  leaf(`a duration ${range}, written like \`30s\`, \`15m\` or \`1h\``, value => {
    const ms = parseDuration(value)
    return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined
  })

export const size = (min: number, max: number, range: string): z.ZodType<number> =>
  leaf(`a size ${range}, written like \`64KiB\`, \`16MiB\` or \`1GiB\``, value => {
    const bytes = parseSize(value)
    return bytes !== undefined && bytes >= min && bytes <= max ? bytes : undefined
  })

export const count = (min: number, max: number): z.ZodType<number> =>
  leaf(`a whole number from ${min} to ${max}`, value =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined,
  )

export const flag: z.ZodType<boolean> = leaf('`true` or `false`', value =>
  typeof value === 'boolean' ? value : undefined,
)

export const address: z.ZodType<Address> = leaf('host:port, such as `127.0.0.1:4566`', parseAddress)

export const path: z.ZodType<string> = leaf("a file's path, relative to this file or absolute", value =>
  typeof value === 'string' && value.length > 0 && value.length < 4096 && !value.includes('\0')
    ? value
    : undefined,
)

export const httpUrl: z.ZodType<string> = leaf(
  'a URL with http or https, without credentials, query or fragment',
  parseHttpUrl,
)

export const roleArn: z.ZodType<string> = leaf(
  "a role's ARN, such as `arn:aws:iam::111122223333:role/deploy`",
  value => (parseRoleArn(value) ? (value as string) : undefined),
)

export const region: z.ZodType<string> = leaf("a region's name, such as `eu-west-1`", value =>
  text(value, /^[a-z]{2,4}(-[a-z]{2,12}){1,2}-\d{1,2}$/),
)

export const word = (what: string): z.ZodType<string> =>
  leaf(what, value => text(value, /^[\x21-\x7e]{1,1024}$/))

export const name: z.ZodType<string> = leaf('a name of 1 to 64 letters, digits, `.`, `_` and `-`', value =>
  text(value, /^[A-Za-z0-9._-]{1,64}$/),
)

export const domain: z.ZodType<string> = leaf(
  'a DNS name in lower case with two or more labels, such as `aws.gate.example`',
  value => {
    if (typeof value !== 'string' || value.length > 200) return undefined
    const labels = value.split('.')
    const good = labels.every(label => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
    return good && labels.length > 1 ? value : undefined
  },
)

export const choice = <const T extends string>(values: readonly T[]): z.ZodType<T> =>
  leaf(`one of ${values.map(value => `\`${value}\``).join(', ')}`, value => values.find(one => one === value))
