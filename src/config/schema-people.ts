import { z } from 'zod'
import { DEFAULTS } from './defaults.ts'
import {
  count,
  duration,
  flag,
  httpUrl,
  leaf,
  name,
  parseDuration,
  parseSize,
  path,
  size,
  word,
} from './scalars.ts'
import { section, withDefault } from './sections.ts'

/** What of the configuration is about people and masks, as the file writes it. */
export interface PeopleSettings {
  readonly store: string | { readonly file: string }
  readonly approvals: {
    readonly url?: string | undefined
    readonly policies: readonly string[]
    readonly openFor: number
    readonly keepFor: number
    readonly maxStanding: number
    readonly pending: number
    readonly groupsFor: number
  }
  readonly notify: readonly ChannelSettings[]
  readonly masks: {
    readonly builtIn: boolean
    readonly body: number
    readonly patterns: Readonly<Record<string, string>>
  }
}

export interface ChannelSettings {
  readonly name: string
  readonly slack?: SlackSettings | undefined
  readonly webhook?: WebhookSettings | undefined
}

export interface SlackSettings {
  readonly channel: string
  readonly token: string
  readonly signingSecret: string
  readonly people: Readonly<Record<string, string>>
  readonly api?: string | undefined
}

export interface WebhookSettings {
  readonly url: string
  readonly secrets: readonly string[]
}

export interface IssuerPeopleSettings {
  readonly groups: string
  readonly name?: string | undefined
  readonly audience?: readonly string[] | undefined
}

const HOUR = 3_600_000
const MIB = 2 ** 20
/** Entries of a map that the file writes. */
const MAX_ENTRIES = 10_000

const asMs = (written: string): number => parseDuration(written) ?? Number.NaN

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A map of texts, each of which `good` takes. */
const texts = (
  what: string,
  good: (key: string, value: string) => boolean,
): z.ZodType<Readonly<Record<string, string>>> =>
  leaf(what, value => {
    if (!isMap(value)) return undefined
    const entries = Object.entries(value)
    const fine = entries.every(([key, each]) => typeof each === 'string' && good(key, each))
    return fine && entries.length <= MAX_ENTRIES ? (value as Record<string, string>) : undefined
  })

const claim: z.ZodType<string> = word("a claim's name")

export const issuerPeople: z.ZodType<IssuerPeopleSettings> = z.strictObject({
  groups: withDefault(claim, DEFAULTS.groups),
  name: claim.optional(),
  audience: leaf<readonly string[]>('one audience or a list of them', value => {
    const list: unknown[] = Array.isArray(value) ? value : [value]
    const good = list.every(one => typeof one === 'string' && one.length > 0 && one.length <= 1024)
    return good && list.length > 0 && list.length <= 100 ? (list as string[]) : undefined
  }).optional(),
}) as unknown as z.ZodType<IssuerPeopleSettings>

const slack = z.strictObject({
  channel: word("a channel's id, such as `C0123456789`"),
  token: path,
  signingSecret: path,
  people: texts(
    'a map from `TEAM/USER` of Slack to `ISSUER/SUBJECT`',
    (key, value) => /^[A-Z0-9]{1,32}\/[A-Z0-9]{1,32}$/.test(key) && /^[^/\s]{1,64}\/\S{1,256}$/.test(value),
  ),
  api: httpUrl.optional(),
})

const webhook = z.strictObject({ url: httpUrl, secrets: z.array(path).min(1).max(5) })

export const PEOPLE_SHAPE: z.ZodRawShape = {
  store: withDefault(
    leaf<PeopleSettings['store']>(
      '`sqlite`, a `postgres://` URL, or `{file: PATH}` of a file with one',
      value => {
        if (value === 'sqlite') return value
        if (typeof value === 'string') return isPostgresUrl(value) ? value : undefined
        if (!isMap(value) || Object.keys(value).length !== 1) return undefined
        const { file } = value
        return typeof file === 'string' && file.length > 0 && file.length < 4096 ? { file } : undefined
      },
    ),
    DEFAULTS.store,
  ),
  approvals: section({
    url: httpUrl.optional(),
    policies: z.array(path).max(100).default([]),
    openFor: withDefault(duration(60_000, 30 * 24 * HOUR, 'from 1m to 30d'), asMs(DEFAULTS.openFor)),
    keepFor: withDefault(duration(24 * HOUR, 3650 * 24 * HOUR, 'from 1d to 3650d'), asMs(DEFAULTS.keepFor)),
    maxStanding: withDefault(duration(60_000, 7 * 24 * HOUR, 'from 1m to 7d'), asMs(DEFAULTS.maxStanding)),
    pending: withDefault(count(1, 10_000), DEFAULTS.pending),
    groupsFor: withDefault(duration(60_000, 7 * 24 * HOUR, 'from 1m to 7d'), asMs(DEFAULTS.groupsFor)),
  }),
  notify: z
    .array(z.strictObject({ name, slack: slack.optional(), webhook: webhook.optional() }))
    .max(20)
    .default([]),
  masks: section({
    builtIn: withDefault(flag, true),
    body: withDefault(size(MIB, 1024 * MIB, 'from 1MiB to 1GiB'), parseSize(DEFAULTS.maskBody) ?? Number.NaN),
    patterns: withDefault(
      texts('a map from names to regular expressions', (key, value) => {
        return /^[a-z][a-z0-9-]{0,63}$/.test(key) && value.length > 0 && value.length <= 1024
      }),
      {},
    ),
  }),
}

/** `postgres://USER@HOST/DATABASE`, with or without a password. */
export function isPostgresUrl(value: string): boolean {
  return /^postgres(ql)?:\/\//.test(value) && URL.canParse(value) && value.length < 4096
}
