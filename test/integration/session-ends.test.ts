import assert from 'node:assert/strict'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionEndEvent } from '../../src/record/event.ts'
import { Caller, journalOf, STAND_IN_ENV, standInRole } from '../harness/caller.ts'
import { type GateOptions, ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer, type Issuer } from '../harness/issuer.ts'
import { type Postgres, startPostgres } from '../harness/postgres.ts'
import { assumeRaw, type RawReply } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ROLE = 'arn:aws:iam::123456789012:role/agent'

describe('how sessions end', () => {
  let upstream: StubUpstream
  let issuer: Issuer
  before(async () => {
    upstream = await startStubUpstream()
    issuer = await createIssuer(ISSUER_URL)
  })
  after(() => upstream?.stop())

  const options = (): GateOptions => ({
    issuer,
    roles: [standInRole(ROLE, ALLOW_ALL)],
    upstream: upstream.endpoint,
    env: STAND_IN_ENV,
  })
  const put = (gate: RunningGate, caller: Caller): Promise<RawReply> =>
    caller.call(gate, 'PutItem', { TableName: 't', Item: {} })
  const callerOf = async (gate: RunningGate): Promise<Caller> =>
    new Caller(await assumeRaw(gate.endpoint, ROLE, await issuer.token('agent-7')))

  it('a gate that stops says so of each with what it did; one that is killed says nothing, and a reader says that', async () => {
    let gate = await startGate(options())
    try {
      const first = await callerOf(gate)
      for (let each = 0; each < 3; each++) assert.equal((await put(gate, first)).status, 200)
      gate = await gate.restart('SIGTERM')
      const ends = (await journalOf(gate)).filter(event => event.type === 'session-end')
      assert.deepEqual(
        ends.map(({ why, calls, denied, bytesOut }: SessionEndEvent) => [why, calls, denied, bytesOut]),
        [['stopped', 3, 0, 6]],
      )
      assert.match((await gate.sessions('list')).stdout, /stopped 20\d\d-/)
      // It goes on: credentials stand by themselves.
      assert.equal((await put(gate, first)).status, 200)
      const { sessions } = JSON.parse((await gate.sessions('list', '--json')).stdout)
      assert.equal(sessions[0].ended, undefined)
      gate = await gate.restart('SIGKILL')
      assert.match((await gate.sessions('list')).stdout, /no end recorded/)
      assert.equal((await gate.sessions('verify')).code, 0)
    } finally {
      await gate.stop()
    }
  })

  it('a gate that loses its store lets calls pass for half a minute, then none, and goes on when it is back', async t => {
    const postgres = await startPostgres()
    if ('missing' in postgres) return t.skip(postgres.missing)
    const way = await openWay(postgres)
    const files = { 'store-url': `${postgres.url.replace(`:${postgres.port}/`, `:${way.port}/`)}\n` }
    let gate: RunningGate | undefined
    try {
      gate = await startGate({ ...options(), files, config: { store: { file: 'store-url' } } })
      const caller = await callerOf(gate)
      assert.equal((await put(gate, caller)).status, 200)
      way.close()
      const closedMs = Date.now()
      assert.equal((await put(gate, caller)).status, 200)
      // How long that takes on a slow machine is nothing to fail for: it is asked until it holds.
      while ((await fetch(`${gate.admin}/readyz`)).status === 200) await sleep(200)
      assert.ok(Date.now() - closedMs > 25_000)
      const reply = await put(gate, caller)
      assert.equal(reply.status, 503)
      assert.match(reply.body, /ServiceUnavailable.*revocations-unknown/)
      way.open()
      while ((await put(gate, caller)).status !== 200) await sleep(200)
      assert.equal((await fetch(`${gate.admin}/readyz`)).status, 200)
    } finally {
      await gate?.stop()
      await way.stop()
      await postgres.stop()
    }
  })
})

/** A way to PostgreSQL that can be closed: as where the network is at fault, nothing is answered. */
async function openWay({ port }: Postgres): Promise<{
  readonly port: number
  open(): void
  close(): void
  stop(): Promise<void>
}> {
  let isOpen = true
  const sockets = new Set<Socket>()
  const server: Server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    if (!isOpen) return
    const through = connect({ host: '127.0.0.1', port })
    sockets.add(through)
    through.on('error', () => socket.destroy())
    socket.pipe(through).pipe(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const drop = (): void => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    port: (server.address() as AddressInfo).port,
    open: () => {
      drop()
      isOpen = true
    },
    close: () => {
      isOpen = false
      for (const socket of sockets) socket.unpipe()
    },
    async stop() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      drop()
      await closed
    },
  }
}
