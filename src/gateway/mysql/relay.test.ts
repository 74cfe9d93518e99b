import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { capabilities } from '../../wire/mysql/capabilities.ts'
import { type Packet, writePacket } from '../../wire/mysql/packet.ts'
import { ServerReader } from '../../wire/mysql/reader.ts'
import { Replies } from '../../wire/mysql/replies.ts'
import {
  writeColumn,
  writeColumnCount,
  writeEof,
  writeFailure,
  writeTextRow,
} from '../../wire/mysql/write-reply.ts'
import { KeptResult } from '../sql/kept-result.ts'
import type { StatementMasks } from '../sql/masks.ts'
import { Source } from '../sql/source.ts'
import { Relay } from './relay.ts'
import { Run } from './run.ts'

const CAPABILITIES = capabilities('longPassword', 'protocol41', 'multiResults')
const SSN = { schema: 'shop', relation: 'users', name: 'ssn' }
const MASKS: StatementMasks = {
  rules: [{ columns: ['users.ssn'], as: 'full' }],
  detects: [],
  outputs: [{ columns: [{ name: 'ssn', from: new Set([SSN]) }] }],
  isHushed: true,
  isCopy: false,
}
const COLUMN = {
  ...{ schema: 'shop', table: 'users', originalTable: 'users', name: 'ssn', originalName: 'ssn' },
  ...{ collation: 45, length: 80, type: 0xfd, flags: 0, decimals: 0, defaultValue: undefined },
}
const STATUS = 2
const MORE = 8

const listener = createServer()
before(async () => {
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
})
after(() => listener.close())

/** Two ends of a connection. */
async function pair(): Promise<readonly [Socket, Socket]> {
  const accepted = once(listener, 'connection') as Promise<[Socket]>
  const one = connect((listener.address() as AddressInfo).port, '127.0.0.1')
  const [other] = await accepted
  return [one, other]
}

/** What a client sees of an answer, in packets whose numbers follow each other. */
async function relayed(
  payloads: readonly Buffer[],
  masks: StatementMasks,
): Promise<{ seen: Packet[]; run: Run }> {
  const [gateToServer, server] = await pair()
  const [gateToClient, client] = await pair()
  const relay = new Relay(
    new Source(gateToServer, new ServerReader()),
    gateToClient,
    CAPABILITIES,
    () => undefined,
  )
  const kept = new KeptResult(0)
  const run = new Run({ masks, kept, hashKey: Buffer.alloc(32), bytesIn: 1, isBinary: false })
  const passed = relay.pass({ kind: 'query', payload: Buffer.from('\x03select'), next: 1, run })
  const reader = new ServerReader()
  reader.expect(1)
  reader.holdsRows = true
  const replies = new Replies(CAPABILITIES)
  replies.begin('query')
  const seen: Packet[] = []
  client.on('data', (chunk: Buffer) => {
    reader.push(chunk)
    for (;;) {
      const packet = replies.done ? undefined : replies.inRows ? reader.nextRow() : reader.next()
      if (packet?.part !== 'whole') return
      replies.read(packet.payload)
      seen.push(packet)
    }
  })
  let next = 1
  for (const payload of payloads) {
    const bytes = writePacket(payload, next)
    next = (next + Math.floor(payload.length / 0xff_ffff) + 1) & 0xff
    server.write(bytes)
  }
  await passed
  gateToClient.end()
  await once(client, 'close')
  server.destroy()
  return { seen, run }
}

const head = [
  writeColumnCount(1),
  writeColumn(COLUMN),
  writeEof({ kind: 'eof', warnings: 0, status: STATUS }),
]
const end = (status = STATUS): Buffer => writeEof({ kind: 'eof', warnings: 0, status })
const row = (value: Buffer): Buffer => writeTextRow([value])

test('behind a row that a mask made shorter than 16 MiB, everything is numbered anew', async () => {
  const wide = row(Buffer.alloc(0xff_ffff + 5, 'secret'))
  const { seen, run } = await relayed(
    [...head, wide, row(Buffer.from('b')), end(STATUS | MORE), ...head, row(Buffer.from('c')), end()],
    MASKS,
  )
  const rows = seen.map(({ payload }) => payload.toString('latin1'))
  assert.ok(!rows.some(text => text.includes('secret')))
  assert.deepEqual(
    rows.filter(text => text.includes('~mask~')).length,
    3,
    'a result that was not foreseen is masked, too',
  )
  assert.equal(seen.length, 11)
  run.end()
  const { rows: count, masked } = await run.ended
  assert.deepEqual([count, masked?.count], [3, 3])
})

test('rows that nobody looks at pass by their bytes, in pieces where they are large', async () => {
  const wide = row(Buffer.alloc(2_000_000, 'x'))
  const plain = { ...MASKS, rules: [], isHushed: false }
  const { seen } = await relayed([...head, row(Buffer.from('a')), wide, row(Buffer.from('b')), end()], plain)
  assert.deepEqual(
    seen.map(({ payload }) => payload.length),
    [...head, row(Buffer.from('a')), wide, row(Buffer.from('b')), end()].map(({ length }) => length),
  )
})

test('an error that may quote what is masked keeps its numbers alone, also in the middle of rows', async () => {
  const error = writeFailure({
    kind: 'error',
    code: 1366,
    sqlstate: '22007',
    message: "Incorrect value: 'secret'",
  })
  const { seen, run } = await relayed([...head, row(Buffer.from('a')), error], MASKS)
  const last = seen.at(-1)?.payload.toString('latin1') ?? ''
  assert.match(last, /^\xff\x56\x05#22007the server says more/)
  assert.ok(!last.includes('secret'))
  assert.equal(run.error, '22007')
})

test('a client is asked for the file that its statement names, and for no other', async () => {
  for (const [wanted, isAsked] of [
    ['/tmp/rows.csv', true],
    ['/etc/passwd', false],
  ] as const) {
    const [gateToServer, server] = await pair()
    const [gateToClient, client] = await pair()
    const source = new Source(gateToServer, new ServerReader())
    const relay = new Relay(source, gateToClient, CAPABILITIES, () => undefined)
    let asked = 0
    const passed = relay.pass({
      ...{ kind: 'query', payload: Buffer.from('\x03load'), next: 1, files: new Set(['/tmp/rows.csv']) },
      async onFile() {
        asked += 1
        server.destroy()
        return 3
      },
    })
    let heard = 0
    client.on('data', (chunk: Buffer) => {
      heard += chunk.length
    })
    server.write(writePacket(Buffer.from(`\xfb${wanted}`, 'latin1'), 1))
    await assert.rejects(passed, isAsked ? /has gone/ : /no statement was to read/)
    gateToClient.end()
    await once(client, 'close')
    assert.deepEqual([asked, heard > 0], isAsked ? [1, true] : [0, false])
    server.destroy()
    gateToServer.destroy()
  }
})
