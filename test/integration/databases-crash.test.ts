import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import mysql from 'mysql2/promise'
import pg from 'pg'
import type { JournalEvent } from '../../src/record/event.ts'
import { type DatabaseWorld, startDatabaseWorld, startServers } from '../harness/database-world.ts'
import { POSTGRES_PASSWORD } from '../harness/postgres.ts'

/** `kill -9` of `sallyport serve` under load: no statement was executed that is not in the journal. */

const servers = await startServers()
/** Of each engine. The server of the tests takes 60 at once. */
const CLIENTS = 30
/** Rows by the first and the second kill, together. */
const GOALS = [300, 1_000]
const POLICY = {
  Version: '2012-10-17',
  Statement: [{ Sid: 'Everything', Effect: 'Allow', Action: 'sql:*', Resource: '*' }],
}

describe('a gate that is killed', { skip: servers.missing() }, () => {
  let world: DatabaseWorld
  let postgres: pg.Client
  let mariadb: mysql.Connection
  let next = 0
  let inserted = 0
  let reached = Promise.withResolvers<void>()

  before(async () => {
    postgres = new pg.Client({ connectionString: servers.postgres?.url ?? '' })
    await postgres.connect()
    const place = {
      host: '127.0.0.1',
      port: servers.mysql?.port ?? 0,
      user: 'gate',
      password: POSTGRES_PASSWORD,
    }
    mariadb = await mysql.createConnection({ connectTimeout: 0, ...place, database: 'shop' })
    await postgres.query('create table seen (n int)')
    await mariadb.query('create table seen (n int)')
    world = await startDatabaseWorld({ servers, policies: [POLICY], config: { workers: 2 } })
  })
  after(async () => {
    await postgres?.end()
    await mariadb?.end()
    await world?.stop()
    await servers.stop()
  })

  /** Inserts rows, each with a number of its own, by text, by parameter and in transactions, until the gate is gone. */
  async function load(
    insert: (n: number, kind: number) => Promise<unknown>,
    kind: number,
    goal: number,
  ): Promise<void> {
    for (;;) {
      try {
        await insert(next++, kind)
      } catch (error) {
        // A connection that broke has no SQLSTATE: whatever else goes wrong is no part of this.
        assert.equal((error as pg.DatabaseError).severity, undefined, String(error))
        assert.ok(((error as mysql.QueryError).errno ?? 0) <= 0, String(error))
        return
      }
      if (++inserted === goal) reached.resolve()
    }
  }

  const byPg = (db: pg.Client) => async (n: number, kind: number) => {
    if (kind % 3 === 0) await db.query(`insert into seen (n) values (${n})`)
    else if (kind % 3 === 1)
      await db.query({ name: 'one', text: 'insert into seen (n) values ($1)', values: [n] })
    else await db.query(`begin; insert into seen (n) values (${n}); commit`)
  }
  const byMysql = (db: mysql.Connection) => async (n: number, kind: number) => {
    if (kind % 2 === 0) await db.query(`insert into seen (n) values (${n})`)
    else await db.execute('insert into seen (n) values (?)', [n])
  }

  /** Until the servers have ended what they had taken. */
  async function quiet(): Promise<void> {
    const active = 'select 1 from pg_stat_activity where datname is not null and pid <> pg_backend_pid()'
    while ((await postgres.query(active)).rowCount !== 0);
    for (;;) {
      const [others] = await mariadb.query<mysql.RowDataPacket[]>('show processlist')
      if (others.length === 1) return
      await sleep(20)
    }
  }

  for (const goal of GOALS) {
    it(`at about ${goal} rows`, async () => {
      reached = Promise.withResolvers()
      const workers = async (): Promise<boolean> =>
        (await fetch(`${world.byName.admin}/readyz`)).status === 200
      while (!(await workers()));
      const clients = await Promise.all(
        Array.from({ length: CLIENTS }, async () => [await world.pg(), await world.mysql()] as const),
      )
      const loads = clients.flatMap(([first, second], kind) => [
        load(byPg(first), kind, goal),
        load(byMysql(second), kind, goal),
      ])
      await reached.promise
      world = await world.restart('SIGKILL')
      await Promise.all(loads)
      await quiet()
    })
  }

  it('has recorded every row that is in the tables, and goes on with a recording that is whole', async () => {
    const recorded = { orders: new Set<number>(), shop: new Set<number>() }
    let recoveries = 0
    for (const event of await world.started.events()) {
      if (event.type === 'recovery') recoveries++
      for (const [target, n] of numbersIn(event)) recorded[target].add(n)
    }
    const rows = {
      orders: (await postgres.query<{ n: number }>('select n from seen')).rows.map(({ n }) => n),
      shop: (await mariadb.query<mysql.RowDataPacket[]>('select n from seen'))[0].map(row =>
        Number(row['n']),
      ),
    }
    for (const target of ['orders', 'shop'] as const) {
      assert.ok(rows[target].length > 0, target)
      const unrecorded = rows[target].filter(n => !recorded[target].has(n))
      assert.deepEqual(unrecorded, [], `executed at \`${target}\`, and in no decision`)
    }
    assert.ok(recoveries > 0, 'the gate was killed in the middle of nothing')
    const verified = await world.sallyport([
      'sessions',
      'verify',
      '--data',
      join(world.started.gate.folder, 'data'),
    ])
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  })
})

/** The rows that a decision let be inserted. */
function numbersIn(event: JournalEvent): (readonly ['orders' | 'shop', number])[] {
  if (event.type !== 'decision' || event.effect !== 'allow' || event.call?.sql === undefined) return []
  const { sql, parameters } = event.call
  if (sql.target !== 'orders' && sql.target !== 'shop') return []
  const { target } = sql
  return [...(sql.text ?? '').matchAll(/values \((\d+)\)/g)]
    .map(([, n]) => Number(n))
    .concat(Object.values(parameters).map(Number))
    .map(n => [target, n] as const)
}
