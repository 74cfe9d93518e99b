import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { NormalForm } from '../normal-form.ts'
import type { Dialect } from './lex/token.ts'
import { normalFormOf } from './normalize.ts'

const DIALECT: Dialect = { mariadb: false, ansiQuotes: false, noBackslashEscapes: false }

function form(sql: string, dialect: Dialect = DIALECT): NormalForm {
  const found = normalFormOf(sql, dialect)
  assert.ok(found !== undefined, sql)
  return found
}

const CANARY = 'canary7391'
const NUMBER = '7391'
const constants: readonly string[] = [
  `'${CANARY}'`,
  `"it's ${CANARY}"`,
  `'it\\'s ${CANARY}'`,
  `'it''s ${CANARY}'`,
  `'a' '${CANARY}'`,
  NUMBER,
  `-${NUMBER}`,
  `${NUMBER}.5e-3`,
  `.${NUMBER}`,
  `0x${NUMBER}`,
  `x'${NUMBER}'`,
  `b'10101'`,
  `0b10101`,
  'TRUE',
]
/** A word stands before these: it is a character set's name, and stays. */
const introduced = [`_utf8mb4'${CANARY}'`, `N'${CANARY}'`, `_latin1 x'${NUMBER}'`]
const comments = [' ', '\n', ` /* ${CANARY} ' */ `, ` -- ${CANARY} '\n`, ` # ${NUMBER}\n`, ` --\t${NUMBER}\n`]
const templates: readonly ((c: readonly string[], s: string) => string)[] = [
  ([a], s) => `SELECT${s}${a}${s}AS x`,
  ([a, b], s) => `select * from t where a =${s}${a} and b in (${b},${s}${a})`,
  ([a, b, c], s) => `INSERT INTO t VALUES (${a},${b}),${s}(${c},?)`,
  ([a, b], s) => `update t set a = ${a}${s} where b <=> ${b}`,
  ([a], s) => `set @x = ${s}${a}`,
  ([a, b], s) => `select ${a};${s}select ${b};`,
  ([a], s) => `create table t (a int default${s}${a})`,
]
const anyValues = (from: readonly string[]): fc.Arbitrary<string[]> =>
  fc.array(fc.constantFrom(...from), { minLength: 3, maxLength: 3 })

test('no constant and no comment is in the normal form, whatever the form in which it was written', () => {
  const values = anyValues([...constants, ...introduced])
  fc.assert(
    fc.property(fc.constantFrom(...templates), values, fc.constantFrom(...comments), (of, some, space) => {
      const { text } = form(of(some, space))
      assert.ok(!text.includes(CANARY) && !text.includes(NUMBER), text)
    }),
  )
})

test('texts that differ in constants, spaces and comments alone have the same form', () => {
  const values = anyValues(constants)
  const space = fc.constantFrom(...comments)
  fc.assert(
    fc.property(fc.constantFrom(...templates), values, values, space, space, (of, some, others, a, b) => {
      assert.deepEqual(form(of(some, a)), form(of(others, b)))
    }),
  )
})

test('names of accounts and passwords are left out, keywords and spaces are folded, names of tables are not', () => {
  assert.equal(
    form(`GRANT SELECT ON db.* TO 'ann'@'${CANARY}' IDENTIFIED BY '${CANARY}'`).text,
    'grant select on db.* to ? @ ? IDENTIFIED by ?',
  )
  assert.equal(form('Select  COUNT(*)\nFROM T').text, 'select COUNT(*) from T')
  assert.notEqual(form('select * from T').fingerprint, form('select * from t').fingerprint)
})

test('double quotes are names where the session says so', () => {
  assert.equal(form('select "a"').text, 'select ?')
  assert.equal(form('select "a"', { ...DIALECT, ansiQuotes: true }).text, 'select "a"')
})

test('of what the lexer refuses nothing is said', () => {
  assert.equal(normalFormOf("select /*! 'x' */", DIALECT), undefined)
  assert.equal(normalFormOf("select 'x", DIALECT), undefined)
})
