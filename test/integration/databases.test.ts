import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import type { DecisionEvent } from '../../src/record/event.ts'
import { type DatabaseGate, PASSWORD_VARIABLE, startDatabaseGate } from '../harness/databases.ts'
import { createIssuer } from '../harness/issuer.ts'
import { POSTGRES_PASSWORD, type Postgres, startPostgres } from '../harness/postgres.ts'

const server = await startPostgres()

const POLICY = {
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'Reads',
      Effect: 'Allow',
      Action: ['sql:Connect', 'sql:Select', 'sql:Call', 'sql:Set', 'sql:Begin', 'sql:Commit'],
      Resource: '*',
    },
    { Sid: 'NoSalaries', Effect: 'Deny', Action: 'sql:*', Resource: 'arn:sallyport:sql:*:*:orders/*/public.salaries' },
    {
      Sid: 'HideMail',
      Effect: 'Mask',
      Action: 'sql:Select',
      Resource: '*',
      Mask: { Columns: ['people.email'] },
    },
  ],
}

describe('databases behind `sallyport serve`', { skip: 'missing' in server ? server.missing : false }, () => {
  const postgres = server as Postgres
  let started: DatabaseGate

  before(async () => {
    const admin = new pg.Client({ connectionString: postgres.url })
    await admin.connect()
    await admin.query(`
      create table people (id int primary key, email text);
      create table salaries (id int, amount int);
      insert into people values (1, 'ann@example.com')`)
    await admin.end()
    const issuer = await createIssuer('https://issuer.example')
    started = await startDatabaseGate({
      issuer,
      policies: [POLICY],
      engines: ['postgres'],
      env: { [PASSWORD_VARIABLE]: POSTGRES_PASSWORD },
      targets: [
        {
          ...{ name: 'orders', engine: 'postgres', host: '127.0.0.1', port: postgres.port },
          ...{ database: 'postgres', user: 'gate', tls: { enabled: false } },
          auth: { environment: PASSWORD_VARIABLE },
        },
      ],
    })
  })

  after(async () => {
    await started?.gate.stop()
    if (!('missing' in server)) await server.stop()
  })

  it('a client with a token is let in, masked, denied and recorded', async () => {
    const [host, port] = started.addresses.postgres.split(':')
    const client = new pg.Client({
      ...{ host, port: Number(port), user: 'analyst', database: 'orders' },
      password: await started.token('orders'),
    })
    await client.connect()
    const { rows } = await client.query('select id, email from people')
    assert.deepEqual(rows, [{ id: 1, email: '~mask~' }])
    await assert.rejects(client.query('select * from salaries'), { code: '42501' })
    await client.end()
    const texts = (await started.events())
      .filter((event): event is DecisionEvent => event.type === 'decision')
      .map(({ effect, call }) => [effect, call?.operation])
    assert.ok(texts.length > 1, JSON.stringify(texts))
  })
})
