import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  asksOnCall,
  Caller,
  journalOf,
  numberIn,
  requestEventsOf,
  STAND_IN_ENV,
  standInRole,
} from '../harness/caller.ts'
import { ControlClient } from '../harness/control.ts'
import { type GateOptions, ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { type Postgres, startPostgres } from '../harness/postgres.ts'
import { assumeRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'

const ROLE = 'arn:aws:iam::123456789012:role/replicated'
const USES = 12
const CALLS = 32
const KEYS = 'data/keys/credentials.json'

const POLICY = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'Everything', Effect: 'Allow', Action: '*', Resource: '*' },
    asksOnCall('Held', 'dynamodb:DeleteTable', { Hold: '25s' }),
    asksOnCall('Counted', 'dynamodb:DeleteItem', { Hold: '1s', Uses: USES }),
    asksOnCall('Revoked', 'dynamodb:PutItem', { Hold: '1s', Uses: 1_000 }),
  ],
}

const started = await startPostgres()

describe('two replicas over one store', { skip: 'missing' in started && started.missing }, () => {
  const postgres = started as Postgres
  let upstream: StubUpstream
  let first: RunningGate
  let second: RunningGate
  /** The approver, at each. */
  let annAtFirst: ControlClient
  let annAtSecond: ControlClient
  let agent: Caller

  before(async () => {
    upstream = await startStubUpstream()
    const issuer = await createIssuer(ISSUER_URL)
    const people = await createIssuer('https://idp.example')
    const options: GateOptions = {
      issuer,
      people,
      roles: [standInRole(ROLE, POLICY)],
      upstream: upstream.endpoint,
      env: STAND_IN_ENV,
      files: { 'store-url': `${postgres.url}\n` },
      config: { store: { file: 'store-url' } },
    }
    first = await startGate(options)
    const keys = readFileSync(join(first.folder, KEYS), 'utf8')
    second = await startGate({ ...options, files: { ...options.files, [KEYS]: keys } })
    const token = await people.token('ann', { groups: ['on-call'] })
    annAtFirst = new ControlClient(first, token)
    annAtSecond = new ControlClient(second, token)
    agent = new Caller(await assumeRaw(first.endpoint, ROLE, await issuer.token('agent-7')))
  })
  after(async () => {
    await first?.stop()
    await second?.stop()
    await upstream?.stop()
    await postgres.stop?.()
  })

  /** Calls on this table that reached AWS. */
  const reached = (table: string): number =>
    upstream.seen.filter(({ body }) => (JSON.parse(body) as { TableName: string }).TableName === table).length

  const item = (table: string): object => ({ TableName: table, Key: { id: { S: '1' } } })

  it('what is asked at one is approved at the other, and the held call goes on', async () => {
    const held = agent.call(first, 'DeleteTable', { TableName: 'held' })
    const [request] = await annAtSecond.pending()
    assert.ok(request)
    assert.match(request.call?.commandLine ?? '', /--table-name held/)
    assert.equal(reached('held'), 0)
    assert.equal((await annAtSecond.approve(request.id)).status, 200)
    assert.equal((await held).status, 200)
    assert.equal(reached('held'), 1)
    assert.equal((await annAtFirst.get(request.id)).state, 'spent')
  })

  it('a call that is held at both is asked once, and one of the two takes the only use', async () => {
    const held = [first, second].map(gate => agent.call(gate, 'DeleteTable', { TableName: 'both' }))
    const [request, ...others] = await annAtFirst.pending()
    assert.ok(request)
    assert.deepEqual(others, [])
    assert.equal((await annAtFirst.approve(request.id)).status, 200)
    // The other one asks anew, and is told so: nobody approves that one.
    const again = await annAtSecond.asked(({ id }) => id !== request.id)
    await annAtSecond.deny(again.id, 'once is enough')
    const statuses = (await Promise.all(held)).map(({ status }) => status)
    assert.deepEqual(statuses.toSorted(), [200, 400])
    assert.equal(reached('both'), 1)
  })

  it(`of ${CALLS} calls at both at once exactly ${USES} pass, if so many were approved`, async () => {
    const refused = await agent.call(first, 'DeleteItem', item('counted'))
    assert.notEqual(refused.status, 200)
    const id = numberIn(refused.body)
    assert.equal((await annAtSecond.approve(id)).status, 200)
    const replies = await Promise.all(
      Array.from({ length: CALLS }, (_, n) =>
        agent.call(n % 2 === 0 ? first : second, 'DeleteItem', item('counted')),
      ),
    )
    assert.equal(reached('counted'), USES)
    assert.equal(replies.filter(({ status }) => status === 200).length, USES)
    const late = replies.filter(({ status }) => status !== 200).map(({ body }) => numberIn(body))
    assert.equal(new Set(late).size, 1, 'those that came too late wait for one request')
    assert.notEqual(late[0], id)
    assert.equal((await annAtFirst.get(id)).state, 'spent')
  })

  it('what is revoked at one ends at the other', async () => {
    const put = (gate: RunningGate) => agent.call(gate, 'PutItem', { TableName: 'revoked', Item: {} })
    const id = numberIn((await put(first)).body)
    assert.equal((await annAtFirst.approve(id)).status, 200)
    assert.equal((await put(first)).status, 200)
    assert.equal((await put(second)).status, 200)
    const revoked = await annAtSecond.call('POST', `/v1/requests/${id}/revoke`, { reason: 'enough' })
    assert.equal(revoked.status, 200)
    const refused = await put(first)
    assert.notEqual(refused.status, 200)
    assert.notEqual(numberIn(refused.body), id)
    assert.equal(reached('revoked'), 2)
  })

  it('a store that goes away: only calls that need an approval are denied, and one that is held stays so', async () => {
    const held = agent.call(first, 'DeleteTable', { TableName: 'patient' })
    const waiting = await annAtFirst.asked(({ call }) => call?.commandLine.includes('patient') ?? false)
    await postgres.halt()
    for (const gate of [first, second]) {
      const asked = await agent.call(gate, 'DeleteTable', { TableName: 'away' })
      assert.equal(asked.status, 503, asked.body)
      assert.match(asked.body, /store of access requests could not be used/)
      assert.ok(!asked.body.includes(postgres.url) && !asked.body.includes('canary'), asked.body)
      assert.equal((await agent.call(gate, 'GetItem', item('away'))).status, 200)
      assert.equal((await fetch(`${gate.admin}/healthz`)).status, 200)
    }
    assert.equal((await annAtFirst.call('POST', `/v1/requests/${waiting.id}/approve`, {})).status, 503)
    await postgres.resume()
    assert.equal((await annAtSecond.approve(waiting.id)).status, 200)
    assert.equal((await held).status, 200)
    assert.equal(reached('patient'), 1)
    assert.equal(reached('away'), 2)
    const asked = agent.call(second, 'DeleteTable', { TableName: 'back' })
    const back = await annAtFirst.asked(({ call }) => call?.commandLine.includes('back') ?? false)
    await annAtFirst.approve(back.id)
    assert.equal((await asked).status, 200)
  })

  it('each journal verifies, and together they have every event, and why calls were denied', async () => {
    // One that a replica could not mark as recorded may stand in both, under one id.
    const both = [...(await requestEventsOf(first)), ...(await requestEventsOf(second))]
    const once = [...new Map(both.map(event => [event.id, event])).values()]
    const spent = once.filter(({ what }) => what === 'spent')
    assert.equal(spent.length, 1 + 1 + USES + 2 + 2)
    assert.equal(new Set(spent.map(({ decisionId }) => decisionId)).size, spent.length)
    for (const gate of [first, second]) {
      const denied = (await journalOf(gate)).filter(event =>
        JSON.stringify(event).includes('store-unavailable'),
      )
      assert.equal(denied.length, 1)
      assert.equal((await gate.sessions('verify')).code, 0)
    }
  })
})
