import { tallySpans } from '../record/review/spans.ts'
import { globPattern, patternMatcher } from '../record/search/pattern.ts'
import { parseTime } from '../record/search/time.ts'
import { printable } from '../record/shell.ts'
import { reviewHtml } from './review/html.ts'
import type { ReviewPorts } from './review/ports.ts'
import { type ReviewReport, reviewOf } from './review/report.ts'
import { reviewText } from './review/text.ts'
import { safeJson } from './sessions/format.ts'
import { explain, openReading } from './sessions/open.ts'
import { readOptions } from './sessions/options.ts'
import { paint } from './sessions/paint.ts'

export type { ReviewPorts } from './review/ports.ts'

const USAGE = `usage: sallyport review --config FILE [--since TIME] [--until TIME] [--role R] [--html FILE] [--json]

  What each role did in a span of time against what its policies allow: allowed and never used, denied again
  and again, new since the span of equal length before it, outside its usual hours or addresses,
  destructive calls for the first time, approvals and masks.

  --since, --until   2026-01-02, 2026-01-02T03:04Z or how long ago: 90m, 2h, 7d; default the last 7 days
  --role R           roles of this ARN or name, with \`*\`
  --html FILE        writes one page that needs nothing else, to hand to an auditor
`

const DEFAULT_SPAN_MS = 7 * 24 * 60 * 60 * 1000

interface Asked {
  readonly config: string
  readonly data: string | undefined
  readonly sinceMs: number
  readonly untilMs: number
  readonly only: (roleArn: string) => boolean
  readonly html: string | undefined
  readonly json: boolean
}

/** `sallyport review`. Exit code 0: done, whatever was found; 1: it cannot be read; 2: wrong usage. */
export async function review(args: readonly string[], ports: ReviewPorts): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    await ports.out(USAGE)
    return 0
  }
  const asked = parse(args, ports.now())
  if (typeof asked === 'string') {
    ports.err(`sallyport: ${printable(asked)}\n\n${USAGE}`)
    return 2
  }
  try {
    await write(await make(asked, ports), asked, ports)
    return 0
  } catch (error) {
    ports.err(`sallyport: ${explain(error)}\n`)
    return 1
  }
}

async function make(asked: Asked, ports: ReviewPorts): Promise<ReviewReport> {
  const { data, roles, keys } = await ports.configuration(asked.config)
  const source = await openReading(asked, {
    err: ports.err,
    files: ports.files,
    dataFolder: async () => data,
    contentKeys: async () => keys,
  })
  const spans = await tallySpans(source, asked)
  return reviewOf(spans, roles, ports.accessLevel, asked.only)
}

async function write(report: ReviewReport, asked: Asked, ports: ReviewPorts): Promise<void> {
  if (asked.html !== undefined) {
    await ports.writeFile(asked.html, reviewHtml(report, ports.now()))
    if (!asked.json) await ports.out(`written to ${printable(asked.html)}\n`)
  }
  if (asked.json) await ports.out(`${safeJson(report, 2)}\n`)
  else if (asked.html === undefined) await ports.out(reviewText(report, paint(ports.colored), ports.columns))
}

/** What was asked for, or what is wrong with the command line. */
function parse(args: readonly string[], nowMs: number): Asked | string {
  const options = readOptions(args, { since: 'text', until: 'text', role: 'text', html: 'text' })
  if (typeof options === 'string') return options
  const { texts, flags, words, place } = options
  if (words.length > 0) return '`review` takes options alone'
  const untilMs = timeOf(texts.get('until'), nowMs, nowMs)
  if (untilMs === undefined) return `--until takes a time, not \`${texts.get('until')}\``
  const sinceMs = timeOf(texts.get('since'), nowMs, untilMs - DEFAULT_SPAN_MS)
  if (sinceMs === undefined) return `--since takes a time, not \`${texts.get('since')}\``
  if (sinceMs >= untilMs) return '--since must be before --until'
  return {
    ...place,
    sinceMs,
    untilMs,
    only: roleFilter(texts.get('role')),
    html: texts.get('html'),
    json: flags.has('json'),
  }
}

function timeOf(text: string | undefined, nowMs: number, otherwise: number): number | undefined {
  return text === undefined ? otherwise : parseTime(text, nowMs)
}

/** By the ARN of a role, or by its name. */
function roleFilter(text: string | undefined): (roleArn: string) => boolean {
  if (text === undefined) return () => true
  const fits = patternMatcher(globPattern(text))
  return arn => fits(arn) || fits(arn.slice(arn.lastIndexOf('/') + 1))
}
