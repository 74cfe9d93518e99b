import { z } from 'zod'
import type { Address } from './address.ts'
import { DEFAULTS } from './defaults.ts'
import {
  address,
  choice,
  count,
  duration,
  flag,
  httpUrl,
  leaf,
  name,
  parseDuration,
  path,
  region,
  roleArn,
  word,
} from './scalars.ts'
import { section, withDefault } from './sections.ts'

/** Databases behind the gate, as the file writes them. */
export interface DatabaseSettings {
  readonly databases: {
    readonly postgres?: Address | undefined
    readonly mysql?: Address | undefined
    readonly clientCertificates?: { readonly ca: string; readonly issuer: string } | undefined
    readonly localInfile: boolean
    readonly mysqlVersion?: string | undefined
    readonly greetingTimeout: number
    readonly idleTimeout: number
  }
  readonly targets: readonly TargetSettings[]
}

export interface TargetSettings {
  readonly name: string
  readonly engine: 'postgres' | 'mysql'
  readonly host: string
  readonly port?: number | undefined
  readonly database: string
  readonly region?: string | undefined
  readonly account?: string | undefined
  readonly user?: string | undefined
  readonly users: readonly { readonly role: string; readonly user: string }[]
  readonly tls: {
    readonly enabled: boolean
    readonly ca?: string | undefined
    readonly name?: string | undefined
  }
  readonly auth: TargetAuthSettings
  readonly clients: number
  readonly versionComments: boolean
}

export interface TargetAuthSettings {
  readonly iam?: boolean | undefined
  readonly secret?:
    | {
        readonly arn: string
        readonly endpoint?: string | undefined
        readonly profile?: string | undefined
      }
    | undefined
  readonly environment?: string | undefined
  readonly file?: string | undefined
}

const HOUR = 3_600_000
const asMs = (written: string): number => parseDuration(written) ?? Number.NaN

const host = leaf('a host name or an IP address', value =>
  typeof value === 'string' && /^[A-Za-z0-9_:][A-Za-z0-9._:-]{0,253}$/.test(value) ? value : undefined,
)

/** What servers take as a name: no control characters, and no longer than theirs are. */
const identifier = (what: string): z.ZodType<string> =>
  leaf(what, value =>
    typeof value === 'string' && /^[^\p{Cc}]{1,64}$/u.test(value) && Buffer.byteLength(value) <= 63
      ? value
      : undefined,
  )

/** Clients read the numbers at its start; the rest is shown to people. */
const mysqlVersion = leaf(
  'a version of MySQL of at most 64 printable characters that begins with a digit, such as `8.0.36`',
  value => (typeof value === 'string' && /^\d[\x20-\x7e]{0,63}$/.test(value) ? value : undefined),
)

const user = identifier("a user's name of at most 63 bytes")

const auth = z.strictObject({
  iam: flag.optional(),
  secret: z
    .strictObject({
      arn: leaf(
        "a secret's ARN, such as `arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders`",
        value =>
          typeof value === 'string' &&
          /^arn:aws[a-z-]{0,20}:secretsmanager:[a-z0-9-]{1,32}:\d{12}:secret:[\w/+=.@!-]{1,512}$/.test(value)
            ? value
            : undefined,
      ),
      endpoint: httpUrl.optional(),
      profile: name.optional(),
    })
    .optional(),
  environment: leaf("an environment variable's name", value =>
    typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(value) ? value : undefined,
  ).optional(),
  file: path.optional(),
})

const target = z.strictObject({
  name: leaf('a name of 1 to 63 letters, digits, `_` and `-`', value =>
    typeof value === 'string' && /^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/.test(value) ? value : undefined,
  ),
  engine: choice(['postgres', 'mysql']),
  host,
  port: count(1, 65_535).optional(),
  database: identifier("a database's name of at most 63 bytes"),
  region: region.optional(),
  account: leaf('an account id of 12 digits, in quotes', value =>
    typeof value === 'string' && /^\d{12}$/.test(value) ? value : undefined,
  ).optional(),
  user: user.optional(),
  users: z
    .array(z.strictObject({ role: roleArn, user }))
    .max(1000)
    .default([]),
  tls: section({
    enabled: withDefault(flag, true),
    ca: path.optional(),
    name: word('the name in the certificate of the server').optional(),
  }),
  auth,
  clients: withDefault(count(1, 1_000_000), DEFAULTS.clients),
  versionComments: withDefault(flag, false),
})

export const DATABASES_SHAPE: z.ZodRawShape = {
  databases: section({
    postgres: address.optional(),
    mysql: address.optional(),
    clientCertificates: z.strictObject({ ca: path, issuer: name }).optional(),
    localInfile: withDefault(flag, false),
    mysqlVersion: mysqlVersion.optional(),
    greetingTimeout: withDefault(duration(1000, HOUR, 'from 1s to 1h'), asMs(DEFAULTS.greetingTimeout)),
    idleTimeout: withDefault(duration(60_000, 168 * HOUR, 'from 1m to 7d'), asMs(DEFAULTS.idleTimeout)),
  }),
  targets: z.array(target).max(10_000).default([]),
}
