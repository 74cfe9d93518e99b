import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { Attacker, type Step, statesOf } from '../bypass/sql/postgres-attacker.ts'
import { CANARY, EXPRESSIONS, SCHEMA, SOURCES } from '../harness/masked-shapes.ts'
import { startPostgres } from '../harness/postgres.ts'
import { startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'

/*
 * More than a thousand queries over a masked column, each in every way that a client can run it: nothing that comes from the
 * gate holds the secret, in any form that the queries bring it into. Bytes of the connection are looked at, not rows.
 */

const MASKS = [{ columns: ['users.ssn', 'parts.ssn'], as: 'full' as const }]
const FORMS = [
  CANARY,
  [...CANARY].reverse().join(''),
  Buffer.from(CANARY).toString('hex'),
  Buffer.from(CANARY).toString('base64'),
]

/** A query in each way that a client can run it. */
const WAYS: Readonly<Record<string, (sql: string) => readonly Step[]>> = {
  simple: sql => [sql],
  extended: sql => [{ extended: sql }],
  binary: sql => [{ extended: sql, binary: true }],
  prepared: sql => [`prepare p as ${sql}`, 'execute p', 'deallocate p'],
  named: sql => [
    {
      say: [
        { parse: sql, as: 'n' },
        { describe: 'S n' },
        { bind: 'n', portal: 'q', binary: true },
        { describe: 'P q' },
        { execute: 'q', rows: 1 },
        { execute: 'q' },
        { close: 'S n' },
        'sync',
      ],
    },
  ],
  cursor: sql => [
    'begin',
    `declare c cursor for ${sql}`,
    'fetch 1 c',
    { extended: 'fetch all c' },
    'rollback',
  ],
  copy: sql => [`copy (${sql}) to stdout`],
  returning: sql => [`update orders set id = id where id = 1 returning (select t from (${sql}) t limit 1)`],
  'as-rows': sql => [`select row_to_json(t), t from (${sql}) t`],
}

const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false
let gate: TestGate
let straight: pg.Client

before(async () => {
  if ('missing' in started) return
  straight = new pg.Client(started.url)
  await straight.connect()
  await straight.query(SCHEMA)
  gate = await startPostgresGate(started.port)
  gate.policy.masks = MASKS
})
after(async () => {
  if ('missing' in started) return
  await straight.end()
  await gate.stop()
  await started.stop()
})

const shows = (heard: Buffer): boolean => FORMS.some(form => heard.includes(form))

test('over a thousand shapes, each in nine ways: the secret never comes', { skip }, async t => {
  const shapes: { readonly sql: string; readonly isSecret: boolean }[] = []
  for (const source of SOURCES) {
    for (const expression of EXPRESSIONS) {
      const sql = `select ${expression} from ${source}`
      const result = await straight.query({ text: sql, rowMode: 'array' }).catch(() => undefined)
      if (result !== undefined)
        shapes.push({ sql, isSecret: shows(Buffer.from(JSON.stringify(result.rows))) })
    }
  }
  assert.ok(shapes.length > 1_000, `${shapes.length} shapes`)
  assert.ok(shapes.filter(({ isSecret }) => isSecret).length > shapes.length / 2)
  const attacker = await Attacker.byGate(gate.port, 'postgres')
  const denied = new Map<string, string[]>()
  for (const [way, stepsOf] of Object.entries(WAYS)) {
    for (const { sql } of shapes) {
      const states: string[] = []
      for (const step of stepsOf(sql)) states.push(...statesOf(await attacker.say(step)))
      assert.ok(!shows(attacker.heard), `${way}: ${sql}`)
      assert.equal(attacker.closed, false, `${way}: ${sql}`)
      attacker.forget()
      if (states.length > 0) denied.set(way, [...(denied.get(way) ?? []), sql])
    }
  }
  attacker.leave()
  for (const way of Object.keys(WAYS)) {
    const { length } = denied.get(way) ?? []
    t.diagnostic(
      `${way}: ${shapes.length - length} of ${shapes.length} shapes come, masked; ${length} are denied`,
    )
  }
  for (const sql of denied.get('simple') ?? []) t.diagnostic(`denied: ${sql}`)
  // A gate that denied everything would show nothing, either.
  assert.ok((denied.get('simple')?.length ?? 0) < shapes.length / 2)
})
