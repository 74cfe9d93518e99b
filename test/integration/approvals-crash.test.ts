import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { RequestListReply, RequestView } from '../../src/contract/approvals.ts'
import { asksOnCall, Caller, requestEventsOf, STAND_IN_ENV, standInRole } from '../harness/caller.ts'
import { ControlClient } from '../harness/control.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer, type Issuer } from '../harness/issuer.ts'
import { assumeRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'

const ROLE = 'arn:aws:iam::123456789012:role/crash'
const ROUNDS = 20
const CLIENTS = 6
const TABLES = 4
const USES = 3

const POLICY = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'Everything', Effect: 'Allow', Action: '*', Resource: '*' },
    asksOnCall('Deleting', 'dynamodb:DeleteTable', { Hold: '20s', Uses: USES }),
  ],
}

/** A small generator with a fixed seed: the moments are random, and the same in every run. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const tableOf = (commandLine: string | undefined): string =>
  /--table-name (\S+)/.exec(commandLine ?? '')?.[1] ?? ''
const taken = ({ grant }: RequestView): number => (grant?.uses ?? 0) - (grant?.usesLeft ?? 0)

describe('a gate that is killed at random moments while people approve and clients call', () => {
  let upstream: StubUpstream
  let gate: RunningGate
  let people: Issuer
  let agent: Caller
  /** Requests whose approval the approver was told of. */
  const acknowledged = new Set<string>()
  /** Counts all that clients and approver are told: what the moments are counted in. */
  let told = 0

  before(async () => {
    upstream = await startStubUpstream()
    const issuer = await createIssuer(ISSUER_URL)
    people = await createIssuer('https://idp.example')
    gate = await startGate({
      issuer,
      people,
      roles: [standInRole(ROLE, POLICY)],
      upstream: upstream.endpoint,
      env: STAND_IN_ENV,
    })
    agent = new Caller(await assumeRaw(gate.endpoint, ROLE, await issuer.token('agent-7')))
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
  })

  const ann = async (): Promise<ControlClient> =>
    new ControlClient(gate, await people.token('ann', { groups: ['on-call'] }))

  /** Calls until the gate is gone. */
  async function client(at: RunningGate, number: number): Promise<void> {
    for (let n = number; ; n++) {
      const reply = await agent
        .call(at, 'DeleteTable', { TableName: `t-${n % TABLES}` })
        .catch(() => undefined)
      if (reply === undefined) return
      told++
    }
  }

  /** Approves whatever is asked until the gate is gone. */
  async function approver(approving: ControlClient): Promise<void> {
    for (;;) {
      const waiting = await approving.pending().catch(() => undefined)
      if (waiting === undefined) return
      for (const { id } of waiting) {
        const reply = await approving.approve(id).catch(() => undefined)
        if (reply === undefined) return
        if (reply.status === 200) acknowledged.add(id)
        told++
      }
    }
  }

  /** Every request that the store has. */
  async function everything(reader: ControlClient): Promise<RequestView[]> {
    const all: RequestView[] = []
    for (let before = ''; ; ) {
      const { body } = await reader.call('GET', `/v1/requests?limit=100${before}`)
      const { requests, next }: RequestListReply = body
      all.push(...requests)
      if (next === undefined) return all
      before = `&before=${next}`
    }
  }

  /** What must hold whenever the gate is up. */
  function check(requests: readonly RequestView[]): void {
    const byId = new Map(requests.map(request => [request.id, request]))
    for (const id of acknowledged) {
      const request = byId.get(id)
      assert.equal(request?.approvals.length, 1, `the approval of ${id} was acknowledged and is gone`)
      assert.ok(request.state === 'approved' || request.state === 'spent', request.state)
    }
    const spent = new Map<string, number>()
    for (const request of requests) {
      assert.ok(taken(request) <= USES)
      const table = tableOf(request.call?.commandLine)
      spent.set(table, (spent.get(table) ?? 0) + taken(request))
    }
    const reached = Map.groupBy(
      upstream.seen,
      ({ body }) => (JSON.parse(body) as { TableName: string }).TableName,
    )
    for (const [table, calls] of reached) {
      assert.ok(calls.length <= (spent.get(table) ?? 0), `${calls.length} calls on ${table} passed`)
    }
  }

  it(`${ROUNDS} times: no call without a use, and no acknowledged approval is lost`, async () => {
    const next = random(20261123)
    for (let round = 0; round < ROUNDS; round++) {
      const goal = told + 1 + Math.floor(next() * 24)
      const busy = Array.from({ length: CLIENTS }, (_, n) => client(gate, n))
      busy.push(approver(await ann()))
      // Not in each turn of the loop: the gate needs the processor.
      while (told < goal) await sleep(1)
      // Not just when somebody was told something: also a moment later.
      for (let turns = Math.floor(next() * 400); turns > 0; turns--) await setImmediate()
      gate.running.child.kill('SIGKILL')
      await Promise.all(busy)
      gate = await gate.restart('SIGKILL')
      check(await everything(await ann()))
    }
    assert.ok(acknowledged.size >= ROUNDS / 2, `${acknowledged.size} approvals`)
    assert.ok(upstream.seen.length >= ROUNDS, `${upstream.seen.length} calls`)
  })

  it('after the sweep the journal has each event, under one id', async () => {
    const requests = await everything(await ann())
    const recorded = async (): Promise<Map<string, Set<string>>> => {
      const events = new Map<string, Set<string>>()
      for (const { requestId, id } of await requestEventsOf(gate)) {
        events.set(requestId, (events.get(requestId) ?? new Set()).add(id))
      }
      return events
    }
    // Each change has one event, so there are as many as the version says.
    const isWhole = (events: Map<string, Set<string>>): boolean =>
      requests.every(({ id, version }) => (events.get(id)?.size ?? 0) >= version)
    let events = await recorded()
    while (!isWhole(events)) {
      await sleep(200)
      events = await recorded()
    }
    assert.deepEqual(
      requests.map(({ id }) => [id, events.get(id)?.size]),
      requests.map(({ id, version }) => [id, version]),
    )
    assert.deepEqual(
      [...events.keys()].filter(id => !requests.some(request => request.id === id)),
      [],
    )
  })

  it('the journal says of each use which call took it, and verifies', async () => {
    const spent = (await requestEventsOf(gate)).filter(({ what }) => what === 'spent')
    const uses = new Map(spent.map(({ id, decisionId }) => [id, decisionId]))
    assert.equal(new Set(uses.values()).size, uses.size)
    assert.ok(upstream.seen.length <= uses.size)
    const verified = await gate.sessions('verify')
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  })
})
