import { z } from 'zod'
import { DEFAULTS } from './defaults.ts'
import type { KeepLevel } from './model-record.ts'
import {
  choice,
  count,
  duration,
  flag,
  httpUrl,
  leaf,
  name,
  parseAddress,
  parseDuration,
  parseSize,
  path,
  region,
  size,
  word,
} from './scalars.ts'
import { section, withDefault } from './sections.ts'

/** What is recorded and where it is kept, as the file writes it. */
export interface RecordSettings {
  readonly parameters: number
  readonly durability: 'fsync' | 'os'
  readonly segment: number
  readonly segmentAge: number
  readonly idle: number
  readonly keep: readonly {
    readonly roles: readonly string[]
    readonly actions: readonly string[]
    readonly what: KeepLevel
    readonly replies: number
  }[]
  readonly checkpoints: {
    readonly every: number
    readonly events: number
    readonly kms?: KmsSettings | undefined
  }
  readonly encryption?:
    | { readonly file?: string | undefined; readonly kms?: KmsSettings | undefined }
    | undefined
  readonly s3?: UploadSettings | undefined
  readonly anchors: readonly {
    readonly name: string
    readonly file?: string | undefined
    readonly s3?: BucketSettings | undefined
    readonly webhook?: WebhookSinkSettings | undefined
  }[]
  readonly streams: readonly {
    readonly name: string
    readonly format: 'ocsf' | 'cloudtrail' | 'jsonl'
    readonly file?: string | undefined
    readonly webhook?: WebhookSinkSettings | undefined
    readonly syslog?: SyslogSettings | undefined
  }[]
  readonly retention: { readonly age?: number | undefined; readonly size?: number | undefined }
}

export interface KmsSettings {
  readonly key: string
  readonly region?: string | undefined
  readonly endpoint?: string | undefined
  readonly profile?: string | undefined
}

export interface BucketSettings {
  readonly bucket: string
  readonly prefix: string
  readonly region: string
  readonly endpoint?: string | undefined
  readonly pathStyle: boolean
  readonly profile?: string | undefined
  readonly kmsKey?: string | undefined
  readonly retain?: number | undefined
  readonly retainMode: 'GOVERNANCE' | 'COMPLIANCE'
}

export interface UploadSettings extends BucketSettings {
  readonly storageClass?: string | undefined
  readonly parquet: boolean
}

export interface WebhookSinkSettings {
  readonly url: string
  readonly secrets: readonly string[]
}

export interface SyslogSettings {
  readonly address: { readonly host: string; readonly port: number }
  readonly tls: boolean
  readonly ca?: string | undefined
  readonly facility: number
}

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const KIB = 2 ** 10
const MIB = 2 ** 20
const GIB = 2 ** 30

const asMs = (written: string): number => parseDuration(written) ?? Number.NaN
const asBytes = (written: string): number => parseSize(written) ?? Number.NaN

const kms = z.strictObject({
  key: leaf("a key's ARN in KMS, such as `arn:aws:kms:eu-west-1:111122223333:key/…`", value =>
    typeof value === 'string' &&
    /^arn:aws[a-z-]{0,20}:kms:[a-z0-9-]{1,32}:\d{12}:(key|alias)\/[\w/-]{1,256}$/.test(value)
      ? value
      : undefined,
  ),
  region: region.optional(),
  endpoint: httpUrl.optional(),
  profile: name.optional(),
})

const bucketShape = {
  bucket: leaf("a bucket's name", value =>
    typeof value === 'string' && /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(value) ? value : undefined,
  ),
  prefix: withDefault(
    leaf(
      'a prefix of letters, digits, `.`, `_`, `=`, `-` and `/`, without a slash at its beginning',
      value => (typeof value === 'string' && /^([\w.=-][\w.=/-]{0,500})?$/.test(value) ? value : undefined),
    ),
    DEFAULTS.prefix,
  ),
  region,
  endpoint: httpUrl.optional(),
  pathStyle: withDefault(flag, false),
  profile: name.optional(),
  kmsKey: word("a key's ARN or id in KMS").optional(),
  retain: duration(DAY, 36_500 * DAY, 'from 1d to 36500d').optional(),
  retainMode: withDefault(choice(['GOVERNANCE', 'COMPLIANCE']), DEFAULTS.retainMode),
}

const bucket = z.strictObject(bucketShape)

const upload = z.strictObject({
  ...bucketShape,
  storageClass: leaf('a storage class, such as `STANDARD_IA`', value =>
    typeof value === 'string' && /^[A-Z_]{1,32}$/.test(value) ? value : undefined,
  ).optional(),
  parquet: withDefault(flag, false),
})

const webhook = z.strictObject({ url: httpUrl, secrets: z.array(path).min(1).max(5) })

const syslog = z.strictObject({
  address: leaf('host:port, such as `siem.example:6514`', parseAddress),
  tls: withDefault(flag, true),
  ca: path.optional(),
  facility: withDefault(count(0, 23), 13),
})

const pattern = word('a pattern of printable characters, with `*` and `?`')

export const record: z.ZodType = section({
  parameters: withDefault(size(KIB, 16 * MIB, 'from 1KiB to 16MiB'), asBytes(DEFAULTS.parameters)),
  durability: withDefault(choice(['fsync', 'os']), DEFAULTS.durability),
  segment: withDefault(size(MIB, 4 * GIB, 'from 1MiB to 4GiB'), asBytes(DEFAULTS.segment)),
  segmentAge: withDefault(duration(MINUTE, 30 * DAY, 'from 1m to 30d'), asMs(DEFAULTS.segmentAge)),
  idle: withDefault(duration(MINUTE, DAY, 'from 1m to 1d'), asMs(DEFAULTS.idle)),
  keep: z
    .array(
      z.strictObject({
        roles: z.array(pattern).max(1000).default([]),
        actions: z.array(pattern).max(1000).default([]),
        what: choice(['metadata', 'parameters', 'replies', 'bodies']),
        replies: withDefault(size(KIB, MIB / 8, 'from 1KiB to 128KiB'), asBytes(DEFAULTS.replies)),
      }),
    )
    .max(1000)
    .default([]),
  checkpoints: section({
    every: withDefault(duration(1000, 60 * MINUTE, 'from 1s to 1h'), asMs(DEFAULTS.every)),
    events: withDefault(count(1, 65_536), DEFAULTS.events),
    kms: kms.optional(),
  }),
  encryption: z.strictObject({ file: path.optional(), kms: kms.optional() }).optional(),
  s3: upload.optional(),
  anchors: z
    .array(
      z.strictObject({ name, file: path.optional(), s3: bucket.optional(), webhook: webhook.optional() }),
    )
    .max(10)
    .default([]),
  streams: z
    .array(
      z.strictObject({
        name,
        format: withDefault(choice(['ocsf', 'cloudtrail', 'jsonl']), DEFAULTS.format),
        file: path.optional(),
        webhook: webhook.optional(),
        syslog: syslog.optional(),
      }),
    )
    .max(10)
    .default([]),
  retention: section({
    age: duration(DAY, 36_500 * DAY, 'from 1d to 36500d').optional(),
    size: size(16 * MIB, 1024 * GIB * 1024, 'from 16MiB on').optional(),
  }),
})
