import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stateOf, textOf } from './session-state.ts'

const hex = (text: string, encoding?: BufferEncoding): string =>
  Buffer.from(text, encoding).toString('hex').toUpperCase()
const ROW = { database: hex('shop'), mode: 'STRICT_TRANS_TABLES', client: 'utf8mb4', connection: 'utf8mb4' }

test('a state is what the server says', () => {
  assert.deepEqual(stateOf([{ ...ROW, mode: 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES' }], { mariadb: true }), {
    database: 'shop',
    dialect: { mariadb: true, ansiQuotes: true, noBackslashEscapes: true },
    charset: 'utf8mb4',
  })
  assert.equal(stateOf([{ ...ROW, database: null }], { mariadb: false }).database, undefined)
})

test('sessions whose texts the gate would read otherwise than the server are refused', () => {
  for (const row of [
    { ...ROW, mode: 'ORACLE' },
    { ...ROW, mode: 'ANSI_QUOTES,MSSQL' },
    { ...ROW, client: 'gbk' },
    { ...ROW, client: 'sjis' },
    { ...ROW, connection: 'big5' },
    { ...ROW, client: null },
    { ...ROW, database: 'shop' },
    { ...ROW, database: Buffer.from(hex('慢'), 'utf16le').toString('latin1') },
  ]) {
    assert.throws(() => stateOf([row], { mariadb: true }), { code: 'sql-session-unclear' })
  }
  assert.throws(() => stateOf([], { mariadb: true }), { code: 'sql-session-unclear' })
})

test('what is ASCII is the same in each character set', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), text => {
      for (const charset of ['utf8mb4', 'utf8mb3', 'latin1', 'ascii'] as const) {
        assert.equal(textOf(Buffer.from(text), charset), text)
      }
    }),
  )
})

test('bytes that are no text in a character set are none', () => {
  assert.equal(textOf(Buffer.of(0xe9), 'utf8mb4'), undefined)
  assert.equal(textOf(Buffer.of(0xe9), 'ascii'), undefined)
  assert.equal(textOf(Buffer.of(0xe9, 0x80), 'latin1'), 'é€')
  assert.equal(textOf(Buffer.from('😀'), 'utf8mb3'), undefined)
  assert.equal(textOf(Buffer.from('😀'), 'utf8mb4'), '😀')
  assert.equal(textOf(Buffer.from('\ufeffselect'), 'utf8mb4'), '\ufeffselect')
})
