import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestView } from '../../src/contract/approvals.ts'
import {
  asksOnCall,
  Caller,
  numberIn,
  requestEventsOf,
  STAND_IN_ENV,
  standInRole,
} from '../harness/caller.ts'
import { ControlClient } from '../harness/control.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { execute, which } from '../harness/process.ts'
import { assumeRaw, type RawReply } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'

const ROLE = 'arn:aws:iam::123456789012:role/shared'
const USES = 10
const CALLS = 30
/** Enough that both workers hold some: connections are dealt to them in turn. */
const HELD = ['held-0', 'held-1', 'held-2', 'held-3', 'held-4', 'held-5']

const POLICY = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'Everything', Effect: 'Allow', Action: '*', Resource: '*' },
    asksOnCall('Held', 'dynamodb:DeleteTable', { Hold: '25s' }),
    asksOnCall('Counted', 'dynamodb:DeleteItem', { Hold: '1s', Uses: USES }),
  ],
}

const noPgrep = which('pgrep') === undefined && 'pgrep is not installed'

describe('two workers and their primary over SQLite', () => {
  let upstream: StubUpstream
  let gate: RunningGate
  let ann: ControlClient
  let agent: Caller

  before(async () => {
    upstream = await startStubUpstream()
    const issuer = await createIssuer(ISSUER_URL)
    const people = await createIssuer('https://idp.example')
    gate = await startGate({
      issuer,
      people,
      roles: [standInRole(ROLE, POLICY)],
      upstream: upstream.endpoint,
      env: STAND_IN_ENV,
      config: { workers: 2 },
    })
    await ready()
    ann = new ControlClient(gate, await people.token('ann', { groups: ['on-call'] }))
    agent = new Caller(await assumeRaw(gate.endpoint, ROLE, await issuer.token('agent-7')))
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
  })

  /** Both workers are up. */
  async function ready(): Promise<void> {
    while ((await fetch(`${gate.admin}/readyz`)).status !== 200) await sleep(20)
  }

  const remove = (table: string): Promise<RawReply> => agent.call(gate, 'DeleteTable', { TableName: table })
  const askedFor = (table: string): Promise<RequestView> =>
    ann.asked(({ call }) => call?.commandLine.includes(table) ?? false)
  const reached = (table: string): number =>
    upstream.seen.filter(({ body }) => (JSON.parse(body) as { TableName: string }).TableName === table).length

  it('a call that a worker holds goes on when the primary takes the approval', async () => {
    const held = remove('first')
    const { id } = await askedFor('first')
    assert.equal((await ann.approve(id)).status, 200)
    assert.equal((await held).status, 200)
    assert.equal((await ann.get(id)).state, 'spent')
  })

  it('a denial links to where the primary shows the request', async () => {
    const refused = await agent.call(gate, 'DeleteItem', { TableName: 'linked', Key: {} })
    assert.ok(refused.body.includes(`${gate.admin}/r/${numberIn(refused.body)}`), refused.body)
  })

  it(`of ${CALLS} calls over as many connections exactly ${USES} pass, if so many were approved`, async () => {
    const call = () => agent.call(gate, 'DeleteItem', { TableName: 'counted', Key: { id: { S: '1' } } })
    const id = numberIn((await call()).body)
    assert.equal((await ann.approve(id)).status, 200)
    const replies = await Promise.all(Array.from({ length: CALLS }, call))
    assert.equal(reached('counted'), USES)
    assert.equal(replies.filter(({ status }) => status === 200).length, USES)
    assert.equal((await ann.get(id)).state, 'spent')
  })

  it('a worker that is killed takes its calls along, and no request', { skip: noPgrep }, async () => {
    const held = HELD.map(table => remove(table).catch(() => 'cut off' as const))
    const requests = await Promise.all(HELD.map(askedFor))
    const { stdout } = await execute('pgrep', ['-P', String(gate.running.child.pid)])
    const [worker, other] = stdout.trim().split('\n').map(Number)
    assert.ok(worker && other)
    process.kill(worker, 'SIGKILL')
    await gate.running.printed(/a worker ended; it is started again/)
    for (const { id } of requests) {
      assert.equal((await ann.get(id)).state, 'pending')
      assert.equal((await ann.approve(id)).status, 200)
    }
    const ends = await Promise.all(held)
    const lost = HELD.filter((_, n) => ends[n] === 'cut off')
    assert.ok(lost.length > 0 && lost.length < HELD.length, `${lost.length} calls were cut off`)
    for (const [n, table] of HELD.entries()) {
      const isLost = lost.includes(table)
      assert.equal(reached(table), isLost ? 0 : 1, table)
      assert.equal((await ann.get(requests[n]?.id ?? '')).state, isLost ? 'approved' : 'spent')
    }
    // Whoever was cut off calls again, and is served by either worker.
    await ready()
    for (const table of lost) assert.equal((await remove(table)).status, 200)
    for (const table of HELD) assert.equal(reached(table), 1, table)
  })

  it('the journal verifies over all lanes, and has what happened', async () => {
    const events = await requestEventsOf(gate)
    const once = [...new Map(events.map(event => [event.id, event])).values()]
    const count = (what: string): number => once.filter(event => event.what === what).length
    assert.equal(count('approved'), 2 + HELD.length)
    assert.equal(count('spent'), 1 + USES + HELD.length)
    assert.ok(count('asked') >= count('approved'))
    const verified = await gate.sessions('verify')
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
    const { stdout } = await gate.sessions('list', '--json')
    const { sessions } = JSON.parse(stdout) as { sessions: { id: string }[] }
    const replays = await Promise.all(sessions.map(({ id }) => gate.sessions('show', id)))
    const text = replays.map(replay => replay.stdout).join('\n')
    for (const what of ['asked', 'yes', 'spent']) assert.match(text, new RegExp(`${what} +access request`))
  })
})
