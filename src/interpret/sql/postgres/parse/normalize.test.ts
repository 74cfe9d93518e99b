import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import fc from 'fast-check'
import { loadModule, parseSync, scanSync } from 'libpg-query'
import { MAX_NORMAL_LENGTH, outlineOf } from '../../normal-form.ts'
import { constantsIn, normalize, wordsOf } from './normalize.ts'

before(() => loadModule())

/** Constants of every form, with something in them that stands nowhere else. */
const CANARY = 'canary7391'
const NUMBER = '7391'
const constants: readonly ((value: string) => string)[] = [
  value => `'${value}'`,
  value => `'it''s ${value}'`,
  value => `E'it\\'s \\\\${value}'`,
  value => `E'a' \n 'c\\'${value}'`,
  value => `'a'\n '${value}'`,
  value => `U&'\\0041${value}'`,
  value => `U&'!0041${value}' UESCAPE '!'`,
  value => `N'${value}'`,
  value => `$$${value}$$`,
  value => `$a$ $b$ '${value} $a$`,
  () => NUMBER,
  () => `-${NUMBER}`,
  () => `${NUMBER}.${NUMBER}`,
  () => `.${NUMBER}e-7`,
  () => `1_${NUMBER}`,
  () => `0x${NUMBER}`,
  () => `X'${NUMBER}'`,
  () => "b'10101'",
  () => 'true',
  value => `date '${value}'`,
]
const comments: readonly string[] = [
  ' ',
  '\n',
  ` /* ${CANARY} /* ${NUMBER} */ ' */ `,
  ` -- ${CANARY} '\n`,
  `\t--${NUMBER}\r`,
]
const templates: readonly ((c: readonly string[], s: string) => string)[] = [
  ([a], s) => `SELECT${s}${a}${s}AS x`,
  ([a, b], s) => `select * from t where a =${s}${a} and b in (${b},${s}${a})`,
  ([a, b, c], s) => `INSERT INTO t VALUES (${a},${b}),${s}(${c},$1)`,
  ([a, b], s) => `update t set a = ${a}${s} where b @> ${b}`,
  ([a], s) => `create view v as select ${s}${a}`,
  ([a], s) => `create table t (a text default ${s}${a})`,
  ([a], s) => `prepare p as select ${s}${a}`,
  ([a, b], s) => `execute p(${a},${s}${b})`,
  ([a], s) => `explain analyze select ${s}${a}`,
  ([a], s) => `declare c cursor for select ${s}${a}`,
  ([a, b], s) => `select ${a};${s}select ${b};`,
  ([a], s) => `select f(a => ${s}${a}), b::numeric(${NUMBER})`,
]
const strings: readonly ((text: string) => string)[] = [
  text => `comment on table t is ${text}`,
  text => `create role r password ${text}`,
  text => `copy t to ${text}`,
  text => `notify c, ${text}`,
  text => `do ${text}`,
  text => `set a.b = ${text}`,
  text => `create user mapping for u server s options (password ${text})`,
  text => `alter system set a = ${text}`,
  text => `create function f() returns int language sql as ${text}`,
  text => `select interval ${text} second`,
]

const anyConstant = fc.constantFrom(...constants)
const anyText = fc
  .tuple(
    fc.oneof(
      fc.tuple(fc.constantFrom(...templates), fc.constantFrom(...comments)).map(([template, space]) => {
        return (values: readonly string[]): string => template(values, space)
      }),
      fc.constantFrom(...strings).map(template => (): string => template(`'${CANARY}'`)),
    ),
    fc.array(anyConstant, { minLength: 3, maxLength: 3 }),
  )
  .map(([template, forms]) => template(forms.map(form => form(CANARY))))

test('no constant and no comment is in the normal form, whatever the form in which it was written', () => {
  fc.assert(
    fc.property(anyText, sql => {
      const { text } = normalize(sql)
      assert.ok(!text.includes(CANARY) && !text.includes(NUMBER), `${sql}: ${text}`)
      assert.ok(!text.includes("'"), text)
    }),
  )
})

test('texts that differ in constants, spaces and comments alone have the same form', () => {
  const template = fc.constantFrom(...templates)
  const values = fc.array(anyConstant, { minLength: 3, maxLength: 3 })
  const space = fc.constantFrom(...comments)
  fc.assert(
    fc.property(template, values, values, space, space, (of, some, others, a, b) => {
      // What a type is written before is a cast, which is no part of the constant.
      const plain = (forms: typeof some): readonly string[] =>
        forms.map(form => form('x').replace(/^date /, ''))
      const uescaped = [...some, ...others].some(form => form('x').includes('UESCAPE'))
      fc.pre(!uescaped)
      assert.deepEqual(normalize(of(plain(some), a)), normalize(of(plain(others), b)))
    }),
  )
})

test('words are cut where the server cuts them', () => {
  const constantTypes = new Set([260, 261, 262, 263, 264, 266])
  fc.assert(
    fc.property(anyText, sql => {
      parseSync(sql)
      const bytes = Buffer.from(sql)
      const theirs = scanSync(sql)
        .tokens.filter(({ tokenName }) => !tokenName.endsWith('COMMENT'))
        .map(({ start, end, tokenType }) => [
          bytes.toString('utf8', start, end),
          constantTypes.has(tokenType),
        ])
      const mine = wordsOf(sql).map(({ token, start, end }) => [
        sql.slice(start, end),
        token.kind === 'constant',
      ])
      // What goes on in the next line is one word there and two here, side by side; `N` is a word of its own there.
      if (!/'\n '|N'/.test(sql)) assert.deepEqual(mine, theirs)
    }),
  )
})

test('a form is what people would write', () => {
  const form = (sql: string): string => normalize(sql).text
  assert.equal(
    form("SELECT a.id, count(*) FROM \"T\".t a WHERE b >= '2024-01-01' AND c IN ('CH', 'DE', $3) LIMIT 10"),
    'select a.id, count(*) from "T".t a where b >= ? and c in (...) limit ?',
  )
  assert.equal(
    form('insert into t values (1, -2), (3, 4) returning a-1, -1'),
    'insert into t values (?, ?), ... returning a - ?, ?',
  )
  assert.equal(
    form('set app.token to abc, def; alter role r set x = on'),
    'set app.token to ?, ?; alter role r set x = ?',
  )
  assert.equal(form(' ; ;commit ;; '), 'commit')
  assert.equal(form('select x from t where active is true'), 'select x from t where active is ?')
})

test('texts of another shape have another fingerprint; names in quotes keep their case', () => {
  const shapes = [
    'select a',
    'select b',
    'select "A"',
    'select a, b',
    'select a from t',
    'delete from t',
    'select $1',
  ]
  assert.equal(new Set(shapes.map(sql => normalize(sql).fingerprint)).size, shapes.length)
  assert.match(normalize('select 1').fingerprint, /^[0-9a-f]{16}$/)
})

test('a form of any length takes little room; its fingerprint is of more words than are kept, and not of millions', () => {
  const long = (last: string, count = 9_000): string => `select ${'a, '.repeat(count)}${last}`
  const { text, fingerprint } = normalize(long('b'))
  assert.ok(text.length < MAX_NORMAL_LENGTH + 100)
  assert.match(text, /<\d+ characters left out>$/)
  assert.notEqual(fingerprint, normalize(long('c')).fingerprint)
  assert.equal(normalize(long('b', 90_000)).fingerprint, normalize(long('c', 90_000)).fingerprint)
  assert.notEqual(normalize(long('b', 90_000)).fingerprint, fingerprint)
})

test('texts that are made to be slow are not', () => {
  for (const sql of [
    "''".repeat(500_000),
    '--\n'.repeat(500_000),
    '$a$'.repeat(300_001),
    '-'.repeat(1_000_000),
  ]) {
    normalize(sql)
  }
  normalize(`select 1 in (${'1,'.repeat(300_000)}1)`)
  normalize(`${'('.repeat(300_000)}1`)
  normalize(`values ${'(1,'.repeat(200_000)}`)
})

test('a text that does not end is a constant, whatever its quotes', () => {
  for (const open of ["'7391", '"7391', '"73""91', "E'73\\'91", '$a$7391', 'U&"7391', '/* 7391'])
    assert.doesNotMatch(normalize(`select ${open}`).text, /73|91/, open)
  assert.equal(normalize('select "a""b"').text, 'select "a""b"')
})

test('of what nobody could parse the outline has the words of SQL alone', () => {
  const outline = (sql: string): string => outlineOf(normalize(sql)).text
  assert.equal(outline('ALTER USER ann PASSWORD hunter2;'), 'alter user _ password _')
  assert.equal(
    outline('selec "a b", c1 from t where x = $1 and y = 5'),
    '_ _, _ from _ where _ = $_ and _ = ?',
  )
})

test('constants say what the server would read', () => {
  const text = [
    String.raw`select 'it''s', E'a\x41\101\u0041\n\'''', U&'\0041\+000041',`,
    "$a$'x'$a$, 1.5, X'1F' /* 'no' */",
  ].join(' ')
  assert.deepEqual(constantsIn(text, 99), ["it's", "aAAA\n''", 'AA', "'x'", '1.5', '1F'])
  assert.deepEqual(constantsIn('select 1, 2, 3', 2), ['1', '2'])
})
