import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { Row } from '../../interpret/sql/mysql/catalog/load.ts'
import type { OwnConnection } from './own-connection.ts'
import { SharedCatalog } from './shared-catalog.ts'

/** A server with one table, whose column's name changes. */
class Server {
  column = 'a'
  isGone = false
  digests = 0
  opened = 0
  left = 0

  open(): OwnConnection {
    this.opened += 1
    const connection = {
      isMariadb: true,
      ask: (sql: string) => this.#ask(sql),
      leave: () => {
        this.left += 1
      },
    }
    return connection as unknown as OwnConnection
  }

  async #ask(sql: string): Promise<readonly Row[]> {
    if (this.isGone) {
      this.isGone = false
      throw new GateError('database-unreachable', 'gone')
    }
    if (sql.includes('md5')) {
      this.digests += 1
      return [{ n: '1', a: this.column, b: '0' }]
    }
    if (sql.includes('lower_case_table_names')) return [{ folding: '0' }]
    if (sql.includes('information_schema.columns'))
      return [{ schema: 'shop', name: 't', column: this.column }]
    if (sql.includes('information_schema.tables')) return [{ schema: 'shop', name: 't', kind: 'BASE TABLE' }]
    return []
  }
}

function world() {
  const server = new Server()
  const clock = new ManualClock(1_000_000)
  const parser = { parse: async () => ({ kind: 'syntax-error', message: '' }) as const }
  const catalog = new SharedCatalog({ parser, clock })
  const leave = catalog.join(async () => server.open())
  const columnNow = async (): Promise<string | undefined> =>
    (await catalog.current()).relation('shop', 't')?.columns[0]?.name
  return { server, clock, catalog, leave, columnNow }
}

test('it stays the same object until something has changed', async () => {
  const { server, catalog } = world()
  const first = await catalog.fresh()
  assert.equal(await catalog.fresh(), first)
  server.column = 'b'
  const second = await catalog.fresh()
  assert.notEqual(second, first)
  assert.equal(second.relation('shop', 't')?.columns[0]?.name, 'b')
  assert.equal(server.opened, 1)
})

test('it is recent for a second, and then looked at again', async () => {
  const { server, clock, catalog } = world()
  assert.equal(catalog.recent, undefined)
  const first = await catalog.current()
  assert.equal(catalog.recent, first)
  clock.advance(999)
  assert.equal(catalog.recent, first)
  clock.advance(1)
  assert.equal(catalog.recent, undefined)
  assert.equal(await catalog.current(), first)
  assert.equal(server.digests, 2)
})

test('what a session changed is seen, though another looks at the moment', async () => {
  const { server, catalog, columnNow } = world()
  const looking = catalog.current()
  server.column = 'b'
  const mine = catalog.fresh()
  await looking
  assert.equal((await mine).relation('shop', 't')?.columns[0]?.name, 'b')
  assert.equal(await columnNow(), 'b')
})

test('a connection that has gone is opened again, and the last session closes it', async () => {
  const { server, catalog, leave } = world()
  await catalog.current()
  server.isGone = true
  await catalog.fresh()
  assert.equal(server.opened, 2)
  leave()
  leave()
  assert.equal(server.left, 2)
  await assert.rejects(catalog.fresh(), { code: 'sql-catalog-unclear' })
})
