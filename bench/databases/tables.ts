import { table, whole } from '../table.ts'
import { aims } from './aims.ts'
import type { DatabaseResults, LoadRow, WideRow } from './results.ts'

/** What was measured of databases, as Markdown: tables, with a line between them. */
export function databaseTables(results: DatabaseResults): string {
  const { postgres, wide, mysql } = results
  const parts = [
    loadTable('pgbench, select-only', postgres, 'pgbouncer'),
    loadTable('sysbench', mysql, 'straight, TLS'),
    wideTable(wide),
    table(['Aim for databases', 'Here', ''], aims(results)),
  ]
  return parts.filter(part => part !== '').join('\n\n')
}

/** Beside each row, what it is compared with: the same load over another path. */
function loadTable(title: string, rows: readonly LoadRow[], compared: string): string {
  const [per, of] = ['CPU µs/transaction', 'transactions/s per core']
  const head = [
    title,
    'clients',
    'path',
    'transactions/s',
    `of ${compared}`,
    'latency ms',
    'added ms',
    per,
    of,
  ]
  return table(
    head,
    rows.map(row => {
      const same = rows.filter(({ what, clients }) => what === row.what && clients === row.clients)
      const other = same.find(({ path }) => path === compared)
      const straight = same[0]
      return [
        ...[row.what, String(row.clients), row.path, whole(row.perSecond)],
        other === undefined || other === row || row.cpuUs === undefined
          ? ''
          : percent(row.perSecond / other.perSecond),
        latency(row).toFixed(2),
        straight === undefined || straight === row ? '' : (latency(row) - latency(straight)).toFixed(2),
        row.cpuUs === undefined ? '' : row.cpuUs.toFixed(1),
        row.cpuUs === undefined ? '' : whole(1e6 / row.cpuUs),
      ]
    }),
  )
}

function wideTable(rows: readonly WideRow[]): string {
  const straight = rows[0]
  return table(
    ['A million rows of ten columns', 'seconds', 'MiB/s', 'longer than straight', 'CPU s'],
    rows.map(row => [
      row.path,
      row.seconds.toFixed(2),
      whole(row.bytes / row.seconds / (1 << 20)),
      straight === undefined || straight === row ? '' : percent(row.seconds / straight.seconds - 1),
      row.cpuSeconds === undefined ? '' : row.cpuSeconds.toFixed(2),
    ]),
  )
}

/** The median where it is known, else the average, ms. */
function latency({ p50Ms, averageMs }: LoadRow): number {
  return p50Ms ?? averageMs
}

function percent(share: number): string {
  return `${whole(100 * share)}%`
}
