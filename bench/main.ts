/**
 * `make bench`: everything in one run, printed, and written into bench/README.md. Takes about twelve minutes.
 * `node bench/main.ts --quick` runs each part once and briefly, and writes nothing.
 */
import { parseArgs } from 'node:util'
import { extentOf, measureDatabases } from './databases/measure.ts'
import { maskedCalls } from './masked-calls.ts'
import { type Measure, roomMeasures } from './measures.ts'
import { residentMib } from './process-cost.ts'
import { type Results, report, writeReadme } from './report.ts'
import { openSetting, type Setting } from './setting.ts'
import { GIB, type LoadRow, loadRow, medianRow, type TransferRow, transferRow } from './through-gate.ts'
import { findTools } from './tools.ts'

const CONNECTIONS = [1, 32, 128]
const WORKERS = [1, 2]

const { quick } = parseArgs({ options: { quick: { type: 'boolean', default: false } } }).values
const runs = quick ? 1 : 3
const seconds = quick ? 1 : 3

const tools = await findTools()
const skipped = [
  ...(tools.wrk ? [] : ['requests a second, as wrk is not installed (Debian: apt-get install wrk)']),
  ...(tools.nginx
    ? []
    : ['nginx as the bound, as it is not installed (Debian: apt-get install nginx-light)']),
]
for (const line of skipped) console.log(`skipped: ${line}`)

const measures = await roomMeasures(quick)
for (const [what, result] of measures) console.log(`${what}: ${result}`)
const databases = await measureDatabases(extentOf(quick))
for (const line of databases.skipped) console.log(`skipped: ${line}`)
const setting = await openSetting(WORKERS, tools.nginx)
try {
  const startUp = startMeasures(setting)
  const transfers = await allTransfers(setting)
  const load = tools.wrk ? await allLoad(setting) : []
  const masked = tools.wrk ? await maskedCalls(setting.upstream, quick ? 1 : 2, runs) : []
  const results: Results = {
    load,
    masked,
    transfers,
    transferBytes: GIB,
    measures: [...measures, ...startUp],
    databases,
    skipped: [...skipped, ...databases.skipped],
  }
  const markdown = report(results)
  console.log(`\n${markdown}`)
  if (!quick) writeReadme(markdown)
} finally {
  await setting.stop()
}

function startMeasures({ paths, startUpMs }: Setting): Measure[] {
  const gates = paths.filter(({ name }) => name.startsWith('gate'))
  return gates.map(({ name, pid }, index) => [
    `Start to listening, ${name}`,
    `${Math.round(startUpMs[index] ?? 0)} ms, ${pid === undefined ? '?' : residentMib(pid)} MiB resident in its first process`,
  ])
}

/** First, so that the peaks of memory are those of the transfers. */
async function allTransfers({ paths }: Setting): Promise<TransferRow[]> {
  const rows: TransferRow[] = []
  for (const direction of ['download', 'upload'] as const) {
    for (const path of paths) {
      if (path.name === 'gate, 2 workers') continue
      const row = await transferRow(path, direction, GIB)
      console.log(`${direction} over ${path.name}: ${row.seconds.toFixed(2)} s`)
      rows.push(row)
    }
  }
  return rows
}

async function allLoad({ paths }: Setting): Promise<LoadRow[]> {
  const rows: LoadRow[] = []
  // What has run for a while is compiled: nobody's first requests count.
  for (const path of paths) await loadRow(path, 32, 2 * seconds)
  for (const connections of CONNECTIONS) {
    for (const path of paths) {
      const row = await medianRow(path, connections, seconds, runs)
      console.log(`${connections} connections over ${path.name}: ${Math.round(row.requestsPerSecond)}/s`)
      rows.push(row)
    }
  }
  return rows
}
