import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { DecisionEvent, OutcomeEvent } from '../../src/record/event.ts'
import { nodeFiles } from '../../src/record/node-files.ts'
import { readJournal } from '../../src/record/read.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { assumeRaw } from '../harness/raw-client.ts'
import { type Seen, type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'
import { type NamedAttack, readAttacks } from './gate/attack.ts'
import { bytesOf, type Stage } from './gate/build.ts'
import { NARROW } from './gate/narrow.ts'
import { parseReplies, type Reply } from './gate/replies.ts'

const ALL_ARN = 'arn:aws:iam::123456789012:role/all'
const NARROW_ARN = 'arn:aws:iam::123456789012:role/narrow'
const attacks = readAttacks()

/** How an attack went. */
interface Ended {
  readonly replies: readonly Reply[]
  readonly seen: readonly Seen[]
}

/** What the journal has of a call. */
interface Recorded {
  readonly decision: DecisionEvent
  outcome?: OutcomeEvent
}

describe('attacks on the whole gate', () => {
  let upstream: StubUpstream
  let gate: RunningGate
  const ended = new Map<string, Ended>()
  const journal = new Map<string, Recorded>()

  before(async () => {
    upstream = await startStubUpstream()
    const issuer = await createIssuer(ISSUER_URL)
    const role = { upstream: { assume: false, credentials: 'environment' } }
    gate = await startGate({
      issuer,
      roles: [
        { arn: ALL_ARN, policies: [ALLOW_ALL], ...role },
        { arn: NARROW_ARN, policies: [NARROW], ...role },
      ],
      upstream: upstream.endpoint,
      env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'the-real-secret' },
      // The stub answers everything with the same bytes; what masks make of replies is tested elsewhere.
      config: { domains: ['aws.gate.example'], masks: { builtIn: false } },
    })
    const assume = async (arn: string, subject: string) =>
      assumeRaw(gate.endpoint, arn, await issuer.token(subject))
    const stage: Stage = {
      host: new URL(gate.endpoint).host,
      credentials: {
        all: await assume(ALL_ARN, 'mallory'),
        narrow: await assume(NARROW_ARN, 'mallory'),
        other: await assume(ALL_ARN, 'alice'),
      },
    }
    for (const attack of attacks) {
      const first = upstream.seen.length
      const replies = await send(stage.host, bytesOf(attack, stage))
      ended.set(attack.name, { replies, seen: upstream.seen.slice(first) })
    }
    await gate.running.stop()
    const source = { files: nodeFiles, folder: join(gate.folder, 'data/journal') }
    for await (const { event } of readJournal(source)) {
      if (event.type === 'decision') journal.set(event.id, { decision: event })
      const recorded = event.type === 'outcome' ? journal.get(event.decisionId) : undefined
      if (recorded !== undefined && event.type === 'outcome') recorded.outcome = event
    }
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
  })

  for (const attack of attacks) it(`${attack.name}: ${attack.why}`, () => check(attack))

  it('nothing else reached the upstream, and whatever is in the journal has its ending', () => {
    const passing = attacks.filter(({ expect }) => expect.passes !== undefined)
    assert.equal(upstream.seen.length, passing.length)
    const told = new Set([...ended.values()].flatMap(({ replies }) => replies.map(({ eventId }) => eventId)))
    // Where the parser gives up within a body it has the last word, but the call is recorded all the same.
    const untold = [...journal.values()].filter(({ decision }) => !told.has(decision.id))
    for (const { decision, outcome } of untold) {
      assert.ok(
        decision.effect === 'deny' || outcome?.error !== undefined,
        JSON.stringify({ decision, outcome }),
      )
    }
  })

  it('the corpus only grows', () => assert.ok(attacks.length >= 70, `${attacks.length} attacks`))

  function check({ name, expect }: NamedAttack): void {
    const { replies, seen } = ended.get(name) ?? { replies: [], seen: [] }
    const [first] = replies
    const shown = JSON.stringify({ replies, seen }, null, 2)
    assert.equal(first?.status ?? 0, expect.status, shown)
    if (expect.replies !== undefined) {
      assert.deepEqual(
        replies.map(({ status }) => status),
        expect.replies,
        shown,
      )
    }
    assert.deepEqual(
      seen.map(({ url }) => url),
      expect.passes === undefined ? [] : [expect.passes],
      shown,
    )
    for (const [header, value] of Object.entries(expect.sees?.headers ?? {})) {
      assert.equal(seen[0]?.headers[header] ?? null, value, `${header}: ${shown}`)
    }
    if (expect.sees?.body !== undefined) assert.equal(seen[0]?.body, expect.sees.body, shown)
    if (expect.body !== undefined) assert.ok(first?.body.includes(expect.body), shown)
    if (expect.recorded === false) {
      assert.equal(first?.eventId, undefined, shown)
      return
    }
    const recorded = journal.get(first?.eventId ?? '')
    assert.ok(recorded, `not recorded: ${shown}`)
    const { decision, outcome } = recorded
    const code = outcome?.error ?? decision.denial?.code ?? decision.denial?.kind
    assert.equal(code, expect.passes === undefined ? expect.code : undefined, shown)
  }
})

/** Sends bytes and reads until the gate closes, or a first reply is whole that leaves the connection open. */
function send(host: string, bytes: Buffer): Promise<readonly Reply[]> {
  const { hostname, port } = new URL(`http://${host}`)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    let received = Buffer.alloc(0)
    const finish = (): void => {
      socket.destroy()
      resolve(parseReplies(received))
    }
    socket.setTimeout(20_000, () => reject(new Error(`the gate says nothing more after ${received}`)))
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      const replies = parseReplies(received)
      // Whoever pipelines says in the last request that the connection is to be closed.
      if (replies.some(({ closes }) => closes)) return
      if (replies.length > 0 && !bytes.includes('connection: close')) finish()
    })
    socket.on('error', finish)
    socket.on('close', finish)
    socket.write(bytes)
  })
}
