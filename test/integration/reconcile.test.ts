import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { ReconcileReport } from '../../src/record/reconcile/report.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { cleanEnv, execute, type Finished, ROOT } from '../harness/process.ts'
import { assumeRaw, type RawCredentials, rawBytes, sendRaw, signRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ACCOUNT = '123456789012'
const ROLE = `arn:aws:iam::${ACCOUNT}:role/reconciled`
const SALLYPORT = join(ROOT, 'bin/sallyport')

/** As CloudTrail has a call of the role. */
function trailRecord(requestID: string, session = 'raw-client', eventName = 'ListTables'): object {
  return {
    eventVersion: '1.11',
    eventID: `event-of-${requestID}`,
    requestID,
    eventTime: new Date().toISOString().replace(/\.\d+/, ''),
    eventSource: 'dynamodb.amazonaws.com',
    eventName,
    awsRegion: 'us-east-1',
    sourceIPAddress: '203.0.113.50',
    userAgent: 'aws-cli/2.30',
    recipientAccountId: ACCOUNT,
    userIdentity: {
      type: 'AssumedRole',
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/reconciled/${session}`,
      sessionContext: { sessionIssuer: { type: 'Role', arn: ROLE } },
    },
  }
}

describe('what a running gate recorded, against what CloudTrail says', () => {
  let upstream: StubUpstream
  let gate: RunningGate
  let credentials: RawCredentials

  before(async () => {
    upstream = await startStubUpstream()
    const issuer = await createIssuer(ISSUER_URL)
    gate = await startGate({
      issuer,
      roles: [{ arn: ROLE, policies: [ALLOW_ALL], upstream: { assume: false, credentials: 'environment' } }],
      upstream: upstream.endpoint,
      env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'reconcile' },
    })
    credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('caller'))
    for (const id of ['R1', 'R2', 'R3']) await call(id)
    // What the gate recorded is on the disk when it has ended.
    gate = await gate.restart()
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
  })

  async function call(requestId: string): Promise<void> {
    upstream.answer(200, { 'x-amzn-requestid': requestId }, '{}')
    const headers = [
      ['x-amz-target', 'DynamoDB_20120810.ListTables'],
      ['content-type', 'application/x-amz-json-1.0'],
    ] as const
    const request = { method: 'POST', target: '/', headers, body: '{}' }
    const signed = signRaw(request, { credentials, service: 'dynamodb', host: new URL(gate.endpoint).host })
    assert.equal((await sendRaw(gate.endpoint, rawBytes(signed))).status, 200)
  }

  function reconcile(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
    const place = ['--data', join(gate.folder, 'data'), '--role', ROLE]
    return execute(SALLYPORT, ['reconcile', ...place, ...args], { env: { ...cleanEnv(), ...env } })
  }

  const requestsOf = (list: { first: readonly { requestId?: string }[] }): (string | undefined)[] =>
    list.first.map(({ requestId }) => requestId).sort()

  it('confirms what both have, and names what AWS never saw and what went around the gate', async () => {
    const events = join(gate.folder, 'trail.json')
    const Records = [trailRecord('R1'), trailRecord('R2'), trailRecord('X1', 'thief', 'DeleteTable')]
    writeFileSync(events, JSON.stringify({ Records }))
    const { stdout, code } = await reconcile(['--events', events, '--grace', '0s', '--json'])
    assert.equal(code, 1)
    const report = JSON.parse(stdout) as ReconcileReport
    assert.deepEqual(requestsOf(report.calls.confirmed), ['R1', 'R2'])
    assert.deepEqual(requestsOf(report.calls.awaited).concat(requestsOf(report.calls.unseen)), ['R3'])
    assert.deepEqual(requestsOf(report.notThroughGate), ['X1'])
    assert.equal(report.notThroughGate.first[0]?.session, 'thief')
    const text = await reconcile(['--events', events])
    assert.match(text.stdout, /1 call with the gate's roles did NOT come through the gate/)
  })

  it('asks LookupEvents page by page, where the last minutes are awaited', async () => {
    const pages = [[trailRecord('R1')], [trailRecord('R2'), trailRecord('X1', 'thief', 'DeleteTable')], []]
    let asked = 0
    const trail: Server = createServer((request, response) => {
      request.resume().on('end', () => {
        const events = (pages[asked++] ?? []).map(each => ({ CloudTrailEvent: JSON.stringify(each) }))
        const next = asked < pages.length ? { NextToken: `page ${asked}` } : {}
        response.setHeader('content-type', 'application/x-amz-json-1.1')
        response.end(JSON.stringify({ Events: events, ...next }))
      })
    })
    await new Promise<void>(resolve => trail.listen(0, '127.0.0.1', resolve))
    try {
      const endpoint = `http://127.0.0.1:${(trail.address() as AddressInfo).port}`
      const env = {
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'secret',
        AWS_REGION: 'us-east-1',
      }
      const { stdout, stderr, code } = await reconcile(
        ['--lookup', '--endpoint', endpoint, '--since', '1h', '--json'],
        env,
      )
      assert.deepEqual([code, stderr, asked], [1, '', 3])
      const report = JSON.parse(stdout) as ReconcileReport
      assert.deepEqual(requestsOf(report.calls.confirmed), ['R1', 'R2'])
      assert.deepEqual(requestsOf(report.calls.awaited), ['R3'])
      assert.deepEqual(requestsOf(report.calls.unseen), [])
      assert.deepEqual(requestsOf(report.notThroughGate), ['X1'])
    } finally {
      trail.close()
    }
  })
})
