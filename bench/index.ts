/**
 * The index of the journal: how long it takes to make, its size, and how long the first page of a search takes with it,
 * over the made-up journal of bench/search.ts. Run with: node bench/index.ts [EVENTS] [--sealed] [--rows]
 */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemRandom } from '../src/core/clock.ts'
import { openIndex } from '../src/record/index/index.ts'
import { nodeFiles } from '../src/record/node-files.ts'
import { parseQuery } from '../src/record/search/parse.ts'
import type { Measure } from './measures.ts'
import { generateJournal, journalBytes, QUERIES } from './search.ts'

/** What one search took: with nothing in this process's memory, and again. */
export interface IndexedSearchRow {
  readonly query: string
  readonly order: 'newest' | 'oldest'
  readonly found: number
  readonly firstMs: number
  readonly againMs: number
  /** Of all threads, the least of the runs: what other processes do hardly changes it. */
  readonly cpuMs: number
}

export interface IndexMeasures {
  readonly events: number
  readonly journalBytes: number
  readonly indexBytes: number
  readonly buildMs: number
  readonly rows: readonly IndexedSearchRow[]
  readonly peakMemoryMiB: number
}

const MORE_QUERIES: typeof QUERIES = [
  ['nothing-such', 'newest'],
  ['resource:arn:aws:s3:::reports-3/object-77', 'newest'],
  ['event:01K00000000000000000012346', 'newest'],
  ['address:10.0.0.7 effect:deny service:sts', 'oldest'],
  ['statement:Reports since:2026-01-01T02:00Z until:2026-01-01T02:01Z', 'newest'],
  ['status:5?? principal:agent-3', 'newest'],
]

/** A journal of so many events, its index, and what searches with it take. `isSealed`: the index is. */
export async function measureIndex(events: number, isSealed = false): Promise<IndexMeasures> {
  const root = await mkdtemp(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'sallyport-bench-'))
  try {
    const source = { files: nodeFiles, folder: join(root, 'journal') }
    await generateJournal(source.folder, events)
    const key = isSealed ? { key: systemRandom.bytes(32) } : {}
    const options = { source, folder: join(root, 'index'), random: systemRandom, ...key }
    const start = performance.now()
    await openIndex(options).update()
    const buildMs = performance.now() - start
    const rows: IndexedSearchRow[] = []
    for (const [text, order] of [...QUERIES, ...MORE_QUERIES]) {
      const times: number[] = []
      const cpus: number[] = []
      let found = 0
      for (let run = 0; run < 3; run++) {
        const cpu = process.cpuUsage()
        const began = performance.now()
        const page = await openIndex(options).search(parseQuery(text, 0), { order, limit: 101 })
        times.push(performance.now() - began)
        const { user, system } = process.cpuUsage(cpu)
        cpus.push(Math.round((user + system) / 1_000))
        found = page?.length ?? -1
      }
      const [firstMs = 0, ...again] = times.map(Math.round)
      rows.push({ query: text, order, found, firstMs, againMs: Math.min(...again), cpuMs: Math.min(...cpus) })
    }
    return {
      events,
      journalBytes: await journalBytes(source.folder),
      indexBytes: await folderBytes(options.folder),
      buildMs,
      rows,
      peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    }
  } finally {
    await rm(root, { recursive: true })
  }
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size
  }
  return bytes
}

/** Rows for the table of measures. */
function rowsOf({ events, buildMs, indexBytes, rows }: IndexMeasures): Measure[] {
  const many = events.toLocaleString('en')
  const rate = Math.round((events / buildMs) * 1_000).toLocaleString('en')
  const slowest = rows.toSorted((a, b) => b.againMs - a.againMs).slice(0, 3)
  return [
    [`Index of ${many} events: events indexed/s`, rate],
    [`Index of ${many} events: bytes an event`, (indexBytes / events).toFixed(1)],
    [
      `First page of a search with it, the slowest of ${rows.length}`,
      slowest.map(({ query, againMs }) => `\`${query}\` ${againMs} ms`).join(', '),
    ],
  ]
}

if (import.meta.main) {
  const flags = process.argv.slice(3)
  const measures = await measureIndex(Number(process.argv[2] ?? 1_000_000), flags.includes('--sealed'))
  if (flags.includes('--rows'))
    for (const [what, result] of rowsOf(measures)) console.log(`${what}\t${result}`)
  else {
    for (const [what, result] of rowsOf(measures)) console.log(`${what}: ${result}`)
    console.log(
      `journal ${Math.round(measures.journalBytes / 1e6)} MB, peak memory ${measures.peakMemoryMiB} MiB`,
    )
    for (const row of measures.rows) {
      const { query, order, found, firstMs, againMs, cpuMs } = row
      console.log(`${order} \`${query}\`: ${found} in ${firstMs} ms, again ${againMs} ms, ${cpuMs} ms of CPU`)
    }
  }
}
