import type { Entry } from '../../record/calls.ts'
import { parseQuery, QueryError } from '../../record/search/parse.ts'
import type { Query } from '../../record/search/query.ts'
import { type SearchOptions, searchJournal } from '../../record/search/search.ts'
import { printable } from '../../record/shell.ts'
import { count, safeJson } from './format.ts'
import { openIndexed } from './journal-index.ts'
import { explain, openReading } from './open.ts'
import { type ReadOptions, readCount, readOptions } from './options.ts'
import { paint } from './paint.ts'
import type { SessionsPorts } from './ports.ts'
import { forJson } from './show.ts'
import { Timeline } from './timeline.ts'

const USAGE = `usage: sallyport sessions search QUERY… [--limit N] [--oldest] [--scan] [--config FILE | --data FOLDER] [--json]

  QUERY is words and \`key:value\`, all of which must hold; \`-\` before one: it must not. \`*\` and \`?\` stand
  for any characters and for one; what is in double quotes means itself. Without a key, a word is text
  in parameters, statements of SQL, claims or reasons. Keys:

  session principal role    who            service operation action resource   what
  effect statement approval decided how    error status masked                 how it ended
  address event type        where, which   since until                         2026-01-02T03:04Z or 90m, 2h, 7d
  target database fingerprint              of SQL: the database, and which statement whatever its constants

  --limit N    at most N entries, default 100; --oldest: the first ones instead of the last
  --scan       goes through the journal itself, without the index
`

/** As many entries as a search gives when nothing is said. */
const DEFAULT_LIMIT = 100
const MAX_LIMIT = 10_000
const NOT = /^-[^-]/

/** `sallyport sessions search`: exit code 0 also where nothing was found. */
export async function search(args: readonly string[], ports: SessionsPorts): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    await ports.out(USAGE)
    return 0
  }
  // `-role:agent` is no option but what must not be; the order of terms means nothing.
  const nots = args.filter(arg => NOT.test(arg))
  const options = readOptions(
    args.filter(arg => !NOT.test(arg)),
    { limit: 'text', oldest: 'flag', scan: 'flag' },
  )
  if (typeof options === 'string') return wrong(options, ports)
  const limit = readCount(options.texts.get('limit') ?? `${DEFAULT_LIMIT}`, MAX_LIMIT)
  if (limit === undefined) return wrong(`--limit takes a number from 1 to ${MAX_LIMIT}`, ports)
  const text = [...options.words, ...nots].join(' ')
  const query = readQuery(text, ports, ports.terminal.now())
  if (query === undefined) return 2
  try {
    const order = options.flags.has('oldest') ? 'oldest' : 'newest'
    const entries = await find(query, { order, limit: limit + 1 }, options, ports)
    await print(entries, limit, options.flags.has('json'), ports)
    return 0
  } catch (error) {
    ports.err(`sallyport: ${explain(error)}\n`)
    return 1
  }
}

async function find(
  query: Query,
  page: SearchOptions,
  { place, flags }: ReadOptions,
  ports: SessionsPorts,
): Promise<AsyncIterable<Entry> | Iterable<Entry>> {
  if (flags.has('scan')) return searchJournal(await openReading(place, ports), query, page)
  const { source, index } = await openIndexed(place, ports)
  const found = await index?.search(query, page)
  if (found !== undefined) return found
  if (index !== undefined) ports.err('sallyport: the index cannot be used now: the journal is gone through\n')
  return searchJournal(source, query, page)
}

function wrong(problem: string, ports: SessionsPorts): number {
  ports.err(`sallyport: ${printable(problem)}\n\n${USAGE}`)
  return 2
}

function readQuery(text: string, ports: SessionsPorts, nowMs: number): Query | undefined {
  try {
    return parseQuery(text, nowMs)
  } catch (error) {
    if (!(error instanceof QueryError)) throw error
    // Each character that is written out moves what follows it.
    const before = printable(text.slice(0, error.at)).length
    ports.err(`sallyport: ${explain(error)}\n\n  ${printable(text)}\n  ${' '.repeat(before)}^\n`)
    return undefined
  }
}

async function print(
  entries: AsyncIterable<Entry> | Iterable<Entry>,
  limit: number,
  json: boolean,
  ports: SessionsPorts,
): Promise<void> {
  const timeline = new Timeline(paint(ports.colored), { columns: ports.terminal.columns, many: true })
  let found = 0
  let more = false
  if (json) await ports.out('{"entries":[')
  for await (const entry of entries) {
    if (found === limit) {
      more = true
      break
    }
    const separator = found === 0 ? '\n' : ',\n'
    found += 1
    await ports.out(
      json ? `${separator}${safeJson(forJson(entry))}` : `${timeline.lines(entry).join('\n')}\n`,
    )
  }
  if (json) await ports.out(`\n],"more":${more}}\n`)
  else
    await ports.out(`\n${count(found, 'entry', 'entries')}${more ? ', and there are more (--limit)' : ''}\n`)
}
