import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../../core/clock.ts'
import { STARTED_MS, steadyRandom } from '../../record/journal.fixture.ts'
import { openJournal } from '../../record/journal.ts'
import { nodeFiles } from '../../record/node-files.ts'
import type { JournalSource } from '../../record/read.ts'
import { parseQuery } from '../../record/search/parse.ts'
import { days, STEP_CHOICES, type Step } from '../../record/search/search.fixture.ts'
import { searchJournal } from '../../record/search/search.ts'
import { layout, segmentNumbers } from '../../record/segment.ts'
import { COLUMNS } from './columns.ts'
import { type DuckSession, openDuck } from './duckdb.ts'
import { writeParquet } from './write.ts'

const someStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...STEP_CHOICES.kind),
  lane: fc.constantFrom(...STEP_CHOICES.lane),
  service: fc.constantFrom(...STEP_CHOICES.service),
  text: fc.constantFrom(...STEP_CHOICES.text),
  subject: fc.constantFrom(...STEP_CHOICES.subject),
  error: fc.constantFrom(...STEP_CHOICES.error),
  masked: fc.constantFrom(...STEP_CHOICES.masked),
  gapMs: fc.constantFrom(...STEP_CHOICES.gapMs),
})
const VECTORS = join(import.meta.dirname, '../../../vectors/athena')
const folder = mkdtempSync(join(tmpdir(), 'sallyport-parquet-'))
const source: JournalSource = { files: nodeFiles, folder: join(folder, 'journal') }
const written: string[] = []
let duck: DuckSession

before(async () => {
  const [steps = []] = fc.sample(fc.array(someStep, { minLength: 250, maxLength: 250 }), {
    numRuns: 1,
    seed: 7,
  })
  for (const [lane, events] of days(steps).lanes.entries()) {
    const ports = {
      files: nodeFiles,
      clock: new ManualClock(STARTED_MS),
      random: steadyRandom('j'),
      after: () => () => {},
    }
    const journal = await openJournal({ folder: source.folder, lane, segmentBytes: 4_000 }, ports)
    const outcomes: Promise<void>[] = []
    for (const event of events) {
      const appended = journal.append(event)
      if (event.type === 'outcome') outcomes.push(appended)
      else await appended
    }
    await journal.close()
    await Promise.all(outcomes)
    for (const segment of segmentNumbers(await nodeFiles.list(layout.lane(source.folder, lane)))) {
      const path = join(folder, `it's ${lane}-${segment}.parquet`)
      await writeParquet(source, lane, segment, path)
      written.push(path)
    }
  }
  duck = await openDuck({ memoryMiB: 256, threads: 1, paths: written })
  const files = written.map(path => `'${path.replaceAll("'", "''")}'`).join(', ')
  await duck.connection.run(
    `CREATE VIEW sallyport_events AS SELECT *, '2026-01-02' AS day FROM read_parquet([${files}])`,
  )
  await duck.connection.run(readFileSync(join(VECTORS, 'calls.sql'), 'utf8'))
})

after(() => {
  duck.close()
  rmSync(folder, { recursive: true })
})

async function rows(sql: string): Promise<readonly Record<string, unknown>[]> {
  return (await duck.connection.runAndReadAll(sql)).getRowObjectsJson()
}

test('the SQL for Athena finds what searches of the same meaning find', async () => {
  const names = readdirSync(VECTORS).filter(name => name.startsWith('by-'))
  assert.equal(names.length, 11)
  for (const name of names) {
    const sql = readFileSync(join(VECTORS, name), 'utf8')
    const query = /^-- sallyport sessions search (.*)$/m.exec(sql)?.[1]
    assert.ok(query !== undefined, name)
    const expected: string[] = []
    for await (const entry of searchJournal(source, parseQuery(query, STARTED_MS), { limit: 10_000 })) {
      const { id } =
        entry.kind === 'call' ? entry.decision : entry.kind === 'session' ? entry.session : entry.event
      expected.push(id)
    }
    assert.ok(expected.length > 0, `${name} finds nothing`)
    const found = await rows(sql.replace('LIMIT 100', ''))
    assert.deepEqual(found.map(row => row['event_id']).toSorted(), expected.toSorted(), name)
  }
})

test('every file is whole, for its owner alone, and has the columns of the table', async () => {
  assert.ok(written.length > 10)
  for (const path of written) assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(
    readdirSync(folder).filter(name => name.endsWith('.draft')),
    [],
  )
  const described = await rows('DESCRIBE sallyport_events')
  const table = readFileSync(join(VECTORS, 'table.sql'), 'utf8')
  const columns = [...table.matchAll(/^ {2}([a-z_]+) (string|bigint|timestamp|boolean|array<string>),?$/gm)]
  assert.deepEqual(
    columns.map(match => match[1]),
    Object.keys(COLUMNS),
  )
  assert.deepEqual(
    described.map(row => row['column_name']),
    [...Object.keys(COLUMNS), 'day'],
  )
})

test('each event of the journal is in one row: none is lost at the end of a segment', async () => {
  const [counts] = await rows(
    `SELECT count(*) AS all_rows, count(DISTINCT (lane, event_number, coalesce(decision_id, event_id))) AS different,
       count(*) FILTER (kind = 'outcome') AS endings FROM sallyport_events`,
  )
  assert.equal(counts?.['all_rows'], counts?.['different'])
  assert.notEqual(counts?.['endings'], '0')
})

test('there is no such segment', async () => {
  await assert.rejects(writeParquet(source, 0, 999, join(folder, 'x.parquet')), { code: 'segment-missing' })
  assert.deepEqual(
    readdirSync(folder).filter(name => name.startsWith('x.')),
    [],
  )
})

test('the database reaches no other file, loads nothing, and cannot be told to', async () => {
  const forbidden = [
    `SELECT * FROM read_text('/etc/hostname')`,
    `SELECT * FROM read_parquet('https://example.com/x.parquet')`,
    `COPY (SELECT 1) TO '${join(folder, 'other.csv').replaceAll("'", "''")}'`,
    `ATTACH '${join(folder, 'other.db')}' AS other`,
    'INSTALL httpfs',
    'LOAD httpfs',
    'SET enable_external_access = true',
    `SET allowed_paths = ['/etc/hostname']`,
  ]
  for (const sql of forbidden) await assert.rejects(duck.connection.run(sql), sql)
})
