import { parseDuration } from '../config/scalars.ts'
import type { Span } from '../record/export/span.ts'
import type { JournalSource } from '../record/read.ts'
import { DEFAULT_GRACE_MS } from '../record/reconcile/reconcile.ts'
import { reconcile as reconcileWith } from '../record/reconcile/run.ts'
import type { TrailFile } from '../record/reconcile/trail-file.ts'
import { printable } from '../record/shell.ts'
import { DEFAULT_CONFIG_PATH } from './check.ts'
import { type Lookup, readLookup } from './reconcile/lookup.ts'
import type { ReconcilePorts } from './reconcile/ports.ts'
import { reportText } from './reconcile/text.ts'
import { safeJson } from './sessions/format.ts'
import { explain, openReading } from './sessions/open.ts'
import { readValues } from './sessions/options.ts'
import { parseSpan } from './sessions/span.ts'

export type { ReconcilePorts } from './reconcile/ports.ts'

const USAGE = `usage: sallyport reconcile --events FILE... | --lookup [--region R]... [--profile P] [--endpoint URL]
                           [--since TIME] [--until TIME] [--grace DURATION]
                           [--config FILE] [--data FOLDER]... [--role ARN]... [--json]

Pairs what CloudTrail says of the roles that the gate leases with what the gate recorded, by AWS's request ids.

  --events FILE...   as CloudTrail delivers them: JSON with \`Records\`, an event a line, packed or not; a folder: all
                     in it
  --lookup           asks CloudTrail's LookupEvents instead: management events of the last 90 days, in --region or
                     AWS_REGION, with the credentials of --profile; some 100 events a second, as AWS allows
  --since, --until   a span of time: \`2026-01-02\`, \`2026-01-02T03:04:05Z\`, or \`24h\` before now; without them: all that
                     is there, and with --lookup the last 24 hours
  --grace DURATION   how long CloudTrail may take to deliver; 15m
  --config FILE      the gate's configuration: its data folder and its roles
  --data FOLDER      a data folder; name those of all replicas
  --role ARN         a role that the gate leases, beside those of the configuration and the journal
  --json             for programs

Exit code 0: every call with these roles came through the gate; 1: some did not, or it cannot be told (then nothing is
printed but the reason); 2: wrong usage. NO_COLOR is heeded.
`

/** A command line that was understood. */
interface Options {
  readonly events: readonly string[]
  /** Absent where files are read. */
  readonly lookup?: Lookup
  readonly span: Span
  readonly graceMs: number
  /** Absent where data folders are named and no configuration is. */
  readonly config: string | undefined
  readonly data: readonly string[]
  readonly roles: readonly string[]
  readonly json: boolean
}

/**
 * `sallyport reconcile`. Exit code 0: every call with the roles came through the gate; 1: some did not, or
 * something could not be read; 2: wrong usage.
 */
export async function reconcile(args: readonly string[], ports: ReconcilePorts): Promise<number> {
  if (args.length === 0 || args.includes('--help') || args.includes('-h')) {
    await ports.out(USAGE)
    return args.length === 0 ? 2 : 0
  }
  const options = parse(args, ports)
  if (typeof options === 'string') {
    ports.err(`sallyport: ${printable(options)}\n\n${USAGE}`)
    return 2
  }
  try {
    return await run(options, ports)
  } catch (error) {
    ports.err(`sallyport: ${explain(error)}\n`)
    return 1
  }
}

async function run(options: Options, ports: ReconcilePorts): Promise<number> {
  const { config } = options
  const gate = config === undefined ? undefined : await ports.gate(config)
  // A folder that is named twice would have every call twice.
  const folders = new Set([...(gate === undefined ? [] : [gate.data]), ...options.data])
  const journals: JournalSource[] = []
  for (const data of folders) {
    const place = { data: data === gate?.data ? undefined : data, config: '' }
    journals.push(
      await openReading(place, {
        err: ports.err,
        files: ports.files,
        dataFolder: async () => data,
        contentKeys: async () => gate?.keys,
      }),
    )
  }
  let skipped = 0
  const report = await reconcileWith({
    span: options.span,
    graceMs: options.graceMs,
    journals,
    roles: [...(gate?.roles ?? []), ...options.roles],
    ...(options.lookup === undefined ? {} : { lookup: options.lookup.asked }),
    files:
      options.lookup?.files(ports) ??
      allFiles(options.events, ports, () => {
        skipped++
      }),
    skipped: () => skipped,
  })
  const configured = gate !== undefined || options.roles.length > 0
  const text = options.json ? `${safeJson(report, 2)}\n` : reportText(report, configured, ports.colored)
  await ports.out(text)
  return report.notThroughGate.count === 0 ? 0 : 1
}

async function* allFiles(
  paths: readonly string[],
  ports: ReconcilePorts,
  skip: () => void,
): AsyncGenerator<TrailFile, void> {
  for (const path of paths) yield* ports.trailFiles(path, skip)
}

const ROLE = /^arn:[a-z0-9-]{1,20}:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/

const KINDS = {
  events: 'texts',
  lookup: 'flag',
  region: 'texts',
  profile: 'text',
  endpoint: 'text',
  since: 'text',
  until: 'text',
  grace: 'text',
  config: 'text',
  data: 'texts',
  role: 'texts',
  json: 'flag',
} as const

/** The options, or what is wrong with the command line. */
function parse(args: readonly string[], ports: Pick<ReconcilePorts, 'now' | 'region'>): Options | string {
  const read = readValues(args, KINDS)
  if (typeof read === 'string') return read
  const { values, words } = read
  const { data = [], role: roles = [], config, grace, json = false } = values
  // A shell writes `--events *.gz` as one option and further words.
  const events = [...(values.events ?? []), ...words]
  if ((values.events === undefined) === (values.lookup !== true)) {
    return 'name the events of CloudTrail: --events FILE..., or --lookup'
  }
  const nowMs = ports.now()
  const span = parseSpan(timeOf(values.since, nowMs), timeOf(values.until, nowMs))
  if (typeof span === 'string') return span
  const lookup = readLookup(values, span, nowMs, ports.region)
  if (typeof lookup === 'string') return lookup
  if (lookup !== undefined && words.length > 0) return '--lookup takes no files'
  const graceMs = grace === undefined ? DEFAULT_GRACE_MS : parseDuration(grace)
  if (graceMs === undefined) return `--grace takes a time such as \`15m\`, not \`${grace}\``
  const wrong = roles.find(role => !ROLE.test(role))
  if (wrong !== undefined) return `--role takes the ARN of a role, not \`${wrong}\``
  const configured = config ?? (data.length === 0 ? DEFAULT_CONFIG_PATH : undefined)
  const asked = lookup === undefined ? {} : { lookup, span: lookup.span }
  return { events, span, graceMs, config: configured, data, roles, json, ...asked }
}

/** `24h` as a time before now; anything else as it is. */
function timeOf(text: string | undefined, nowMs: number): string | undefined {
  const beforeMs = text === undefined ? undefined : parseDuration(text)
  return beforeMs === undefined ? text : new Date(nowMs - beforeMs).toISOString()
}
