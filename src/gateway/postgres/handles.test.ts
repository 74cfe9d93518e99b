import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { fixtureCatalog } from '../../interpret/sql/postgres/analyse/catalog.fixture.ts'
import { openParser } from '../../interpret/sql/postgres/parse/parser.ts'
import { Handles } from './handles.ts'
import { type Names, understandText } from './understanding.ts'
import { UnderstoodTexts } from './understood-texts.ts'

const PLACE = { region: 'r', account: '1', target: 't', database: 'd' }
const parser = openParser({ after: () => () => undefined })
after(() => parser.close())

const TEXTS = [
  'select ssn from users',
  'select * from users',
  'select id, region from users',
  'select * from shown',
  'insert into orders (id) select id from users',
  'create table users (ssn text)',
  'prepare p as select ssn from users',
  'execute p',
  'deallocate p',
  'set search_path to sales',
  'begin; select lower(name) from users; commit',
  'not sql at all',
]

async function viewOf(sql: string): Promise<unknown> {
  const parsed = await parser.parse(sql)
  return parsed.kind === 'statements' ? parsed.statements[0]?.tree : undefined
}

async function catalogs(): Promise<readonly Names['catalog'][]> {
  const shown = async (sql: string): Promise<Names['catalog']> =>
    fixtureCatalog({ views: { 'public.shown': { columns: ['a'], definition: await viewOf(sql) } } })
  return [
    fixtureCatalog(),
    await shown('select name as a from public.users'),
    await shown('select ssn as a from public.users'),
  ]
}

const PATHS = [
  ['pg_catalog', 'public'],
  ['pg_catalog', 'sales', 'public'],
  ['pg_catalog', 'sales'],
  ['pg_temp', 'pg_catalog', 'public'],
  ['pg_catalog'],
] as const

test('what is remembered of texts is what they are by the names of now, in each session', async () => {
  const parsed = await Promise.all(TEXTS.map(text => parser.parse(text)))
  const known = await catalogs()
  const step = fc.record({
    session: fc.nat(1),
    text: fc.nat(TEXTS.length - 1),
    catalog: fc.nat(known.length - 1),
    path: fc.nat(PATHS.length - 1),
    prepares: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const texts = new UnderstoodTexts()
      const sessions = [0, 1].map(() => {
        const names = { version: 0, names: { catalog: known[0], searchPath: PATHS[0] } as Names }
        return { names, handles: new Handles(PLACE, names, texts) }
      })
      for (const { session, text, catalog, path, prepares } of steps) {
        const { names, handles } = sessions[session] as (typeof sessions)[number]
        names.names = { catalog: known[catalog], searchPath: PATHS[path] } as Names
        names.version += 1
        const tree = parsed[text] as (typeof parsed)[number]
        const sql = TEXTS[text] as string
        const fresh = understandText(tree, names.names, handles, PLACE)
        assert.deepEqual(handles.understand(tree), fresh)
        assert.deepEqual(handles.read({ sql, parsed: tree }), fresh)
        if (prepares) handles.learn(sql, tree, fresh)
      }
    }),
  )
})

test('a prepared statement is understood once, and anew when names have changed', async () => {
  const [first, , other] = await catalogs()
  const names = { version: 0, names: { catalog: first, searchPath: PATHS[0] } as Names }
  const handles = new Handles(PLACE, names, new UnderstoodTexts())
  const prepared = { sql: 'select * from shown', parsed: await parser.parse('select * from shown') }
  assert.notEqual(handles.read(prepared).unclear, undefined)
  names.names = { catalog: other, searchPath: PATHS[0] } as Names
  names.version += 1
  const read = handles.read(prepared)
  assert.equal(read.unclear, undefined)
  assert.equal(handles.read(prepared), read)
})

test('texts and parameters are counted, also when they are taken back', () => {
  const handles = new Handles(PLACE, { version: 0, names: {} as Names }, new UnderstoodTexts())
  const large = 'x'.repeat(100 * 1024 * 1024)
  const put = (name: string): (() => void) =>
    handles.setStatement(name, { sql: large, parsed: { kind: 'statements', statements: [] } })
  put('a')
  assert.equal(handles.isFull, false)
  const undo = put('b')
  assert.equal(handles.isFull, true)
  undo()
  assert.equal(handles.isFull, false)
  put('a')
  assert.equal(handles.isFull, false)
})

test('a cursor that was closed is known no more, nor is anything after DISCARD ALL alone', async () => {
  const [catalog] = await catalogs()
  const names = { version: 0, names: { catalog, searchPath: PATHS[0] } as Names }
  const handles = new Handles(PLACE, names, new UnderstoodTexts())
  const run = async (sql: string): Promise<void> => {
    const parsed = await parser.parse(sql)
    const understood = handles.understand(parsed)
    handles.forget(understood)
    handles.learn(sql, parsed, understood)
  }
  const known = (): readonly boolean[] => [
    handles.cursor('c') !== undefined,
    handles.prepared('p') !== undefined,
  ]
  await run('prepare p as select id from users')
  await run('declare c cursor for select id from users')
  assert.deepEqual(known(), [true, true])
  for (const what of ['plans', 'sequences', 'temp']) await run(`discard ${what}`)
  assert.deepEqual(known(), [true, true])
  await run('close c')
  assert.deepEqual(known(), [false, true])
  await run('declare c cursor for select id from users; close c')
  assert.deepEqual(known(), [false, true])
  await run('declare c cursor for select id from users')
  await run('close all')
  assert.deepEqual(known(), [false, true])
  await run('declare c cursor for select id from users')
  await run('discard all')
  assert.deepEqual(known(), [false, false])
})
