import { GateError } from '../../core/errors.ts'
import { readEntries, type Scope } from '../../record/calls.ts'
import { isWithin, type Span, timeOfEntry } from '../../record/export/span.ts'
import type { JournalSource } from '../../record/read.ts'
import { printable } from '../../record/shell.ts'
import { DEFAULT_CONFIG_PATH } from '../check.ts'
import { type ExportFormat, FORMAT_NAMES, formatOf, type MakeFormat } from './export-formats.ts'
import { exportParquet } from './export-parquet.ts'
import { type ExportSink, fileSink, streamSink } from './export-sink.ts'
import { count, safeJson } from './format.ts'
import { explain, openReading } from './open.ts'
import { readValues } from './options.ts'
import type { SessionsPorts } from './ports.ts'
import { REFUSED } from './show.ts'
import { parseSpan } from './span.ts'

const USAGE = `usage: sallyport sessions export --format FORMAT [--session ID] [--since TIME] [--until TIME] [--out FILE]
                                 [--config FILE | --data FOLDER] [--json]

  --format ocsf        OCSF 1.6, an event a line: API Activity, Authentication, Entity Management
  --format cloudtrail  {"Records":[...]}, in the form of CloudTrail
  --format csv         a table (RFC 4180); what a spreadsheet would run begins with '
  --format jsonl       all that is recorded, an entry a line
  --format parquet     a table of columns for Athena, Trino, Spark and DuckDB; see \`export --format parquet --help\`
  --session ID         of one session; \`${REFUSED}\`: of what was refused without one; without it: of all
  --since, --until     of a span of time: \`2026-01-02\`, \`2026-01-02T03:04:05Z\`; a call counts by its decision
  --out FILE           readable by you alone, whole or not at all; without it: to standard output
  --json               says how it went as JSON (with --out)
`

/** A command line that was understood. */
interface Options {
  readonly scope: Scope
  readonly span: Span
  readonly format: string
  readonly makeFormat: MakeFormat
  readonly out: string | undefined
  readonly data: string | undefined
  readonly config: string
  readonly json: boolean
}

/**
 * `sallyport sessions export`: writes what was recorded in a form that others read, in constant memory, also
 * while a gate records. Exit code 0: done; 1: the journal is broken or unreadable, or the file cannot be
 * written; 2: wrong usage.
 */
export async function exportSessions(args: readonly string[], ports: SessionsPorts): Promise<number> {
  if (isParquet(args)) return exportParquet(args, ports)
  if (args.length === 0 || args.includes('--help') || args.includes('-h')) {
    await ports.out(USAGE)
    return args.length === 0 ? 2 : 0
  }
  const options = parse(args)
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

function isParquet(args: readonly string[]): boolean {
  const at = args.indexOf('--format')
  return args.includes('--format=parquet') || (at !== -1 && args[at + 1] === 'parquet')
}

async function run(options: Options, ports: SessionsPorts): Promise<number> {
  const source = await openReading(options, ports)
  const { out } = options
  const sink = out === undefined ? streamSink(ports.out) : await fileSink(ports.files, out)
  let entries: number
  try {
    entries = await write(source, options, options.makeFormat(ports.facts), sink)
  } catch (error) {
    await sink.abandon()
    if (sink.partly !== undefined) ports.err(`sallyport: what came before is in ${printable(sink.partly)}\n`)
    throw error
  }
  await sink.finish()
  if (out === undefined) return 0
  const said = options.json
    ? safeJson({ format: options.format, file: out, entries })
    : `${count(entries, 'entry', 'entries')} in ${printable(out)}`
  await ports.out(`${said}\n`)
  return 0
}

/** Gives how many entries were written. Throws `session-unknown`, `journal-corrupt`. */
async function write(
  source: JournalSource,
  { scope, span }: Options,
  format: ExportFormat,
  sink: ExportSink,
): Promise<number> {
  await sink.write(format.begin)
  let written = 0
  let found = false
  for await (const entry of readEntries(source, scope)) {
    found = true
    if (!isWithin(span, timeOfEntry(entry))) continue
    await sink.write(format.entry(entry, written === 0))
    written++
  }
  if (!found && typeof scope === 'object') {
    throw new GateError('session-unknown', `the journal has no session \`${scope.sessionId}\``)
  }
  await sink.write(format.end)
  return written
}

const KINDS = {
  format: 'text',
  session: 'text',
  since: 'text',
  until: 'text',
  out: 'text',
  data: 'text',
  config: 'text',
  json: 'flag',
} as const

/** The options, or what is wrong with the command line. */
function parse(args: readonly string[]): Options | string {
  const read = readValues(args, KINDS)
  if (typeof read === 'string') return read
  const { values, words } = read
  if (words.length > 0) return `it takes no word, such as \`${words[0]}\``
  const { format, session, out, data, config, json = false } = values
  if (format === undefined) return `say --format ${FORMAT_NAMES.join(', ')}`
  const makeFormat = formatOf(format)
  if (makeFormat === undefined) return `--format takes ${FORMAT_NAMES.join(', ')}, not \`${format}\``
  if (data !== undefined && config !== undefined) return 'give --data or --config, not both'
  if (json && out === undefined) return '--json is for --out; for entries as JSON, say --format jsonl'
  const span = parseSpan(values.since, values.until)
  if (typeof span === 'string') return span
  // An empty variable of a shell must not stand for everything.
  if (session === '') return '--session takes an id'
  const recording = session === REFUSED ? REFUSED : { sessionId: session ?? '' }
  const scope: Scope = session === undefined ? 'all' : recording
  return { scope, span, format, makeFormat, out, data, config: config ?? DEFAULT_CONFIG_PATH, json }
}
