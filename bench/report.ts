import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../test/harness/process.ts'
import type { DatabaseResults } from './databases/results.ts'
import { databaseTables } from './databases/tables.ts'
import type { Measure } from './measures.ts'
import { table, whole } from './table.ts'
import type { LoadRow, TransferRow } from './through-gate.ts'

/** Everything that one run measured. */
export interface Results {
  readonly load: readonly LoadRow[]
  /** The same call, masked and approved. */
  readonly masked: readonly LoadRow[]
  readonly transfers: readonly TransferRow[]
  readonly transferBytes: number
  readonly measures: readonly Measure[]
  readonly databases: DatabaseResults
  /** What could not be measured here, and why. */
  readonly skipped: readonly string[]
}

const README = join(ROOT, 'bench/README.md')
const BEGIN = '<!-- last run -->'
const END = '<!-- end of last run -->'

/** The run as Markdown. */
export function report(results: Results): string {
  const parts = [
    machine(),
    ...results.skipped.map(line => `Skipped: ${line}.`),
    loadTable(results.load),
    maskedTable(results.masked),
    transferTable(results),
    databaseTables(results.databases),
    table(['Measured alone', 'Result'], results.measures),
  ]
  return parts.filter(part => part !== '').join('\n\n')
}

/** Puts the run where the last one stood. */
export function writeReadme(markdown: string): void {
  const text = readFileSync(README, 'utf8')
  const [before, rest] = text.split(BEGIN)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined) throw new Error(`bench/README.md has lost its ${BEGIN}`)
  writeFileSync(README, `${before}${BEGIN}\n${markdown}\n${END}${after}`)
}

function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown processor'
  const day = new Date().toISOString().slice(0, 10)
  return `${day}, ${cpus().length} cores (${model}), Linux, Node ${process.version}.`
}

function loadTable(rows: readonly LoadRow[]): string {
  const added = (row: LoadRow): string => {
    const straight = rows.find(other => other.path === 'straight' && other.connections === row.connections)
    return straight === undefined || straight === row ? '' : `${(row.p50Ms - straight.p50Ms).toFixed(2)}`
  }
  const perCore = (row: LoadRow): string => (row.cpuUs === undefined ? '' : whole(1e6 / row.cpuUs))
  return table(
    [
      'Small DynamoDB call',
      'connections',
      'requests/s',
      'p50 ms',
      'p99 ms',
      'added p50 ms',
      'CPU µs/request',
      'requests/s per core',
    ],
    rows.map(row => [
      row.path,
      String(row.connections),
      whole(row.requestsPerSecond),
      row.p50Ms.toFixed(2),
      row.p99Ms.toFixed(2),
      added(row),
      row.cpuUs === undefined ? '' : whole(row.cpuUs),
      perCore(row),
    ]),
  )
}

/** Beside the first row of as many connections, the call as it is. */
function maskedTable(rows: readonly LoadRow[]): string {
  const plain = (row: LoadRow): LoadRow => rows.find(other => other.connections === row.connections) ?? row
  const added = (row: LoadRow): string => {
    const { p50Ms } = plain(row)
    return plain(row) === row ? '' : (row.p50Ms - p50Ms).toFixed(2)
  }
  const ratio = (row: LoadRow): string => {
    const { cpuUs } = plain(row)
    if (cpuUs === undefined || row.cpuUs === undefined || plain(row) === row) return ''
    return `${(row.cpuUs / cpuUs).toFixed(2)}×`
  }
  return table(
    [
      'Query of 400 bytes',
      'connections',
      'requests/s',
      'p50 ms',
      'added p50 ms',
      'CPU µs/request',
      'of as it is',
    ],
    rows.map(row => [
      row.path,
      String(row.connections),
      whole(row.requestsPerSecond),
      row.p50Ms.toFixed(2),
      added(row),
      row.cpuUs === undefined ? '' : whole(row.cpuUs),
      ratio(row),
    ]),
  )
}

function transferTable({ transfers, transferBytes }: Results): string {
  const rate = (row: TransferRow): number => transferBytes / row.seconds / (1 << 20)
  const share = (row: TransferRow): string => {
    const straight = transfers.find(other => other.path === 'straight' && other.direction === row.direction)
    return straight === undefined || straight === row
      ? ''
      : `${whole((100 * straight.seconds) / row.seconds)}%`
  }
  return table(
    ['S3, 1 GiB', 'direction', 'MiB/s', 'of straight', 'peak memory, MiB'],
    transfers.map(row => [
      row.path,
      row.direction,
      whole(rate(row)),
      share(row),
      row.peakMib === undefined ? '' : String(row.peakMib),
    ]),
  )
}
