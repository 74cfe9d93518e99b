import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { CATALOG_STATE, PATHS, SNAPSHOT } from '../../interpret/sql/postgres/catalog/changes.ts'
import { QUESTIONS } from '../../interpret/sql/postgres/catalog/questions.ts'
import { BackendReader, FrontendReader } from '../../wire/postgres/reader.ts'
import { writeBackend } from '../../wire/postgres/writer.ts'
import { type CatalogView, type Connect, SharedCatalog } from './shared-catalog.ts'

/** A server that has a catalog with one schema. */
const database = { snapshot: '1:1:', state: 'a', paths: 'p', schema: 'public', refuses: false }
let asked: string[] = []
const sockets: Socket[] = []
let server: Server
let clock: ManualClock
let shared: SharedCatalog

before(async () => {
  server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
beforeEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  Object.assign(database, { snapshot: '1:1:', state: 'a', paths: 'p', schema: 'public', refuses: false })
  asked = []
  clock = new ManualClock(1_000_000)
  const parser = { parse: () => Promise.reject(new Error('there are no views')) }
  shared = new SharedCatalog({ parser, clock, after: () => () => undefined })
})
after(() => {
  for (const socket of sockets) socket.destroy()
  server.close()
})

function answer(socket: Socket): void {
  sockets.push(socket)
  const reader = new FrontendReader()
  reader.authenticated()
  socket.on('error', () => undefined)
  socket.on('data', chunk => {
    reader.push(chunk)
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      const message = reader.read(frame)
      if (message.kind !== 'query') continue
      asked.push(message.sql)
      const row = rowFor(message.sql)
      socket.write(Buffer.concat([row, writeBackend({ kind: 'ready', state: 'I' })]))
    }
  })
}

function rowFor(sql: string): Buffer {
  const found = new Map([
    [SNAPSHOT, ['snapshot', database.snapshot]],
    [CATALOG_STATE, ['state', database.state]],
    [PATHS, ['paths', database.paths]],
    [QUESTIONS.schemas, ['schema', database.schema]],
  ]).get(sql)
  if (found === undefined) return writeBackend({ kind: 'command-complete', tag: 'SELECT 0' })
  const [name = '', value = ''] = found
  const column = {
    name,
    table: 0,
    attribute: 0,
    type: 25,
    typeSize: -1,
    typeModifier: -1,
    format: 0,
  } as const
  return Buffer.concat([
    writeBackend({ kind: 'row-description', columns: [column] }),
    writeBackend({ kind: 'data-row', values: [Buffer.from(value)] }),
    writeBackend({ kind: 'command-complete', tag: 'SELECT 1' }),
  ])
}

const open: Connect = async () => {
  if (database.refuses) throw new Error('no connection')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return { socket, reader: new BackendReader(), parameters: new Map(), state: 'I' }
}

const times = (sql: string): number => asked.filter(each => each === sql).length

test('it is read once for all who come at once', async () => {
  const views = Array.from({ length: 20 }, () => shared.join(open))
  const known = await Promise.all(views.map(view => view.confirm()))
  assert.equal(new Set(known.map(({ catalog }) => catalog)).size, 1)
  assert.equal(times(QUESTIONS.schemas), 1)
  assert.equal(known[0]?.catalog.hasSchema('public'), true)
})

test('nobody waits while it is young; what is old is asked about first', async () => {
  const view = shared.join(open)
  const { catalog } = await view.confirm()
  clock.advance(400)
  assert.equal(view.current?.catalog, catalog)
  assert.equal(times(SNAPSHOT), 1)
  clock.advance(400)
  assert.equal(view.current?.catalog, catalog)
  await view.confirm()
  clock.advance(1_001)
  // What goes on began too long ago to be good for this.
  assert.equal(view.current, undefined)
  assert.equal((await view.confirm()).catalog, catalog)
  const { current } = view as CatalogView
  assert.equal(current?.catalog, catalog)
})

test('it is looked at no closer than it has to be', async () => {
  const view = shared.join(open)
  const { catalog } = await view.confirm()
  view.doubt()
  assert.equal(view.current, undefined)
  await view.confirm()
  assert.deepEqual([times(SNAPSHOT), times(CATALOG_STATE), times(QUESTIONS.schemas)], [2, 1, 1])
  database.snapshot = '2:2:'
  view.doubt()
  await view.confirm()
  assert.deepEqual([times(SNAPSHOT), times(CATALOG_STATE), times(QUESTIONS.schemas)], [3, 2, 1])
  Object.assign(database, { snapshot: '2:2: later', paths: 'q' })
  view.doubt()
  const elsewhere = await view.confirm()
  assert.deepEqual([elsewhere.catalog === catalog, elsewhere.paths], [true, 'q'])
  assert.deepEqual([times(SNAPSHOT), times(CATALOG_STATE), times(QUESTIONS.schemas)], [4, 3, 1])
  Object.assign(database, { snapshot: '3:3:', state: 'b' })
  view.doubt()
  assert.equal((await view.confirm()).catalog, catalog)
  assert.equal(times(QUESTIONS.schemas), 2)
  Object.assign(database, { snapshot: '4:4:', state: 'c', schema: 'other' })
  view.doubt()
  const changed = (await view.confirm()).catalog
  assert.notEqual(changed, catalog)
  assert.deepEqual([changed.hasSchema('public'), changed.hasSchema('other')], [false, true])
})

test('what was changed while somebody looks is looked at behind, once for all', async () => {
  const view = shared.join(open)
  await view.confirm()
  asked = []
  const answers = Array.from({ length: 50 }, () => {
    view.doubt()
    return view.confirm()
  })
  Object.assign(database, { snapshot: '9:9:', state: 'z', schema: 'last' })
  const known = await Promise.all(answers)
  assert.equal(known.at(-1)?.catalog.hasSchema('last'), true)
  assert.ok(times(SNAPSHOT) <= 2, `${times(SNAPSHOT)}`)
  assert.notEqual(view.current, undefined)
})

test('a connection that has gone is opened anew, and what was known counts no more; without one nothing does', async () => {
  const view = shared.join(open)
  await view.confirm()
  for (const socket of sockets.splice(0)) socket.destroy()
  database.schema = 'promoted'
  view.doubt()
  assert.equal((await view.confirm()).catalog.hasSchema('promoted'), true)
  for (const socket of sockets.splice(0)) socket.destroy()
  database.refuses = true
  view.doubt()
  await assert.rejects(view.confirm())
  assert.equal(view.current, undefined)
  database.refuses = false
  assert.equal((await view.confirm()).catalog.hasSchema('promoted'), true)
})

test('when it is closed, nobody reads by it any more', async () => {
  const view = shared.join(open)
  await view.confirm()
  shared.close()
  view.doubt()
  await assert.rejects(view.confirm(), { code: 'sql-catalog-unclear' })
  view.leave()
})
