import assert from 'node:assert/strict'
import test from 'node:test'
import { GateError } from '../../core/errors.ts'
import { capabilities, NEEDED, STATUS } from './capabilities.ts'
import { Replies } from './replies.ts'
import {
  writeAuthenticationReply,
  writeColumn,
  writeColumnCount,
  writeEof,
  writeFailure,
  writeLocalFile,
  writeOk,
  writePrepared,
  writeTextRow,
} from './writer.ts'

const DEPRECATED = (NEEDED | capabilities('deprecateEof')) >>> 0

const column = writeColumn({
  schema: 'd',
  table: 't',
  originalTable: 't',
  name: 'id',
  originalName: 'id',
  collation: 63,
  length: 11,
  type: 3,
  flags: 0,
  decimals: 0,
  defaultValue: undefined,
})
const listed = Buffer.concat([column, Buffer.of(0xfb)])
const row = writeTextRow([Buffer.from('1')])
const eof = (status = 2): Buffer => writeEof({ kind: 'eof', warnings: 0, status })
const ok = (status = 2, first: 0x00 | 0xfe = 0x00): Buffer =>
  writeOk(
    { kind: 'ok', affectedRows: 0n, lastInsertId: 0n, status, warnings: 0, info: undefined, changes: [] },
    NEEDED,
    first,
  )
const failure = writeFailure({ kind: 'error', code: 1064, sqlstate: '42000', message: 'no' })
const prepared = (parameters: number, columns: number): Buffer =>
  writePrepared({ kind: 'prepared', statement: 1, columns, parameters, warnings: 0 })

/** The kinds of the packets of an answer, which must end with the last one and not before. */
function kinds(
  agreed: number,
  command: Parameters<Replies['begin']>[0],
  ...packets: readonly Buffer[]
): string {
  const replies = new Replies(agreed)
  replies.begin(command)
  const all: string[] = []
  for (const packet of packets) {
    assert.equal(replies.done, false, `done after ${all.join(' ')}`)
    all.push(replies.read(packet).kind)
  }
  assert.equal(replies.done, true, `not done after ${all.join(' ')}`)
  return all.join(' ')
}

test('results, of old and as they are now', () => {
  assert.equal(
    kinds(NEEDED, 'query', writeColumnCount(1), column, eof(), row, row, eof()),
    'columns column columns-end row row end',
  )
  assert.equal(
    kinds(DEPRECATED, 'query', writeColumnCount(2), column, column, row, ok(2, 0xfe)),
    'columns column column row end',
  )
  assert.equal(
    kinds(NEEDED, 'query', writeColumnCount(1), column, eof(), row, failure),
    'columns column columns-end row error',
  )
  assert.equal(kinds(DEPRECATED, 'query', writeColumnCount(1), failure), 'columns error')
  assert.equal(kinds(NEEDED, 'query', ok()), 'ok')
  assert.equal(kinds(NEEDED, 'query', failure), 'error')
})

test('several results, where an OK or an end says that more follow', () => {
  const more = 2 | STATUS.moreResults
  assert.equal(kinds(NEEDED, 'query', ok(more), ok()), 'ok ok')
  assert.equal(kinds(NEEDED, 'query', ok(more), failure), 'ok error')
  assert.equal(
    kinds(NEEDED, 'stmt-execute', writeColumnCount(1), column, eof(more), row, eof(more), ok()),
    'columns column columns-end row end ok',
  )
  assert.equal(
    kinds(
      DEPRECATED,
      'query',
      writeColumnCount(1),
      column,
      row,
      ok(more, 0xfe),
      writeColumnCount(1),
      column,
      ok(2, 0xfe),
    ),
    'columns column row end columns column end',
  )
})

test('prepared statements: parameters, then columns, each if there are any', () => {
  assert.equal(
    kinds(NEEDED, 'stmt-prepare', prepared(2, 1), column, column, eof(), column, eof()),
    'prepared parameter parameter columns-end column columns-end',
  )
  assert.equal(kinds(DEPRECATED, 'stmt-prepare', prepared(1, 1), column, column), 'prepared parameter column')
  assert.equal(kinds(NEEDED, 'stmt-prepare', prepared(0, 0)), 'prepared')
  assert.equal(kinds(NEEDED, 'stmt-prepare', prepared(0, 1), column, eof()), 'prepared column columns-end')
  assert.equal(kinds(NEEDED, 'stmt-prepare', failure), 'error')
})

test('cursors: no rows until they are fetched', () => {
  const open = 2 | STATUS.cursorExists
  assert.equal(
    kinds(NEEDED, 'stmt-execute', writeColumnCount(1), column, eof(open)),
    'columns column columns-end',
  )
  assert.equal(
    kinds(DEPRECATED, 'stmt-execute', writeColumnCount(1), column, ok(open, 0xfe)),
    'columns column end',
  )
  assert.equal(kinds(NEEDED, 'stmt-fetch', row, row, eof(open)), 'row row end')
  assert.equal(kinds(DEPRECATED, 'stmt-fetch', ok(2 | STATUS.lastRowSent, 0xfe)), 'end')
})

test('files, columns of tables, other users, and what needs no answer', () => {
  assert.equal(kinds(NEEDED, 'query', writeLocalFile('rows.txt'), ok()), 'local-file ok')
  assert.equal(
    kinds(NEEDED, 'query', writeLocalFile('rows.txt'), ok(2 | STATUS.moreResults), ok()),
    'local-file ok ok',
  )
  assert.equal(kinds(NEEDED, 'query', writeLocalFile('rows.txt'), failure), 'local-file error')
  assert.equal(kinds(NEEDED, 'field-list', listed, listed, eof()), 'column column end')
  assert.equal(kinds(NEEDED, 'field-list', failure), 'error')
  const other = writeAuthenticationReply({ kind: 'auth-switch', plugin: 'p', challenge: Buffer.alloc(21) })
  const known = writeAuthenticationReply({ kind: 'auth-more', data: Buffer.of(3) })
  assert.equal(kinds(NEEDED, 'change-user', other, known, ok()), 'auth-switch auth-more ok')
  assert.equal(kinds(NEEDED, 'handshake', failure), 'error')
  assert.equal(kinds(NEEDED, 'statistics', Buffer.from('Uptime: 1')), 'statistics')
  assert.equal(kinds(NEEDED, 'set-option', eof()), 'end')
  assert.equal(kinds(DEPRECATED, 'set-option', ok(2, 0xfe)), 'end')
  assert.equal(kinds(NEEDED, 'ping', ok()), 'ok')
  for (const command of ['quit', 'stmt-close', 'stmt-send-long-data'] as const)
    assert.equal(kinds(NEEDED, command), '')
})

test('a row of 16 MiB that begins as the end does is a row', () => {
  const replies = new Replies(DEPRECATED)
  replies.begin('query')
  replies.read(writeColumnCount(1))
  replies.read(column)
  assert.equal(replies.inRows, true)
  assert.equal(replies.read(writeTextRow([Buffer.alloc(0x100_0000)])).kind, 'row')
  assert.equal(replies.read(ok(2, 0xfe)).kind, 'end')
})

test('a packet that cannot be there is refused', () => {
  const bad: readonly (readonly [Parameters<Replies['begin']>[0], readonly Buffer[]])[] = [
    ['query', [eof()]],
    ['query', [Buffer.alloc(0)]],
    ['query', [writeColumnCount(1), eof()]],
    ['query', [writeColumnCount(1), column, row]],
    ['query', [writeLocalFile('f'), writeLocalFile('f')]],
    ['stmt-prepare', [ok()]],
    ['stmt-prepare', [eof()]],
    ['field-list', [column]],
    ['ping', [column]],
    ['ping', [writeLocalFile('f')]],
    ['handshake', [Buffer.of(0x02)]],
    ['quit', [ok()]],
  ]
  for (const [command, packets] of bad) {
    const replies = new Replies(NEEDED)
    replies.begin(command)
    assert.throws(
      () => {
        for (const packet of packets) replies.read(packet)
      },
      (error: unknown) => error instanceof GateError && error.code === 'mysql-reply-malformed',
      command,
    )
  }
  const busy = new Replies(NEEDED)
  busy.begin('query')
  assert.throws(() => busy.begin('ping'), /still answers another/)
})
