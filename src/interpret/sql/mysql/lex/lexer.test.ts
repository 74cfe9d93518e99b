import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../../../../test/harness/any-character.ts'
import { lex } from './lexer.ts'
import type { Dialect, Token } from './token.ts'

const MYSQL: Dialect = { mariadb: false, ansiQuotes: false, noBackslashEscapes: false }

function tokens(sql: string, dialect: Dialect = MYSQL): readonly Token[] {
  const lexed = lex(sql, dialect)
  assert.ok(lexed.kind === 'tokens', JSON.stringify(lexed))
  return lexed.tokens
}

const shown = (sql: string, dialect?: Dialect): string =>
  tokens(sql, dialect)
    .map(({ kind, value }) => `${kind}:${value}`)
    .join(' ')

const CASES: readonly (readonly [string, string])[] = [
  ['select 1--1', 'word:select number:1 operator:- operator:- number:1'],
  ['select 1-- 1', 'word:select number:1'],
  ['select 1--\t1\n+2', 'word:select number:1 operator:+ number:2'],
  ['select 1 # ssn\n, 2', 'word:select number:1 operator:, number:2'],
  ['select/**/ssn/* x */from users', 'word:select word:ssn word:from word:users'],
  ["select 'a''b\\'c\\n' , \"d\"\"e\"", "word:select string:a'b'c\n operator:, string:d\"e"],
  ['select `a``b`.`c`', 'word:select name:a`b operator:. name:c'],
  [
    'select 1a, 1e5, 1.5e-3, .5, t.5, 0x1F, 0xZZ',
    'word:select word:1a operator:, number:1e5 operator:, number:1.5e-3 operator:, number:.5 operator:, word:t operator:. word:5 operator:, bytes:0x1F operator:, word:0xZZ',
  ],
  [
    "select x'4142', b'01', N'x', _utf8mb4'y'",
    'word:select bytes:4142 operator:, bytes:01 operator:, word:N string:x operator:, word:_utf8mb4 string:y',
  ],
  [
    'set @a := @@global.x, @`b c` = @"d"',
    'word:set variable:a operator::= system-variable:global.x operator:, variable:b c operator:= variable:d',
  ],
  ['select a->>"$.b" <=> ?', 'word:select word:a operator:->> string:$.b operator:<=> parameter:?'],
  ['select 1; ; drop table t', 'word:select number:1 end:; end:; word:drop word:table word:t'],
  ['select größe from t$1', 'word:select word:größe word:from word:t$1'],
  ["select 'a\\%b'", 'word:select string:a\\%b'],
]

for (const [sql, expected] of CASES) test(sql, () => assert.equal(shown(sql), expected))

test('quotes mean what the mode of the session says', () => {
  assert.equal(shown('select "a"', { ...MYSQL, ansiQuotes: true }), 'word:select name:a')
  const plain = { ...MYSQL, noBackslashEscapes: true }
  const evasion = "select 'a\\', ssn, ''"
  assert.equal(shown(evasion, plain), 'word:select string:a\\ operator:, word:ssn operator:, string:')
  assert.equal(lex(evasion, MYSQL).kind, 'refused')
})

for (const [why, sql] of [
  ['a comment that is executed', 'select 1 /*! , ssn */ from users'],
  ['a comment that one version executes', 'select 1 /*!99999 , ssn */ from users'],
  ['a comment that MariaDB executes', 'select 1 /*M! , ssn */ from users'],
  ['a comment in a comment', 'select 1 /* /* */ , ssn */ from users'],
  ['a comment without an end', 'select 1 /* , ssn from users'],
  ['a string without an end', "select 'a"],
  ['a string whose end is escaped', "select 'a\\'"],
  ['a NUL', 'select 1\0, ssn'],
  ['half a character', "select '\ud800'"],
  ['a name beyond the basic plane', 'select \u{1f600} from t'],
  ['an empty name', 'select `` from t'],
  ['odd hexadecimal digits', "select x'4'"],
  ['a control character', 'select \x01 1'],
  ['a backslash outside of quotes', 'select \\N'],
] as const) {
  test(`${why} is refused`, () => assert.equal(lex(sql, MYSQL).kind, 'refused'))
}

const piece = fc.constantFrom(
  ...[
    'select',
    'a',
    '1',
    '.5',
    '1e5',
    "'x'",
    "'a''b'",
    '"q"',
    '`n`',
    '-- c\n',
    '--',
    '- -',
    '#c\n',
    '/* c */',
    '@v',
    '@@s',
    '0x1',
    "x'41'",
  ],
  ...['?', ';', ',', '(', ')', '->>', ':=', '<=>', '||', ' ', '\n', '\\', "'", '/*', '*/', '!', 'é'],
)
const dialect = fc.record({
  mariadb: fc.boolean(),
  ansiQuotes: fc.boolean(),
  noBackslashEscapes: fc.boolean(),
})

test('tokens stand in order and do not overlap; between them stand spaces and comments alone', () => {
  fc.assert(
    fc.property(fc.array(piece), dialect, (pieces, of) => {
      const sql = pieces.join('')
      const lexed = lex(sql, of)
      if (lexed.kind !== 'tokens') return
      let at = 0
      for (const token of lexed.tokens) {
        assert.equal(token.text, sql.slice(token.start, token.end))
        assert.ok(token.start >= at && token.end > token.start)
        assert.match(
          sql.slice(at, token.start),
          /^(?:\s|#[^\n]*(?:\n|$)|--[\s\x7f][^\n]*(?:\n|$)|--\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*$/,
        )
        at = token.end
      }
    }),
  )
})

test('what was read reads the same when it is written with single spaces', () => {
  fc.assert(
    fc.property(fc.array(piece), dialect, (pieces, of) => {
      const lexed = lex(pieces.join(''), of)
      if (lexed.kind !== 'tokens') return
      const again = lex(lexed.tokens.map(({ text }) => text).join(' '), of)
      assert.ok(again.kind === 'tokens')
      const isJoined = lexed.tokens.some(
        ({ text }, i) => text === '.' || text === '-' || lexed.tokens[i + 1]?.kind === 'string',
      )
      if (!isJoined)
        assert.deepEqual(
          again.tokens.map(({ kind, value }) => [kind, value]),
          lexed.tokens.map(({ kind, value }) => [kind, value]),
        )
    }),
  )
})

test('any text at all is read or refused', () => {
  fc.assert(fc.property(fc.string({ unit: ANY_CHARACTER }), dialect, (sql, of) => void lex(sql, of)))
})

test('comments that every server executes are read as what they execute, where they are read at all', () => {
  const dialect = { mariadb: true, ansiQuotes: false, noBackslashEscapes: false, readsVersionComments: true }
  const words = (sql: string): string | undefined => {
    const lexed = lex(sql, dialect)
    return lexed.kind === 'tokens' ? lexed.tokens.map(({ text }) => text).join(' ') : undefined
  }
  assert.equal(words('/*!40101 SET NAMES utf8mb4 */'), 'SET NAMES utf8mb4')
  assert.equal(words("SELECT /*!40001 SQL_NO_CACHE */ '*/' # */\n, 1"), "SELECT SQL_NO_CACHE '*/' , 1")
  assert.equal(words('/*!50003 select 2*/'), 'select 2')
  for (const sql of [
    '/*!50100 select 1 */',
    '/*!501001 select 1 */',
    '/*!80000 select 1 */',
    '/*! select 1 */',
    '/*M!40101 select 1 */',
    '/*!40101 select /* 1 */ 2 */',
    '/*!40101 select 1 /*!40101 , 2 */ */',
    '/*!40101 select 1',
    '/*!040101 select 1 */',
  ]) {
    assert.equal(words(sql), undefined, sql)
  }
  assert.equal(words('select 1 */ 2'), 'select 1 * / 2')
  assert.equal(lex('/*!40101 select 1 */', { ...dialect, readsVersionComments: false }).kind, 'refused')
})

test('the space of latin1 alone is no part of a name, and nothing else outside of quotes', () => {
  const dialect = { mariadb: true, ansiQuotes: false, noBackslashEscapes: false }
  for (const sql of [
    'select 1 --\u00a0a',
    'select\u00a01',
    'select @a\u00a0',
    'select 1\u00a0',
    'select a\u00a0b',
  ]) {
    assert.equal(lex(sql, dialect).kind, 'refused', sql)
  }
  assert.equal(lex("select '\u00a0', `a\u00a0b` # \u00a0", dialect).kind, 'tokens')
})
