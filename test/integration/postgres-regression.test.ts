import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { POSTGRES_PASSWORD, startPostgres } from '../harness/postgres.ts'
import { GATE_PASSWORD, startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'
import { without } from '../harness/postgres-programs.ts'
import { execute } from '../harness/process.ts'

/** `src/test/regress` of the source of the very version that is installed: `make regression` gets it. */
const SOURCES = process.env['POSTGRES_REGRESS'] ?? ''
const ONLY = process.env['POSTGRES_REGRESS_ONLY']?.split(' ')
const settings = [
  'autovacuum=off',
  'max_prepared_transactions=2',
  'fsync=off',
  'wal_level=minimal',
  'max_wal_senders=0',
]

const noSources = !existsSync(join(SOURCES, 'parallel_schedule')) && 'takes half an hour: `make regression`'
const servers = noSources ? [] : await Promise.all([startPostgres({ settings }), startPostgres({ settings })])
const [straight = { missing: `${noSources}` }, behind = straight] = servers
const skip = 'missing' in straight ? straight.missing : without('psql')
const folder = mkdtempSync(join(tmpdir(), 'sallyport-regress-'))

after(async () => {
  rmSync(folder, { recursive: true, force: true })
  if ('missing' in straight || 'missing' in behind) return
  await straight.stop()
  await behind.stop()
})

/** Its files in the order in which they build on each other. */
function scripts(): string[] {
  const lines = readFileSync(join(SOURCES, 'parallel_schedule'), 'utf8').split('\n')
  return lines.flatMap(line => (line.startsWith('test:') ? line.slice(5).trim().split(/\s+/) : []))
}

async function run(script: string, port: number, password: string): Promise<string> {
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    PGHOST: '127.0.0.1',
    PGPORT: `${port}`,
    PGUSER: 'gate',
    PGPASSWORD: password,
    PGDATABASE: 'regression',
    PGTZ: 'PST8PDT',
    PGDATESTYLE: 'Postgres, MDY',
    PGOPTIONS: '-c intervalstyle=postgres_verbose',
    PG_ABS_SRCDIR: SOURCES,
    PG_ABS_BUILDDIR: folder,
    PG_LIBDIR: '/nowhere',
    PG_DLSUFFIX: '.so',
  }
  const args = ['-X', '-a', '-q', '-v', 'HIDE_TABLEAM=on', '-v', 'HIDE_TOAST_COMPRESSION=on']
  const input = readFileSync(join(SOURCES, 'sql', `${script}.sql`), 'utf8')
  // As `2>&1` would: errors stand where they came.
  const { stdout } = await execute('sh', ['-c', 'exec psql "$@" 2>&1', 'sh', ...args], { env, input })
  return stdout
}

/** From where on something is another through the gate, and is meant to be. */
const MEANT: ReadonlyMap<string, { readonly from: RegExp; readonly why: string }> = new Map([
  ...['strings', 'plpgsql'].map(
    script =>
      [
        script,
        {
          from: /^set standard_conforming_strings (?:to|=) off/im,
          why: 'a session that lexes another way is read no more',
        },
      ] as const,
  ),
  [
    'largeobject',
    { from: /^\\lo_/m, why: 'function calls of the protocol, which libpq makes here, are refused' },
  ],
  [
    'privileges',
    {
      from: /^SELECT '\{1\}'::int4\[\]::int8\[\]; --other user, fail/m,
      why: 'a session that may not make integers into bigints any more may not read the catalog either, and is denied',
    },
  ],
  [
    'temp',
    {
      from: /^PREPARE TRANSACTION 'twophase_search'/m,
      why: 'the gate looks what the search_path stands for, which makes the temporary schema before the transaction',
    },
  ],
])

/** What is to be the same. */
function same(script: string, output: string): string {
  const at = output.search(MEANT.get(script)?.from ?? /(?!)/)
  return at === -1 ? output : output.slice(0, at)
}

/** The first lines that are not the same, of both. */
function difference(straight: string, behind: string): string {
  const [one, two] = [straight.split('\n'), behind.split('\n')]
  const at = one.findIndex((line, i) => line !== two[i])
  const part = (lines: string[]): string => lines.slice(Math.max(at - 5, 0), at + 10).join('\n')
  return `straight:\n${part(one)}\n\nthrough the gate:\n${part(two)}`
}

describe("PostgreSQL's own regression statements give the same bytes through the gate", { skip }, () => {
  if ('missing' in straight || 'missing' in behind || skip !== false) return
  let gate: TestGate
  before(async () => {
    for (const server of [straight, behind]) await server.database('regression')
    gate = await startPostgresGate(behind.port, undefined, {
      rooms: { decide: () => ({ effect: 'allow', statements: [], obligations: [] }) },
    })
  })
  after(() => gate?.stop())

  for (const script of ONLY ?? scripts()) {
    test(script, async t => {
      const [straightOut, behindOut] = await Promise.all([
        run(script, straight.port, POSTGRES_PASSWORD),
        run(script, gate.port, GATE_PASSWORD),
      ])
      // What a test remembers of so many statements.
      gate.noted.length = 0
      const [one, two] = [same(script, straightOut), same(script, behindOut)]
      if (one !== straightOut) t.diagnostic(`not all of ${script}: ${MEANT.get(script)?.why}`)
      assert.ok(one === two, one === two ? '' : difference(one, two))
    })
  }
})
