import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Unresolved } from '../../model.ts'
import { lex } from '../lex/lexer.ts'
import { canonical } from './canonical.ts'
import { openQueryParser } from './parser.ts'

const parser = openQueryParser({ after: () => () => undefined })
after(() => parser.close())

function rewritten(sql: string): string {
  const lexed = lex(sql, { mariadb: true, ansiQuotes: false, noBackslashEscapes: false })
  assert.ok(lexed.kind === 'tokens')
  return canonical(lexed.tokens).sql
}

test('a statement is written anew from its tokens, without what readers cut differently', () => {
  assert.equal(
    rewritten("select 1--1 # x\n, \"a`b\" 'c', N'x', _latin1'y'"),
    "select 1 - - 1 , '6' , '8' , '10'",
  )
  assert.equal(rewritten('select*from`a b`.c where@x=.5'), 'select * from `a b` . c where ? = .5')
})

test('what has no safe form is refused', () => {
  for (const sql of ['select @a := 1', "select _sjis'x'", 'select `a``b`', `select ${'1+'.repeat(5_000)}1`]) {
    assert.throws(() => rewritten(sql), Unresolved, sql.slice(0, 40))
  }
})

test('the longest chains that are let through do not kill the parser', async () => {
  for (const part of ['1 + ', 'a -> ', 'not 1 and ', '- ']) {
    for (let n = 600; n > 100; n = Math.floor(n / 1.3)) {
      let sql: string
      try {
        sql = rewritten(`select ${part.repeat(n)} 1`)
      } catch {
        continue
      }
      const { kind } = await parser.parse(sql)
      assert.ok(kind === 'tree' || kind === 'syntax-error', `${part} ${n}`)
    }
  }
})

test('a text that kills the parser is refused, and the next one is read', async () => {
  const deadly = `select ${'1 + '.repeat(50_000)}1`
  await assert.rejects(parser.parse(deadly), { code: 'sql-parser-gone' })
  assert.equal((await parser.parse('select 1')).kind, 'tree')
})
