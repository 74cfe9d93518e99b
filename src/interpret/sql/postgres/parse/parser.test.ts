import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { GateError } from '../../../../core/errors.ts'
import { MAX_NESTING, MAX_SQL_BYTES, MAX_TREE_DEPTH, STACK_MIB } from './limits.ts'
import type { Parsed } from './messages.ts'
import { nestingOf } from './nesting.ts'
import { openParser, type ParserPorts } from './parser.ts'

/** A slow machine is no reason to fail: the one test of time fires its timer itself. */
const never: ParserPorts['after'] = () => () => undefined
const parser = openParser({ after: never })
after(() => parser.close())

async function statementsOf(sql: string): Promise<readonly string[]> {
  const parsed = await parser.parse(sql)
  assert.equal(parsed.kind, 'statements', JSON.stringify(parsed).slice(0, 200))
  return parsed.kind === 'statements' ? parsed.statements.map(({ text }) => text) : []
}

test('each statement of a text is told by itself, in bytes that are not characters', async () => {
  assert.deepEqual(await statementsOf("select 'é'; ; /* ß */ delete from t -- hi\n;select $$;$$"), [
    "select 'é'",
    'delete from t -- hi',
    'select $$;$$',
  ])
})

test('an empty text has no statements', async () => {
  assert.deepEqual(await statementsOf(' -- nothing\n;;'), [])
})

test('a text comes with its form without constants', async () => {
  const [a, b] = await Promise.all([
    parser.parse("select 1, 'x' from t"),
    parser.parse("select 2, 'y' from t"),
  ])
  assert.ok(a.kind === 'statements' && b.kind === 'statements')
  assert.deepEqual(a.normalized, b.normalized)
  assert.equal(a.normalized?.text, 'select ?, ? from t')
})

test('what PostgreSQL would not take is a syntax error with its place', async () => {
  const parsed = await parser.parse('select from where')
  const { normalized, ...error } = parsed as Extract<typeof parsed, { kind: 'syntax-error' }>
  assert.deepEqual(error, { kind: 'syntax-error', message: 'syntax error at or near "where"', position: 12 })
  assert.equal(normalized?.text, 'select from where')
})

test('a NUL, after which the parser would stop without a word, is refused before it', async () => {
  assert.deepEqual(await parser.parse('select 1\0; drop table t'), {
    kind: 'too-complex',
    reason: 'the text holds a NUL',
  })
})

test('texts beyond the limits are refused, and the parser lives on', async () => {
  const lone = await parser.parse(`select '\ud800'`)
  assert.equal(lone.kind, 'too-complex')
  const long = await parser.parse(`select '${'x'.repeat(MAX_SQL_BYTES)}'`)
  assert.equal(long.kind, 'too-complex')
  const chain = await parser.parse(`select ${'1+'.repeat(MAX_NESTING)}1`)
  assert.equal(chain.kind, 'too-complex')
  const deep = await parser.parse(`select ${'1+'.repeat(MAX_TREE_DEPTH)}1`)
  assert.equal(deep.kind, 'too-complex')
  assert.deepEqual(await statementsOf('select 1'), ['select 1'])
})

test('nothing within the limits ends the parser, however it is nested', async () => {
  const repeated = (piece: string, end: string, close = ''): string => {
    const count = Math.floor(MAX_NESTING / (piece.length + close.length))
    return piece.repeat(count) + end + close.repeat(count)
  }
  for (const sql of [
    `select ${repeated('(', '1', ')')}`,
    `select ${repeated('1+', '1')}`,
    `select ${repeated('not ', 'true')}`,
    `select a${repeated('::int', '')}`,
    `select a${repeated('[1]', '')}`,
    `select a${repeated(' isnull', '')}`,
    `select ${repeated('array[', '', ']')}`,
    `select ${repeated('(select ', '1', ')')}`,
    `select 1 ${repeated('union select 1 ', '')}`,
    `select * from a ${repeated('join a on true ', '')}`,
    `select ${repeated('case when a then b else ', 'c', ' end')}`,
    repeated('explain ', 'select 1'),
    repeated('/*', '', '*/'),
  ]) {
    const parsed = await parser.parse(sql).catch((error: unknown) => error)
    assert.ok(!(parsed instanceof Error), `${sql.slice(0, 40)}: ${String(parsed)}`)
  }
  assert.deepEqual(await statementsOf('select 1'), ['select 1'])
})

test('a long list is not deep', async () => {
  const rows = "(1, 'abc', now() - interval '1 day'),".repeat(20_000)
  const sql = `insert into t values ${rows}(1, 'abc', now())`
  assert.ok(nestingOf(sql) < 50, String(nestingOf(sql)))
  const parsed = await parser.parse(sql)
  assert.equal(parsed.kind, 'statements')
})

test('the estimate of depth is never less than brackets and chains are deep', () => {
  const inert = fc.constantFrom(
    "'('",
    '"["',
    '$$((($$',
    '$a$ [ $a$',
    '/* ( /* [ */ ( */',
    '-- (\n',
    "e'\\'('",
    '$1',
  )
  fc.assert(
    fc.property(fc.array(inert, { maxLength: 8 }), fc.nat(50), fc.nat(50), (texts, brackets, chain) => {
      const inner = `${'1 + '.repeat(chain)}1 ${texts.join(' ')}`
      const sql = `select ${'('.repeat(brackets)}${inner}${')'.repeat(brackets)}`
      const estimate = nestingOf(sql)
      assert.ok(estimate >= brackets + chain)
      assert.ok(estimate <= brackets * 2 + 2 * chain + texts.length * 12 + 4, `${estimate}: ${sql}`)
    }),
  )
})

/** A thread that does with each text what the text says. */
function obedient(): Worker {
  return new Worker(
    `const { parentPort } = require('node:worker_threads')
     parentPort.on('message', ({ number, sql }) => {
       if (sql === 'die') throw new Error('memory access out of bounds')
       if (sql === 'hang') return
       parentPort.postMessage({ number, json: JSON.stringify({ kind: 'statements', statements: [] }) })
     })
     parentPort.postMessage({ ready: true })`,
    { eval: true, resourceLimits: { stackSizeMb: STACK_MIB } },
  )
}

const isGone = (error: unknown): boolean => error instanceof GateError && error.code === 'sql-parser-gone'

test('what ends the parser is refused, and what waited behind it is read by the next one', async () => {
  const fragile = openParser({ after: never, thread: obedient })
  const died = fragile.parse('die')
  const waited = fragile.parse('select 1')
  await assert.rejects(died, isGone)
  assert.deepEqual(await waited, { kind: 'statements', statements: [] } satisfies Parsed)
  await fragile.close()
})

test('a text that takes too long is refused, and its thread replaced', async () => {
  const timers: (() => void)[] = []
  const fragile = openParser({
    after(_delayMs, run) {
      timers.push(run)
      return () => undefined
    },
    thread: obedient,
  })
  const first = fragile.parse('select 1')
  await first
  const hung = fragile.parse('hang')
  while (timers.length < 2) await new Promise(resolve => setImmediate(resolve))
  timers[1]?.()
  await assert.rejects(hung, isGone)
  assert.equal((await fragile.parse('select 2')).kind, 'statements')
  await fragile.close()
})

test('closing refuses what waits', async () => {
  const closing = openParser({ after: never, thread: obedient })
  const waits = closing.parse('hang')
  const closed = closing.close()
  await assert.rejects(waits, isGone)
  await closed
  await assert.rejects(closing.parse('select 1'), isGone)
})
