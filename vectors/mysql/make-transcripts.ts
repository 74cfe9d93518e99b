/**
 * Makes `transcripts.json`: what real clients (MariaDB's `mariadb`, mysql2) and a real server said to each other, through
 * a proxy that listens, and changes the server's handshake as the gate's is: it does not call itself MariaDB's. `node vectors/mysql/make-transcripts.ts`; needs MariaDB. What it says differs from run to run
 * in connection ids and challenges only.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mysql from 'mysql2/promise'
import { Redacted } from '../../src/core/redacted.ts'
import { agree, type Capability, capabilities, NEEDED, UNREADABLE } from '../../src/wire/mysql/capabilities.ts'
import type { Command } from '../../src/wire/mysql/messages.ts'
import type { Packet } from '../../src/wire/mysql/packet.ts'
import { nativeProof } from '../../src/wire/mysql/passwords.ts'
import { readHandshake } from '../../src/wire/mysql/read-handshake.ts'
import { ServerReader } from '../../src/wire/mysql/reader.ts'
import { Replies, type Reply } from '../../src/wire/mysql/replies.ts'
import { writeCommand, writeHandshake, writeHandshakeResponse, writePacket } from '../../src/wire/mysql/writer.ts'

/** What was sent, in its order: `c` by the client, `s` by the server; base64. */
type Segment = readonly ['c' | 's', string]

const PASSWORD = 'canary-of-a-target'
const folder = mkdtempSync(join(tmpdir(), 'sallyport-mariadb-'))
const line = readFileSync('/etc/passwd', 'utf8')
  .split('\n')
  .find(one => one.startsWith('mysql:'))
const [, , uid, gid] = (line ?? '').split(':').map(Number)
chownSync(folder, uid ?? 0, gid ?? 0)
const data = join(folder, 'data')
const socket = join(folder, 'socket')
execFileSync('mariadb-install-db', ['--no-defaults', `--datadir=${data}`, '--user=mysql', '--skip-test-db'], { stdio: 'ignore' })
const server = spawn(
  'mariadbd',
  ['--no-defaults', `--datadir=${data}`, `--socket=${socket}`, '--user=mysql', '--port=0', '--skip-networking', '--local-infile=1', `--pid-file=${folder}/pid`],
  { stdio: ['ignore', 'ignore', 'pipe'] },
)
await new Promise<void>(resolve => {
  let said = ''
  server.stderr.on('data', chunk => {
    said += chunk
    if (said.includes('ready for connections')) resolve()
  })
})

process.once('exit', () => server.kill('SIGKILL'))

const transcripts: { name: string; connections: Segment[][] }[] = []
let connections: Segment[][] = []
let withheld = 0
/** What the client by hand asks for. */
const both = capabilities('deprecateEof', 'sessionTrack', 'multiStatements', 'multiResults', 'preparedMultiResults', 'transactions')
const proxy = createServer(client => {
  const segments: Segment[] = []
  connections.push(segments)
  const upstream = connect(socket)
  relay(client, upstream, 'c', segments)
  upstream.once('data', first => {
    const one = readHandshake(first.subarray(4))
    const bits = (one.capabilities | capabilities('longPassword')) & ~withheld & ~UNREADABLE
    const handshake = writePacket(writeHandshake({ ...one, capabilities: bits >>> 0, extended: 0 }), 0)
    segments.push(['s', handshake.toString('base64')])
    client.write(handshake)
    relay(upstream, client, 's', segments)
  })
}).listen(0, '127.0.0.1')
await once(proxy, 'listening')
const { port } = proxy.address() as AddressInfo

function relay(from: Socket, to: Socket, who: 'c' | 's', segments: Segment[]): void {
  from.on('data', chunk => {
    segments.push([who, chunk.toString('base64')])
    to.write(chunk)
  })
  from.on('end', () => to.end())
  from.on('error', () => to.destroy())
}

/** `without`: what the server is made to look as if it could not. */
async function record(name: string, act: () => Promise<unknown>, without: readonly Capability[] = []): Promise<void> {
  connections = []
  withheld = capabilities(...without)
  await act()
  await new Promise(resolve => setTimeout(resolve, 100))
  transcripts.push({ name, connections })
}

async function cli(script: string, args: readonly string[] = [], password = PASSWORD): Promise<void> {
  const child = spawn(
    'mariadb',
    ['--no-defaults', '-h127.0.0.1', `-P${port}`, '-ugate', `-p${password}`, '--protocol=tcp', '--skip-ssl', '--force', ...args],
    { stdio: ['pipe', 'ignore', 'ignore'], env: { PATH: process.env['PATH'], USER: 'someone' } },
  )
  child.stdin.end(script)
  await once(child, 'close')
}

execFileSync('mariadb', ['--no-defaults', `--socket=${socket}`], {
  input: `create database d; create user gate identified by '${PASSWORD}'; grant all on *.* to gate;
create user other identified via mysql_native_password using password('${PASSWORD}'); grant all on d.* to other;
create table d.t (id int primary key, name varchar(50) default 'x', born date, at datetime(6), dur time, amount decimal(10,2), data blob, big bigint unsigned, f float, d double, y year, e enum('a','b'), j json);
insert into d.t select seq, concat('name ', seq), '2000-01-01' + interval seq day, '2001-02-03 04:05:06.000007', '-12:34:56', seq / 3, repeat(char(255), seq), 18446744073709551615 - seq, seq / 7, seq / 9, 1999, 'b', '{"a": 1}' from d.seq_1_to_5;
insert into d.t (id) values (6);
delimiter //
create procedure d.p(n int) begin select n; select n + 1 as m; end//
`,
})
writeFileSync(join(folder, 'rows.txt'), '100\tone\n101\ttwo\n')

const options = { host: '127.0.0.1', port, user: 'gate', password: PASSWORD, database: 'd' }

await record('mariadb: queries, errors, several results, a database', () =>
  cli(`use d; select * from t; select 1 union select null; select nothing; insert into t (id) values (1);
set autocommit = 0; update t set name = 'y' where id = 1; rollback; call p(3); select repeat('x', 5000);
select '' as a, 'zwei ü' as \`b\`; do 1; show warnings;`),
)
await record('mariadb: a file of the client, and columns of a table', () =>
  cli(`load data local infile '${join(folder, 'rows.txt')}' into table t (id, name); delete from t where id > 99;`, ['--local-infile=1', '--auto-rehash', 'd']),
)
await record('mariadb: a password that is wrong', () => cli('select 1', [], 'wrong'))
await record('mysql2: text and binary rows, parameters of every kind, errors', async () => {
  const client = await mysql.createConnection({ ...options, multipleStatements: true, infileStreamFactory: () => null as never })
  await client.query('select * from t order by id')
  await client.query('select 1; select 2; select nothing').catch(() => undefined)
  await client.execute('select * from t where id < ? and name <> ?', [4, 'x'])
  await client.execute('select ? as a, ? as b, ? as c, ? as d, ? as e', [1, 'two', null, new Date(0), Buffer.from([0, 255])])
  await client.execute('replace into t (id, data) values (?, ?)', [50, Buffer.alloc(300, 1)])
  await client.execute('select * from nowhere').catch(() => undefined)
  await client.execute('call p(?)', [1])
  await client.execute('select 1/0 where ? = 2', [1])
  const statement = await client.prepare('select id from t where id = ?')
  await statement.execute([1])
  await statement.close()
  await client.ping()
  await client.changeUser({ user: 'other', password: PASSWORD, database: 'd' })
  await client.query('select current_user()')
  await client.end()
})
await record('mysql2: a transaction, and a query that fails in it', async () => {
  const client = await mysql.createConnection({ ...options, user: 'other' })
  await client.beginTransaction()
  await client.query('insert into t (id) values (1)').catch(() => undefined)
  await client.rollback()
  await client.query({ sql: 'select id, name from t', rowsAsArray: true })
  await client.end()
})

await record('by hand: what few clients use: cursors, long data, resets', byHand)
await record('by hand, as of old: with EOF packets, without session tracking', byHand, ['deprecateEof', 'sessionTrack'])

async function byHand(): Promise<void> {
  const client = connect(port, '127.0.0.1')
  const reader = new ServerReader()
  reader.holdsRows = true
  let wake = (): void => undefined
  client.on('data', chunk => {
    reader.push(chunk)
    wake()
  })
  const next = async (rows: boolean): Promise<Packet> => {
    for (;;) {
      const packet = rows ? reader.nextRow() : reader.next()
      if (packet?.part === 'whole') return packet
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }
  const greeting = readHandshake((await next(false)).payload)
  const agreed = agree((NEEDED | both) >>> 0, greeting.capabilities)
  const replies = new Replies(agreed)
  const answer = async (): Promise<Reply[]> => {
    const all: Reply[] = []
    while (!replies.done) all.push(replies.read((await next(replies.inRows)).payload))
    return all
  }
  client.write(
    writePacket(
      writeHandshakeResponse({
        kind: 'handshake-response',
        capabilities: agreed,
        mostPacketBytes: 0x1000000,
        collation: 45,
        user: 'gate',
        proof: nativeProof(new Redacted(PASSWORD), greeting.challenge),
        database: undefined,
        plugin: 'mysql_native_password',
        attributes: [],
      }),
      1,
    ),
  )
  reader.expect(2)
  replies.begin('handshake')
  await answer()
  const ask = async (command: Command): Promise<Reply[]> => {
    if (command.kind === 'other' || command.kind === 'stmt-unknown') return []
    client.write(writePacket(writeCommand(command, agreed), 0))
    reader.expect(1)
    replies.begin(command.kind)
    return await answer()
  }
  const sql = (text: string): Command => ({ kind: 'query', attributes: [], sql: Buffer.from(text) })
  const string = { type: { type: 0xfd, unsigned: false }, name: '' }
  await ask({ kind: 'init-db', database: 'd' })
  await ask({ kind: 'ping' })
  await ask({ kind: 'statistics' })
  await ask({ kind: 'debug' })
  await ask({ kind: 'set-option', option: 0 })
  await ask({ kind: 'set-option', option: 1 })
  await ask({ kind: 'field-list', table: 't', wildcard: 'n%' })
  await ask({ kind: 'field-list', table: 'nowhere', wildcard: '' })
  await ask(sql('select 1; select 2 from t; set @a = 1; select nothing'))
  await ask(sql('set session_track_schema = on, session_track_transaction_info = "CHARACTERISTICS"'))
  await ask(sql('set session_track_system_variables = "*"'))
  await ask(sql('use d'))
  await ask(sql('start transaction'))
  await ask(sql('set time_zone = "+01:00", sql_mode = "ANSI"'))
  await ask(sql('rollback'))
  const prepare = async (text: string): Promise<number> => {
    const [first] = await ask({ kind: 'stmt-prepare', sql: Buffer.from(text) })
    return first?.kind === 'prepared' ? first.statement : 0
  }
  const cursor = await prepare('select id, name, data from t where id < ? or name = ?')
  const parameters = [{ ...string, value: Buffer.from('4') }, { ...string, value: null }]
  for (const flags of [0, 1]) {
    await ask({ kind: 'stmt-execute', statement: cursor, flags, typed: true, parameters })
  }
  await ask({ kind: 'stmt-fetch', statement: cursor, rows: 2 })
  await ask({ kind: 'stmt-fetch', statement: cursor, rows: 20 })
  await ask({ kind: 'stmt-reset', statement: cursor })
  await ask({ kind: 'stmt-execute', statement: cursor, flags: 0, typed: false, parameters })
  for (const data of ['a long ', 'name']) {
    await ask({ kind: 'stmt-send-long-data', statement: cursor, parameter: 1, data: Buffer.from(data) })
  }
  const long = [parameters[0] ?? { ...string, value: null }, { ...string, value: undefined }]
  await ask({ kind: 'stmt-execute', statement: cursor, flags: 0, typed: true, parameters: long })
  // Long data counts for one execution: with this name there is one row more.
  const short = [parameters[0] ?? { ...string, value: null }, { ...string, value: Buffer.from('x') }]
  await ask({ kind: 'stmt-execute', statement: cursor, flags: 0, typed: true, parameters: short })
  await ask({ kind: 'stmt-close', statement: cursor })
  await prepare('select * from t where')
  const call = await prepare('call p(?)')
  await ask({ kind: 'stmt-execute', statement: call, flags: 0, typed: true, parameters: [{ ...string, value: Buffer.from('1') }] })
  const plain = await prepare('update t set y = 2000')
  await ask({ kind: 'stmt-execute', statement: plain, flags: 0, typed: false, parameters: [] })
  await ask({ kind: 'process-kill', connectionId: 4_000_000 })
  await ask({ kind: 'reset-connection' })
  await ask(sql('select 1'))
  await ask({ kind: 'quit' })
  client.end()
  await once(client, 'close')
}

proxy.close()
server.kill()
await once(server, 'exit')
rmSync(folder, { recursive: true, force: true })
writeFileSync(new URL('transcripts.json', import.meta.url), `${JSON.stringify(transcripts, null, 1)}\n`)
