import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { compileDetectors } from '../../src/mask/detect/set.ts'
import { startPostgres } from '../harness/postgres.ts'
import { startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'
import { without } from '../harness/postgres-programs.ts'
import { execute } from '../harness/process.ts'
import { ALLOW_ALL, sqlDesk } from '../harness/sql-desk.ts'

const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false
const HASH_KEY = Buffer.alloc(32, 7)
const FINDS = {
  Sid: 'Finds',
  Effect: 'Mask',
  Action: 'sql:*',
  Resource: '*',
  Mask: { Detect: ['email-address'] },
}

describe('what is found in results', { skip }, () => {
  let gate: TestGate
  let db: pg.Client
  const desk = sqlDesk(ALLOW_ALL, FINDS)

  before(async () => {
    if ('missing' in started) return
    const admin = new pg.Client({ connectionString: started.url })
    await admin.connect()
    await admin.query(`
      create table notes (id int primary key, body text, data jsonb);
      insert into notes values (1, 'mail canary@example.com', '{"to": "canary@example.com"}'), (2, 'nothing', '{}');
    `)
    await admin.end()
    const detector = (names: readonly string[], form: 'full' | 'partial' | 'hash' | 'null') => {
      const set = compileDetectors(names, new Map())
      return { mask: (text: string) => set.maskText(text, { form, hashKey: HASH_KEY }) }
    }
    gate = await startPostgresGate(started.port, undefined, { rooms: { ...desk.rooms, detector } })
    db = new pg.Client({ connectionString: gate.url() })
    db.on('error', () => undefined)
    await db.connect()
  })
  after(async () => {
    if ('missing' in started) return
    await db?.end()
    await gate?.stop()
    await started.stop()
  })

  for (const binary of [false, true]) {
    it(`is masked, in ${binary ? 'binary' : 'text'}, and only that`, async () => {
      const query = {
        text: 'select id, body, data::text as data from notes where id <= $1 order by id',
        values: [2],
        binary,
      }
      const { rows } = await db.query(query as pg.QueryConfig)
      assert.deepEqual(rows, [
        { id: 1, body: 'mail ~mask~', data: '{"to": "~mask~"}' },
        { id: 2, body: 'nothing', data: '{}' },
      ])
      const { outcome } = await gate.until(
        ({ what, outcome: of, question }) =>
          what === 'outcome' && of?.masked !== undefined && question !== undefined,
      )
      assert.equal(outcome?.masked?.count, 2)
    })
  }

  it('is in no other form of the same, in errors, or in notices', async () => {
    for (const sql of [
      'select array_agg(body) as x from notes',
      'select n as x from notes n',
      "select convert_to(body, 'UTF8') as x from notes",
      'select json_agg(n) as x from notes n',
      'select xmlelement(name a, body) as x from notes',
      'delete from notes where id = 1 returning body',
      'insert into notes values (1, $$canary@example.com$$)',
      'select body::int from notes',
    ]) {
      await db.query('begin')
      const said = await db.query(sql).then(
        ({ rows }) => JSON.stringify(rows),
        (error: pg.DatabaseError) => `${error.message} ${error.detail}`,
      )
      await db.query('rollback')
      assert.doesNotMatch(said, /canary/, sql)
    }
    const notices: string[] = []
    db.on('notice', ({ message }) => notices.push(message ?? ''))
    await db.query("do $$ begin raise notice 'canary@example.com'; end $$")
    assert.deepEqual(notices, ['~mask~'])
  })

  it('is masked in COPY, as are columns', {
    skip: without('psql'),
  }, async () => {
    const copy = async (sql: string): Promise<string> => {
      const { stdout, stderr } = await execute('psql', [gate.url(), '-X', '-c', sql])
      return stdout + stderr
    }
    assert.equal(await copy('copy notes (id, body) to stdout'), '1\tmail ~mask~\n2\tnothing\n')
    assert.equal(
      await copy('copy (select body, data, null from notes order by id) to stdout with csv header'),
      'body,data,?column?\n"mail ~mask~","{""to"": ""~mask~""}",\nnothing,{},\n',
    )
    assert.match(await copy('copy notes to stdout with (format binary)'), /have it as text or CSV/)
    desk.setPolicy(ALLOW_ALL, { ...FINDS, Mask: { Columns: ['notes.body'] } })
    assert.equal(
      await copy("copy (select upper(body), id from notes) to stdout (delimiter '|')"),
      '~mask~|1\n~mask~|2\n',
    )
    assert.equal(await copy('copy notes (body, id) to stdout csv'), '"~mask~",1\n"~mask~",2\n')
    assert.equal(await copy('copy notes (id) to stdout csv'), '1\n2\n')
    assert.match(await copy('copy notes to stdout with (format binary)'), /have it as text or CSV/)
    desk.setPolicy(ALLOW_ALL, FINDS)
  })

  it('is not looked for in files of the server, or where fields alone are named: these are denied with the reason', async () => {
    await assert.rejects(db.query("copy notes to '/tmp/x'"), /have it as text or CSV, to the client/)
    desk.setPolicy(ALLOW_ALL, { ...FINDS, Sid: 'Fields', Action: '*', Mask: { Fields: ['SecretString'] } })
    await assert.rejects(db.query('select 1'), /names fields of replies, which results of SQL do not have/)
  })
})
