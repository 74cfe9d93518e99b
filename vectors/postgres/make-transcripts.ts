/**
 * Makes `transcripts.json`: what real clients (`psql`, node-postgres) and a real server said to each other, through a
 * proxy that only listens. `node vectors/postgres/make-transcripts.ts`; needs PostgreSQL. What it says differs from run
 * to run in process ids, secrets and nonces only.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { POSTGRES_PASSWORD, startPostgres } from '../../test/harness/postgres.ts'

/** What was sent, in its order: `c` by the client, `s` by the server; base64. */
type Segment = readonly ['c' | 's', string]

const server = await startPostgres()
if ('missing' in server) throw new Error(server.missing)
const transcripts: { name: string; connections: Segment[][] }[] = []
let connections: Segment[][] = []

const proxy = createServer(client => {
  const segments: Segment[] = []
  connections.push(segments)
  const upstream = connect(server.port, '127.0.0.1')
  relay(client, upstream, 'c', segments)
  relay(upstream, client, 's', segments)
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

async function record(name: string, act: () => Promise<void>): Promise<void> {
  connections = []
  await act()
  await new Promise(resolve => setTimeout(resolve, 100))
  transcripts.push({ name, connections })
}

async function psql(script: string, environment: Readonly<Record<string, string>> = {}): Promise<void> {
  const child = spawn('psql', ['-X', '-q', '-h', '127.0.0.1', '-p', `${port}`, '-U', 'gate'], {
    env: { PATH: process.env['PATH'], PGPASSWORD: POSTGRES_PASSWORD, PGDATABASE: 'postgres', ...environment },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.stdin.end(script)
  await once(child, 'close')
}

async function node(act: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'gate',
    password: POSTGRES_PASSWORD,
    database: 'postgres',
  })
  client.on('error', () => undefined)
  await client.connect()
  await act(client)
  await client.end()
}

await record('psql: simple queries, errors, notices, several statements, an empty one', () =>
  psql(`create table t (id int primary key, name text, born date, data bytea);
insert into t select i, 'name ' || i, date '2000-01-01' + i, decode(repeat('00ff', i), 'hex') from generate_series(1, 20) i;
select * from t order by id;
select 1 \\; select 2 as "zwei ü", null::text \\; ;
;
select;
do $$ begin raise notice 'a notice of %', 1; raise warning 'w' using detail = 'd', hint = 'h'; end $$;
select 1/0;
insert into t values (1);
begin; select 1; savepoint s; select nothing; rollback to s; commit;
set application_name = 'other'; set search_path = public, pg_temp;
select repeat('x', 3000);
listen ch; notify ch, 'payload'; select 1;
`),
)
await record('psql: COPY in both directions, and one that fails', () =>
  psql(`copy t to stdout;
copy t to stdout with (format binary);
create table u (like t);
copy u (id, name) from stdin;
1\tone
2\t\\N
\\.
copy u (id) from stdin;
no number
\\.
select count(*) from u;
`),
)
await record('psql: large objects, by function calls', () =>
  psql(`begin;
\\lo_import ${fileURLToPath(import.meta.resolve('./large-object.txt'))}
\\lo_list
commit;
`),
)
await record('psql: cursors in parts, and describing', () =>
  psql(`\\set FETCH_COUNT 3
select * from t;
select 1 as a, 'x'::varchar(10) as b \\gdesc
\\d t
`),
)
await record('node-postgres: prepared statements, both formats, an error in a batch', () =>
  node(async client => {
    await client.query('select $1::int, $2::text, $3::bytea', [1, null, Buffer.from([0, 1, 255])])
    await client.query({ name: 'named', text: 'select id, data from t where id < $1', values: [4], binary: true })
    await client.query({ name: 'named', text: 'select id, data from t where id < $1', values: [5], binary: true })
    await client.query('select $1::int / 0', [1]).catch(() => undefined)
    await client.query({ text: 'select * from t', rows: 7, values: [] } as never)
    await client.query('')
    await client.query('insert into u (id) values ($1)', [9])
  }),
)
await record('node-postgres: a query that is cancelled', () =>
  node(async client => {
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number }
    const slow = client.query('select pg_sleep(10)').catch(() => undefined)
    await new Promise(resolve => setTimeout(resolve, 200))
    const cancel = Buffer.alloc(16)
    cancel.writeUInt32BE(16, 0)
    cancel.writeUInt32BE(80_877_102, 4)
    cancel.writeInt32BE(processID, 8)
    cancel.writeInt32BE(secretKey, 12)
    connect(port, '127.0.0.1').end(cancel)
    await slow
  }),
)
await record('psql: a password that is wrong', () => psql('select 1;', { PGPASSWORD: 'wrong' }))
await record('psql: a database that is not there', () => psql('select 1;', { PGDATABASE: 'none', PGOPTIONS: '-c geqo=on' }))

proxy.close()
await server.stop()
writeFileSync(new URL('transcripts.json', import.meta.url), `${JSON.stringify(transcripts, null, 1)}\n`)
