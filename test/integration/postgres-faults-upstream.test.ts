import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import pg from 'pg'
import type { BackendMessage } from '../../src/wire/postgres/messages.ts'
import { writeBackend } from '../../src/wire/postgres/writer.ts'
import { startPostgres } from '../harness/postgres.ts'
import { startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'
import { bind, execute, parse, RawPostgres, sqlstates, sync } from '../harness/postgres-raw.ts'
import { startTampering, type Tampering } from '../harness/tampering.ts'

const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false
const ROUNDS = 600
let gate: TestGate
let between: Tampering
const uncaught: unknown[] = []
process.on('unhandledRejection', reason => uncaught.push(reason))

before(async () => {
  if ('missing' in started) return
  const admin = new pg.Client({ connectionString: started.url })
  await admin.connect()
  await admin.query(`
    create table people (id int primary key, name text, ssn text);
    insert into people select i, 'name-' || i, 'canary-' || i from generate_series(1, 20) i;
    create table copied (a int);
  `)
  await admin.end()
  between = await startTampering(started.port)
  gate = await startPostgresGate(between.port)
  gate.policy.masks = [{ columns: ['people.ssn'], as: 'full' }]
})
after(async () => {
  if ('missing' in started) return
  await gate.stop()
  await between.stop()
  await started.stop()
  assert.deepEqual(uncaught, [])
})

/** A small generator with a fixed seed: what is broken is random, and the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const BYTES: readonly BackendMessage[] = [
  { kind: 'ready', state: 'I' },
  { kind: 'command-complete', tag: 'SELECT 1' },
  { kind: 'no-data' },
  { kind: 'parse-complete' },
  { kind: 'bind-complete' },
  { kind: 'copy-done' },
  { kind: 'portal-suspended' },
  { kind: 'copy-out-response', format: 0, columnFormats: [0] },
  { kind: 'copy-in-response', format: 0, columnFormats: [0] },
  { kind: 'row-description', columns: [] },
  { kind: 'data-row', values: [] },
  { kind: 'authentication', method: 'ok' },
  { kind: 'authentication', method: 'cleartext' },
  { kind: 'parameter-status', name: 'client_encoding', value: 'LATIN1' },
]

/** Messages of a reply, by where they begin. */
function begins(reply: Buffer): number[] {
  const found: number[] = []
  for (let at = 0; at + 5 <= reply.length; at += 1 + reply.readUInt32BE(at + 1)) found.push(at)
  return [...found, reply.length]
}

/** One of the ways in which a reply can be wrong. */
function broken(reply: Buffer, next: (below: number) => number): Buffer {
  const at = begins(reply)
  const pick = (): number => at[next(at.length)] ?? 0
  const [one, two] = [pick(), pick()].toSorted((a, b) => a - b) as [number, number]
  const copy = Buffer.from(reply)
  switch (next(8)) {
    case 0:
      copy[next(copy.length)] = next(256)
      return copy
    case 1: {
      // Another type of message with the same body.
      const types = 'TDCEZ12n3sAdGHcSNRKvWtVI'
      copy[one === copy.length ? 0 : one] = types.charCodeAt(next(types.length))
      return copy
    }
    case 2:
      return Buffer.concat([reply.subarray(0, one), reply.subarray(two)])
    case 3:
      return Buffer.concat([reply.subarray(0, two), reply.subarray(one)])
    case 4: {
      const message = BYTES[next(BYTES.length)] as BackendMessage
      return Buffer.concat([reply.subarray(0, one), writeBackend(message), reply.subarray(one)])
    }
    case 5:
      return Buffer.from(reply.map(() => next(256)))
    case 6: {
      const where = next(reply.length)
      return Buffer.concat([reply.subarray(0, where), reply.subarray(where + 1 + next(20))])
    }
    default: {
      // Another length in the head.
      if (one + 5 <= copy.length) copy.writeInt32BE(next(400) - 8, one + 1)
      return copy
    }
  }
}

/** All that a client hears until its session is over, or all that it asked for is answered. */
async function hears(ask: (raw: RawPostgres) => void, mark: string): Promise<string> {
  const raw = await RawPostgres.open(gate.port)
  const chunks: Buffer[] = []
  raw.socket.removeAllListeners('data')
  let wake: () => void = () => undefined
  raw.socket.on('data', chunk => {
    chunks.push(chunk)
    wake()
  })
  raw.socket.on('close', () => wake())
  ask(raw)
  for (;;) {
    const all = Buffer.concat(chunks)
    const isReady = all.subarray(-6, -1).equals(Buffer.from('Z\0\0\0\x05', 'latin1'))
    // One that waits for what will never come leaves.
    if (raw.socket.destroyed || isReady || all.includes('\0\0\0\x04W')) break
    const waiting = new Promise<void>(resolve => {
      wake = resolve
    })
    const stalled = await Promise.race([waiting.then(() => false), quiet(mark)])
    if (stalled) break
  }
  raw.socket.destroy()
  return Buffer.concat(chunks).toString('latin1')
}

/** Resolves with true when the server has nothing more to say to a statement, though the client waits. */
async function quiet(mark: string): Promise<boolean> {
  const db = new pg.Client({ connectionString: (started as { url: string }).url })
  await db.connect()
  for (let still = 0; still < 3; ) {
    const { rows } = await db.query(
      "select 1 from pg_stat_activity where query like $1 and state = 'active' and pid <> pg_backend_pid()",
      [`%${mark}%`],
    )
    still = rows.length === 0 ? still + 1 : 0
  }
  await db.end()
  await new Promise(resolve => setImmediate(resolve))
  return true
}

test(`a server that says ${ROUNDS} wrong things: never a crash, and nothing that is masked`, {
  skip,
}, async () => {
  const next = numbers(20261125)
  let ended = 0
  for (let round = 0; round < ROUNDS; round++) {
    const mark = `tampered-${round}`
    const sql = `select id, ssn, name, ssn from people where id < 4 /* ${mark} */`
    let isFirst = true
    between.arm(mark, reply => {
      const bytes = isFirst && reply.length > 0 ? broken(reply, next) : reply
      isFirst = false
      return { bytes, isCut: next(8) === 0 }
    })
    const heard = await hears(raw => {
      if (round % 2 === 0) raw.say({ kind: 'query', sql })
      else raw.say(parse(sql), bind(), { kind: 'describe', handle: 'P', name: '' }, execute(), sync)
    }, mark)
    assert.ok(!heard.includes('canary-'), `round ${round}: ${JSON.stringify(heard.slice(0, 2_000))}`)
    if (/E\0\0.{2}SFATAL/s.test(heard)) ended++
    assert.deepEqual(uncaught, [], `round ${round}`)
  }
  assert.ok(ended > ROUNDS / 4, `${ended} sessions ended`)
  const db = new pg.Client({ connectionString: gate.url() })
  await db.connect()
  assert.deepEqual((await db.query('select 1 as one')).rows, [{ one: 1 }])
  await db.end()
})

const cutAfter = (bytes: number): ((reply: Buffer) => { bytes: Buffer; isCut: boolean }) => {
  let left = bytes
  return reply => {
    const part = reply.subarray(0, left)
    left -= part.length
    return { bytes: part, isCut: left <= 0 }
  }
}

for (const [title, sql, bytes] of [
  ['in the middle of a row', 'select id, ssn, name from people /* cut-1 */', 150],
  ['in the middle of the head of a row', 'select id, ssn, name from people /* cut-2 */', 97],
  [
    'in the middle of a COPY to the client',
    "copy (select repeat('x', 5000) from generate_series(1, 9)) to stdout /* cut-3 */",
    9_000,
  ],
  ['in the middle of a large row', "select repeat('y', 1000000) /* cut-4 */", 600_000],
] as const) {
  test(`a server that dies ${title}`, { skip }, async () => {
    const raw = await RawPostgres.open(gate.port)
    between.arm(sql.slice(-10), cutAfter(bytes))
    const chunks: Buffer[] = []
    raw.socket.removeAllListeners('data')
    raw.socket.on('data', chunk => chunks.push(chunk))
    raw.say({ kind: 'query', sql })
    await once(raw.socket, 'close')
    const heard = Buffer.concat(chunks).toString('latin1')
    assert.ok(!heard.includes('canary-'))
    // Behind a row that has begun, an error would be read as a part of it.
    if (bytes < 100_000) assert.match(heard, /SFATAL\0VFATAL\0C08006\0/)
    else assert.ok(!heard.includes('C08006'))
    const { outcome } = await gate.until(
      ({ what, question }) => what === 'outcome' && question?.text.sql === sql,
    )
    assert.equal(outcome?.error, 'database-unreachable')
  })
}

test('a server that dies in the middle of a COPY from the client', { skip }, async () => {
  const raw = await RawPostgres.open(gate.port)
  const sql = 'copy copied from stdin /* cut-5 */'
  // What answers the request for data passes; the server is gone at its next word.
  let isFirst = true
  between.arm('cut-5', reply => {
    const isCut = !isFirst
    isFirst = false
    return { bytes: isCut ? Buffer.alloc(0) : reply, isCut }
  })
  raw.say({ kind: 'query', sql })
  await raw.until('copy-in-response')
  raw.say({ kind: 'copy-data', data: Buffer.from('1\n2\n') }, { kind: 'copy-done' })
  assert.deepEqual(sqlstates(await raw.until('close')), ['08006'])
})

/** A server that says these bytes to whoever comes, and goes. */
async function sayer(bytes: Buffer): Promise<{ port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('data', () => socket.end(bytes))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const ok = writeBackend({ kind: 'authentication', method: 'ok' })
const ready = writeBackend({ kind: 'ready', state: 'I' })
for (const [title, bytes, expected] of [
  ['goes at once', Buffer.alloc(0), '08001'],
  ['goes in the middle of a message', ok.subarray(0, 6), '08001'],
  ['goes before it is ready', ok, '08001'],
  ['goes when it is ready', Buffer.concat([ok, ready]), '08006'],
  ['wants the password in the clear', writeBackend({ kind: 'authentication', method: 'cleartext' }), '08004'],
  ['speaks another protocol', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), '08006'],
  [
    'reports settings without end',
    Buffer.concat([
      ok,
      ...Array.from({ length: 300 }, (_, i) =>
        writeBackend({ kind: 'parameter-status', name: `s${i}`, value: 'x' }),
      ),
    ]),
    '08004',
  ],
  ['sends rows instead of a greeting', writeBackend({ kind: 'data-row', values: [] }), '08004'],
  [
    'says that it is proven, without a proof',
    Buffer.concat([
      writeBackend({ kind: 'authentication', method: 'sasl-final', data: Buffer.from('v=x') }),
      ok,
      ready,
    ]),
    '08004',
  ],
] as const) {
  test(`a server that ${title} when the gate comes`, { skip }, async () => {
    const server = await sayer(bytes)
    const hostile = await startPostgresGate(server.port)
    const db = new pg.Client({ connectionString: hostile.url() })
    db.on('error', () => undefined)
    try {
      await assert.rejects(db.connect(), { code: expected })
    } finally {
      await hostile.stop()
      await server.stop()
    }
  })
}
