import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { aims } from './aims.ts'
import { medianOf, quantile } from './numbers.ts'
import { readLatencies, readPgbench } from './pgbench.ts'
import { usedInLast } from './processor.ts'
import type { DatabaseResults, LoadRow } from './results.ts'
import { RowCounter } from './row-counter.ts'
import { readSysbench } from './sysbench.ts'
import { databaseTables } from './tables.ts'

const PGBENCH = `pgbench (15.18 (Debian 15.18-0+deb12u1))
transaction type: <builtin: select only>
scaling factor: 10
query mode: prepared
number of clients: 8
number of threads: 2
maximum number of tries: 1
duration: 1 s
number of transactions actually processed: 26121
number of failed transactions: 0 (0.000%)
latency average = 0.304 ms
initial connection time = 15.301 ms
tps = 26309.514211 (without initial connection time)
`

const SYSBENCH = `SQL statistics:
    queries performed:
        read:                            40726
        write:                           0
        other:                           5818
        total:                           46544
    transactions:                        2909   (2905.67 per sec.)
    queries:                             46544  (46490.71 per sec.)
    ignored errors:                      0      (0.00 per sec.)
    reconnects:                          0      (0.00 per sec.)

General statistics:
    total time:                          1.0003s
    total number of events:              2909

Latency (ms):
         min:                                    0.31
         avg:                                    0.34
         max:                                    3.11
         50th percentile:                        0.33
         sum:                                  995.42
`

describe('what load generators say', () => {
  it('pgbench: without the time that its clients took to connect', () => {
    assert.deepEqual(readPgbench(PGBENCH), { transactions: 26121, perSecond: 26309.514211, averageMs: 0.304 })
  })

  it('pgbench: the latency of each transaction, in ms', () => {
    assert.deepEqual(
      readLatencies('0 1 93 0 1763938800 123456\n0 2 1250 0 1763938800 124706\n'),
      [0.093, 1.25],
    )
  })

  it('sysbench: transactions, and not the statements of which they are made', () => {
    assert.deepEqual(readSysbench(SYSBENCH), {
      transactions: 2909,
      perSecond: 2905.67,
      averageMs: 0.34,
      p50Ms: 0.33,
    })
  })

  it('is an error where there is no result', () => {
    const withoutEnd = PGBENCH.slice(0, PGBENCH.indexOf('tps'))
    assert.throws(() => readPgbench(withoutEnd), /no result/)
    assert.throws(() => readSysbench(SYSBENCH.replace('50th percentile', '95th percentile')), /no result/)
    assert.throws(() => readSysbench(''), /no result/)
  })
})

describe('figures of runs', () => {
  it('the median is in the middle, of what is known', () => {
    assert.equal(quantile([5, 1, 9], 0.5), 5)
    assert.equal(quantile([7], 0.99), 7)
    assert.equal(
      medianOf([{ us: 3 }, { us: undefined }, { us: 1 }, { us: 2 }], ({ us }) => us),
      2,
    )
    assert.equal(
      medianOf([{ us: undefined }], ({ us }) => us),
      undefined,
    )
    assert.throws(() => quantile([], 0.5))
  })

  it('processor time counts from when the clients had connected, also between two readings', () => {
    const readings = [
      { atMs: 0, cpuSeconds: 1 },
      { atMs: 100, cpuSeconds: 3 },
      { atMs: 200, cpuSeconds: 3.1 },
      { atMs: 300, cpuSeconds: 3.3 },
    ]
    const near = (ms: number, seconds: number): void => {
      assert.ok(Math.abs(usedInLast(readings, ms) - seconds) < 1e-9, `${ms}: ${usedInLast(readings, ms)}`)
    }
    near(100, 0.2)
    near(150, 0.25)
    near(200, 0.3)
    near(250, 1.3)
    near(5000, 2.3)
    assert.equal(usedInLast([], 100), 0)
  })
})

describe('rows of a large result', () => {
  const message = (type: string, body: number): Buffer => {
    const made = Buffer.alloc(5 + body, 'D')
    made.write(type)
    made.writeUInt32BE(4 + body, 1)
    return made
  }
  const result = Buffer.concat([
    ...[message('T', 40), message('D', 200), message('D', 0), message('D', 7)],
    ...[message('C', 9), message('Z', 1)],
  ])

  it('are counted, however the bytes come', () => {
    for (let size = 1; size <= result.length; size++) {
      const counter = new RowCounter()
      for (let at = 0; at < result.length; at += size) {
        assert.equal(counter.done, false)
        counter.push(result.subarray(at, at + size))
      }
      const { rows, bytes, errors, done } = counter
      assert.deepEqual(
        { rows, bytes, errors, done },
        { rows: 3, bytes: result.length, errors: 0, done: true },
      )
    }
  })

  it('an error is told', () => {
    const counter = new RowCounter()
    counter.push(Buffer.concat([message('E', 30), message('Z', 1)]))
    assert.equal(counter.errors, 1)
  })
})

describe('the report of databases', () => {
  const load = (
    path: string,
    clients: number,
    perSecond: number,
    p50Ms: number,
    cpuUs?: number,
  ): LoadRow => ({
    ...{ path, what: 'prepared', clients, transactions: 1000, perSecond, averageMs: 2 * p50Ms },
    ...{ p50Ms: clients === 1 ? p50Ms : undefined, cpuUs },
  })
  const wide = (path: string, seconds: number) => ({ path, seconds, bytes: 1 << 28, cpuSeconds: undefined })
  const results: DatabaseResults = {
    postgres: [
      ...[
        load('straight', 1, 10_000, 0.1),
        load('pgbouncer', 1, 8_000, 0.12, 20),
        load('gate', 1, 4_000, 0.25, 25),
      ],
      ...[
        load('straight', 8, 30_000, 1),
        load('pgbouncer', 8, 24_000, 1, 15),
        load('gate', 8, 12_000, 2, 30),
        load('gate, durability: os', 8, 12_000, 2, 15),
      ],
    ],
    wide: [
      wide('straight', 1),
      wide('pgbouncer', 1.2),
      wide('gate', 1.09),
      wide('gate, a column masked', 1.3),
    ],
    mysql: [],
    skipped: [],
  }

  it('has the aims beside the figures, also where they are missed', () => {
    assert.deepEqual(
      aims(results).map(([, here, met]) => [here, met]),
      [
        ['80%', 'met'],
        ['50%', '**missed**'],
        ['100%', 'met'],
        ['0.15 ms', 'met'],
        ['9% longer', 'met'],
        ['30% longer', '**missed**'],
      ],
    )
  })

  it('compares with the same load alone', () => {
    const lines = databaseTables(results).split('\n')
    assert.ok(
      lines.includes('| prepared | 1 | gate | 4,000 | 50% | 0.25 | 0.15 | 25.0 | 40,000 |'),
      lines.join('\n'),
    )
    assert.ok(lines.includes('| prepared | 8 | gate | 12,000 | 50% | 4.00 | 2.00 | 30.0 | 33,333 |'))
    assert.ok(lines.includes('| prepared | 1 | straight | 10,000 |  | 0.10 |  |  |  |'))
    assert.ok(lines.includes('| gate, a column masked | 1.30 | 197 | 30% |  |'))
    assert.equal(databaseTables({ postgres: [], wide: [], mysql: [], skipped: ['all'] }), '')
  })
})
