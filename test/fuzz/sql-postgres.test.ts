import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { GateError } from '../../src/core/errors.ts'
import { type SqlStatement, Unresolved } from '../../src/interpret/sql/model.ts'
import { fixtureCatalog } from '../../src/interpret/sql/postgres/analyse/catalog.fixture.ts'
import { understand } from '../../src/interpret/sql/postgres/analyse/statement.ts'
import { openParser } from '../../src/interpret/sql/postgres/parse/parser.ts'
import { Attacker } from '../bypass/sql/postgres-attacker.ts'
import { startPostgres } from '../harness/postgres.ts'
import { startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'

const parser = openParser({
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
})
const catalog = fixtureCatalog()
const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false
let gate: TestGate

before(async () => {
  if ('missing' in started) return
  const owner = new pg.Client({ connectionString: started.url })
  await owner.connect()
  await owner.query("create table users (id int, ssn text); insert into users values (1, 'c4n4ry')")
  await owner.end()
  gate = await startPostgresGate(started.port)
  gate.policy.masks = [{ columns: ['users.ssn'], as: 'full' }]
})
after(async () => {
  await parser.close()
  if ('missing' in started) return
  await gate.stop()
  await started.stop()
})

/** What is said of a text, in one line; what cannot be told is `unknown`. */
async function said(sql: string): Promise<string> {
  const parsed = await parser.parse(sql)
  if (parsed.kind !== 'statements') return 'unknown'
  try {
    return parsed.statements
      .map(({ tree }) => shown(understand(tree, catalog, { searchPath: ['public'] })))
      .join('; ')
  } catch (error) {
    assert.ok(error instanceof Unresolved, String(error))
    return 'unknown'
  }
}

function shown({ tag, touches, output, inferred, copied, functions }: SqlStatement): string {
  const of = (set: ReadonlySet<{ relation: string; name: string }> | undefined): string =>
    [...(set ?? [])]
      .map(({ relation, name }) => `${relation}.${name}`)
      .sort()
      .join()
  const does = touches.map(
    ({ action, object: { schema, name }, columns }) =>
      `${action} ${schema}.${name}(${[...columns].sort().join()})`,
  )
  const columns = (output?.columns ?? []).map(({ from }) => of(from))
  return [tag, does.sort(), columns, of(output?.open), of(inferred), of(copied), [...functions].sort()].join(
    ' | ',
  )
}

/** Texts in parts: `n:` names, `s:` strings, the rest words and signs. */
const TEXTS: readonly string[] = [
  'select n:ssn from n:public . n:users',
  'select n:u . n:ssn , n:u . n:id from n:users n:u where n:u . n:name = s:a',
  'select * from n:users',
  'select n:users from n:users',
  'with n:w as ( select n:ssn from n:users ) select * from n:w',
  'select upper ( n:ssn ) , row_to_json ( n:users ) from n:users order by n:ssn limit 1',
  'insert into n:orders ( n:note ) select n:ssn from n:users returning n:id',
  'update n:users set n:name = n:ssn where n:id = 1',
  'delete from n:users using n:orders where n:users . n:id = n:orders . n:user_id',
  'copy ( select n:ssn from n:users ) to stdout',
  'create table n:t as select n:ssn from n:users',
  'alter table n:users rename column n:ssn to n:other',
  'create unique index on n:users ( n:ssn )',
  'truncate n:users , n:orders',
  'drop table n:users cascade',
  'select query_to_xml ( s:select , true , false , s:x )',
  'set n:search_path to n:sales',
  'explain ( analyze , verbose ) delete from n:orders',
  'do s:begin',
  'begin ; select n:ssn from n:users ; commit',
  'select case when n:ssn = s:x then 1 else 2 end from n:users union all select n:id from n:orders',
  'merge into n:orders n:o using n:users n:u on n:o . n:id = n:u . n:id when matched then update set n:note = n:u . n:ssn',
]

const between = fc.constantFrom(
  ' ',
  '\n',
  '\t',
  '\f',
  '\r\n',
  '/**/',
  ' /* /* x */ */ ',
  ' -- \'"$$\n',
  "/*'*/",
  '  ',
)
const turned = (word: string): fc.Arbitrary<string> =>
  fc
    .array(fc.boolean(), { minLength: word.length, maxLength: word.length })
    .map(upper => [...word].map((letter, i) => (upper[i] === true ? letter.toUpperCase() : letter)).join(''))
const escaped = (text: string, sign: string): string =>
  [...text].map(letter => `${sign}${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')

function written(part: string): fc.Arbitrary<string> {
  const name = /^n:(.*)$/.exec(part)?.[1]
  if (name !== undefined) {
    return fc.oneof(turned(name), fc.constantFrom(`"${name}"`, `U&"${escaped(name, '\\')}"`))
  }
  const string = /^s:(.*)$/.exec(part)?.[1]
  if (string !== undefined) {
    const dollars = [`$$${string}$$`, `$q$${string}$q$`]
    return fc.constantFrom(
      `'${string}'`,
      `E'${string}'`,
      `e'\\x${Buffer.from(string).toString('hex').match(/../g)?.join('\\x')}'`,
      `U&'${escaped(string, '\\')}'`,
      ...dollars,
    )
  }
  return turned(part)
}

const anyText = fc
  .constantFrom(...TEXTS)
  .chain(text =>
    fc
      .tuple(...text.split(' ').map(part => fc.tuple(written(part), between)))
      .map(parts => ({ text, mutated: parts.flat().join('') })),
  )

test('however a text is written, the same is said of it, or that it cannot be told', async () => {
  const plain = new Map<string, string>()
  for (const text of TEXTS) {
    const answer = await said(text.replace(/\bn:/g, '').replace(/\bs:(\w+)/g, "'$1'"))
    assert.notEqual(answer, 'unknown', text)
    plain.set(text, answer)
  }
  let known = 0
  await fc.assert(
    fc.asyncProperty(anyText, async ({ text, mutated }) => {
      const answer = await said(mutated)
      if (answer === 'unknown') return
      known += 1
      assert.equal(answer, plain.get(text), mutated)
    }),
    { numRuns: 2_000 },
  )
  assert.ok(known > 1_500, `${known} were understood`)
})

const piece = fc.oneof(
  fc.constantFrom(
    ...[
      '\0',
      "'",
      '"',
      '$$',
      '$a$',
      '/*',
      '*/',
      '--',
      '\n',
      ';',
      '(',
      ')',
      '\\',
      "E'",
      'U&"',
      '\u00a0',
      '\ufeff',
    ],
    ...[
      '\u{1f600}',
      '\ud800',
      'ſ',
      'İ',
      ' select ',
      ' from users ',
      ' union ',
      ' with ',
      '::',
      '.',
      '*',
      '[',
      ']',
    ],
  ),
  fc.string({ maxLength: 5 }),
)
const broken = fc
  .tuple(fc.constantFrom(...TEXTS), fc.array(fc.tuple(fc.nat(), fc.nat({ max: 5 }), piece), { maxLength: 4 }))
  .map(([text, changes]) => {
    let sql = text.replace(/\b[ns]:/g, '')
    for (const [at, gone, put] of changes) {
      const place = at % (sql.length + 1)
      sql = sql.slice(0, place) + put + sql.slice(place + gone)
    }
    return sql
  })

test('a text that was cut and filled with anything is read, or refused, and never more', async () => {
  await fc.assert(
    fc.asyncProperty(broken, async sql => {
      try {
        await said(sql)
      } catch (error) {
        assert.ok(error instanceof GateError && error.code !== 'internal', String(error))
      }
    }),
    { numRuns: 3_000 },
  )
})

const DEEP: readonly string[] = [
  `select ${'('.repeat(200_000)}1${')'.repeat(200_000)}`,
  `select ${'1+'.repeat(300_000)}1`,
  `select ${'not '.repeat(300_000)}true`,
  `select ${'array['.repeat(100_000)}1${']'.repeat(100_000)}`,
  `select 1 ${'union select 1 '.repeat(100_000)}`,
  `select * from ${'(select * from '.repeat(30_000)}users${') x'.repeat(30_000)}`,
  `select ${'case when true then '.repeat(50_000)}1${' end'.repeat(50_000)}`,
  `select 1 ${'/*'.repeat(500_000)}`,
  `select '${'x'.repeat(3_000_000)}'::text`,
]

test('texts that are too deep are denied, and what follows is read as ever', { skip }, async () => {
  const attacker = await Attacker.byGate(gate.port, 'postgres')
  for (const sql of DEEP) {
    for (const step of [sql, { extended: sql }]) {
      await attacker.say(step)
      assert.equal(attacker.closed, false)
      attacker.forget()
      const answer = await attacker.say('select ssn from users')
      assert.equal(answer.filter(({ kind }) => kind === 'data-row').length, 1)
      assert.ok(!attacker.heard.includes('c4n4ry'))
      attacker.forget()
    }
  }
  attacker.leave()
})

/** A frame of a known type with a right length and anything in it, or just anything. */
const frame = fc
  .tuple(fc.constantFrom(...'QPBDECHSXFdcfp'), fc.uint8Array({ maxLength: 40 }))
  .map(([type, body]) => {
    const head = Buffer.alloc(5)
    head.write(type, 'latin1')
    head.writeInt32BE(body.length + 4, 1)
    return Buffer.concat([head, body])
  })
const bytes = fc.oneof(
  { weight: 5, arbitrary: frame },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map(all => Buffer.from(all)) },
)

test('whatever a client says, it hears no secret, and others are served', { skip }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 6 }), async all => {
      const attacker = await Attacker.byGate(gate.port, 'postgres')
      await attacker.say({ say: [{ parse: 'select ssn from users', as: 'p' }, 'sync'] })
      // Where the noise ends within a message the Sync behind it is a part of that: nothing is waited for.
      await attacker.say({ say: [{ raw: Buffer.concat(all).toString('hex') }], ready: 0 })
      const other = await Attacker.byGate(gate.port, 'postgres')
      const answer = await other.say('select ssn from users')
      assert.equal(answer.filter(({ kind }) => kind === 'data-row').length, 1)
      assert.ok(!other.heard.includes('c4n4ry'))
      assert.ok(!attacker.heard.includes('c4n4ry'))
      other.leave()
      attacker.leave()
    }),
    { numRuns: 150 },
  )
  assert.deepEqual(
    gate.troubles.map(({ message }) => message),
    [],
  )
})
