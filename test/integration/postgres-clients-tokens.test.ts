import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import pg from 'pg'
import postgres from 'postgres'
import { GateError } from '../../src/core/errors.ts'
import { TEST_PRINCIPAL } from '../../src/policy/testing.ts'
import { type ClientsWorld, clientsWorld } from '../harness/postgres-clients.ts'

/** Pools whose connections each come with a token of their own, as docs/databases-clients.md writes them. */

const fresh = new Set<string>()
const started = await clientsWorld({
  rooms: {
    identify: ({ password, database }) => {
      if (!fresh.delete(password.reveal())) throw new GateError('credentials-expired', 'a token of before')
      const principal = { ...TEST_PRINCIPAL, expiresAtMs: Number.MAX_SAFE_INTEGER }
      return { principal, target: database }
    },
  },
})
const world = started as ClientsWorld
const skip = 'missing' in started ? started.missing : false
after(async () => {
  if (!('missing' in started)) await started.stop()
})

let made = 0
async function token(): Promise<string> {
  made += 1
  fresh.add(`token-${made}`)
  return `token-${made}`
}

const place = () => ({
  ...{ host: 'localhost', port: world.gate.port, user: 'agent', database: 'postgres', password: token },
  ssl: { ca: readFileSync(world.authority, 'utf8'), servername: 'localhost' },
})

test('node-postgres asks for a password for each connection of a pool', { skip }, async () => {
  const before = made
  const pool = new pg.Pool({ ...place(), max: 3 })
  const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()])
  for (const client of clients) assert.deepEqual((await client.query('select 1 as one')).rows, [{ one: 1 }])
  for (const client of clients) client.release()
  await pool.end()
  assert.equal(made - before, 3)
})

test('postgres.js asks for a password for each connection of its pool', { skip }, async () => {
  const before = made
  const sql = postgres({ ...place(), max: 3 })
  const reserved = [await sql.reserve(), await sql.reserve()]
  for (const each of reserved) {
    assert.equal((await each`select 1 as one`)[0]?.['one'], 1)
    each.release()
  }
  await sql.end()
  assert.equal(made - before, 2)
})

test('a token that was used is let in by nobody here twice', { skip }, async () => {
  const db = new pg.Client({ ...place(), password: 'token-1' })
  await assert.rejects(db.connect(), { code: '28P01' })
})
