import type { Span } from '../../record/export/span.ts'
import type { LookedUp } from '../../record/reconcile/report.ts'
import type { TrailFile } from '../../record/reconcile/trail-file.ts'
import type { ReconcilePorts } from './ports.ts'

/** `--lookup` and what belongs to it, as the command line has it. */
export interface LookupValues {
  readonly lookup?: boolean
  readonly region?: readonly string[]
  readonly profile?: string
  readonly endpoint?: string
}

/** Event history that is asked for. */
export interface Lookup {
  readonly asked: LookedUp
  readonly span: Span
  files(ports: Pick<ReconcilePorts, 'lookup'>): AsyncIterable<TrailFile>
}

/** How far Event history reaches back. */
const HISTORY_MS = 90 * 24 * 60 * 60_000
const DEFAULT_SPAN_MS = 24 * 60 * 60_000
/** Around the span: what the clocks are apart, and how late a call may reach AWS. */
const BEFORE_MS = 60_000
const AFTER_MS = 15 * 60_000

const REGION = /^[a-z]{2}(-[a-z]{1,12}){1,3}-\d$/

/** What is asked of CloudTrail; undefined where files are read; or what is wrong with the command line. */
export function readLookup(
  values: LookupValues,
  span: Span,
  nowMs: number,
  regionOfEnvironment: string | undefined,
): Lookup | undefined | string {
  const { lookup, endpoint, profile } = values
  if (lookup !== true) {
    const without = (['region', 'profile', 'endpoint'] as const).find(name => values[name] !== undefined)
    return without === undefined ? undefined : `--${without} belongs to --lookup`
  }
  const given = values.region ?? (regionOfEnvironment === undefined ? [] : [regionOfEnvironment])
  const regions = [...new Set(given)]
  const wrong = regions.find(region => !REGION.test(region))
  if (wrong !== undefined) return `--region takes a region such as \`eu-west-1\`, not \`${wrong}\``
  if (regions.length === 0) return 'name the regions to ask: --region R'
  if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) {
    return `--endpoint takes a URL, not \`${endpoint}\``
  }
  const sinceMs = span.sinceMs ?? nowMs - DEFAULT_SPAN_MS
  if (sinceMs < nowMs - HISTORY_MS)
    return 'CloudTrail looks up the last 90 days alone: use --events for what is older'
  const place = {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
  }
  const within = {
    sinceMs: sinceMs - BEFORE_MS,
    untilMs: Math.min(nowMs, (span.untilMs ?? nowMs) + AFTER_MS),
  }
  return {
    asked: { regions, sinceMs, nowMs },
    span: { ...span, sinceMs },
    async *files(ports) {
      for (const region of regions) yield ports.lookup({ region, ...place }, within)
    },
  }
}
