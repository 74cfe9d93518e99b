import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import type { DecisionEvent, JournalEvent, OutcomeEvent, SessionEndEvent } from '../../src/record/event.ts'
import { asksOnCall, Caller, journalOf, STAND_IN_ENV, standInRole } from '../harness/caller.ts'
import { type GateOptions, ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer, type Issuer } from '../harness/issuer.ts'
import { type Postgres, startPostgres } from '../harness/postgres.ts'
import { execute, python } from '../harness/process.ts'
import {
  assumeRaw,
  type RawCredentials,
  type RawReply,
  rawBytes,
  sendRaw,
  signRaw,
} from '../harness/raw-client.ts'
import { type SlowUpstream, startSlowUpstream } from '../harness/slow-upstream.ts'

const ROLE = 'arn:aws:iam::123456789012:role/agent'
const NEXT = 'arn:aws:iam::123456789012:role/next'
const KEYS = 'data/keys/credentials.json'

const POLICY = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'Everything', Effect: 'Allow', Action: '*', Resource: '*' },
    asksOnCall('Deleting', 'dynamodb:DeleteTable', { Hold: '60s' }),
  ],
}

const CHAINS = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: ROLE }, Action: 'sts:AssumeRole' }],
}

/** Who on call may end which sessions. */
const CONTROL = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Action: 'gate:KillSession',
      Resource: 'arn:sallyport:gate:::session/*',
      Condition: {
        'ForAnyValue:StringEquals': { 'gate:Group': 'on-call' },
        ArnLikeIfExists: { 'gate:Role': NEXT },
      },
    },
  ],
}

const LOOP = `
import boto3, botocore, sys, time
client = boto3.client('dynamodb', config=botocore.config.Config(retries={'total_max_attempts': 1}))
print('ready', flush=True)
for _ in range(600):
    try:
        client.put_item(TableName='t', Item={'id': {'S': '1'}})
    except botocore.exceptions.ClientError as error:
        print(error.response['Error']['Code'], flush=True)
        sys.exit(3)
    time.sleep(0.05)
`

interface Stage {
  readonly gates: readonly RunningGate[]
  /** Connections to make until each process has met one. */
  readonly tries: number
  readonly issuer: Issuer
  readonly people: Issuer
  readonly upstream: SlowUpstream
}

function options(issuer: Issuer, people: Issuer, upstream: SlowUpstream, config: object): GateOptions {
  return {
    issuer,
    people,
    roles: [standInRole(ROLE, POLICY), { ...standInRole(NEXT, POLICY), trust: CHAINS }],
    upstream: upstream.endpoint,
    env: STAND_IN_ENV,
    files: { 'control.json': JSON.stringify(CONTROL) },
    config: { approvals: { policies: ['control.json'] }, ...config },
  }
}

describe('sessions are ended: a gate with two workers', () => {
  suite(async (issuer, people, upstream) => {
    const gate = await startGate(options(issuer, people, upstream, { workers: 2 }))
    while ((await fetch(`${gate.admin}/readyz`)).status !== 200) await sleep(20)
    return { gates: [gate], tries: 6 }
  })
})

const started = await startPostgres()

describe('sessions are ended: two replicas over PostgreSQL', {
  skip: 'missing' in started && started.missing,
}, () => {
  suite(async (issuer, people, upstream) => {
    const plain = options(issuer, people, upstream, { store: { file: 'store-url' } })
    const all = { ...plain, files: { ...plain.files, 'store-url': `${(started as Postgres).url}\n` } }
    const first = await startGate(all)
    const keys = readFileSync(join(first.folder, KEYS), 'utf8')
    const second = await startGate({ ...all, files: { ...all.files, [KEYS]: keys } }).catch(async error => {
      await first.stop()
      throw error
    })
    return { gates: [first, second], tries: 1 }
  })
  after(() => (started as Postgres).stop?.())
})

/** The same for every way to have several processes: orders are given to the first gate alone. */
function suite(
  start: (issuer: Issuer, people: Issuer, upstream: SlowUpstream) => Promise<Pick<Stage, 'gates' | 'tries'>>,
): void {
  let stage: Stage
  let upstream: SlowUpstream
  before(async () => {
    upstream = await startSlowUpstream()
    const issuer = await createIssuer(ISSUER_URL)
    const people = await createIssuer('https://idp.example')
    stage = { ...(await start(issuer, people, upstream)), issuer, people, upstream }
  })
  after(async () => {
    for (const gate of stage?.gates ?? []) await gate.stop()
    await upstream?.stop()
  })

  const first = (): RunningGate => stage.gates[0] as RunningGate
  const last = (): RunningGate => stage.gates.at(-1) as RunningGate
  const events = async (): Promise<JournalEvent[]> => (await Promise.all(stage.gates.map(journalOf))).flat()

  async function assume(subject: string): Promise<{ credentials: RawCredentials; id: string }> {
    const credentials = await assumeRaw(first().endpoint, ROLE, await stage.issuer.token(subject))
    const begun = (await events()).findLast(
      event => event.type === 'session' && event.principal.subject === subject,
    )
    return { credentials, id: begun?.sessionId ?? '' }
  }

  async function kill(...args: string[]): Promise<void> {
    const done = await first().as(first().adminToken, 'sessions', 'kill', ...args, '--reason', 'it ran wild')
    assert.equal(done.code, 0, done.stderr)
  }

  const put = (gate: RunningGate, credentials: RawCredentials): Promise<RawReply> =>
    new Caller(credentials).call(gate, 'PutItem', { TableName: 't', Item: { id: { S: '1' } } })

  /** Calls at every process until one passes nowhere any more; gives what the last were answered. */
  async function refusedEverywhere(credentials: RawCredentials): Promise<readonly RawReply[]> {
    for (;;) {
      const replies: RawReply[] = []
      for (const gate of stage.gates) {
        for (let each = 0; each < stage.tries; each++) replies.push(await put(gate, credentials))
      }
      if (replies.every(({ status }) => status !== 200)) return replies
      await sleep(50)
    }
  }

  async function event<T extends JournalEvent>(is: (event: JournalEvent) => boolean): Promise<T> {
    for (;;) {
      const found = (await events()).find(is)
      if (found !== undefined) return found as T
      await sleep(50)
    }
  }

  function download(gate: RunningGate, credentials: RawCredentials, key: string): Socket {
    const { hostname, port, host } = new URL(gate.endpoint)
    const request = { method: 'GET', target: `/bucket/${key}` }
    const socket = connect({ host: hostname, port: Number(port) })
    socket.on('error', () => socket.destroy())
    socket.write(rawBytes(signRaw(request, { credentials, service: 's3', host })))
    return socket
  }

  it('no call of it passes in any process, each is told so in the words of its service, and it is recorded', async () => {
    const { credentials, id } = await assume('plain')
    for (const gate of stage.gates) assert.equal((await put(gate, credentials)).status, 200)
    await kill(id)
    const [reply] = await refusedEverywhere(credentials)
    assert.match(reply?.body ?? '', /ExpiredTokenException/)
    assert.match(reply?.body ?? '', /session-revoked, event [0-9A-Z]{26}/)
    const end = await event<SessionEndEvent>(
      each => each.type === 'session-end' && each.sessionId === id && each.reason === 'it ran wild',
    )
    assert.equal(end.why, 'revoked')
    assert.equal(end.by, 'sallyport/admin')
    const refused = await event<DecisionEvent>(
      each => each.type === 'decision' && each.sessionId === id && each.denial?.code === 'session-revoked',
    )
    assert.equal(refused.effect, 'deny')
    const before = stage.upstream.seen.length
    await put(last(), credentials)
    assert.equal(stage.upstream.seen.length, before)
    await kill(id)
  })

  it('what was chained from it dies with it, and so does its S3 Express session', async () => {
    const { credentials, id } = await assume('chained')
    const { host } = new URL(first().endpoint)
    const body = `Action=AssumeRole&Version=2011-06-15&RoleArn=${encodeURIComponent(NEXT)}&RoleSessionName=next`
    const headers = [['content-type', 'application/x-www-form-urlencoded']] as const
    const request = { method: 'POST', target: '/', headers, body }
    const chain = await sendRaw(
      first().endpoint,
      rawBytes(signRaw(request, { credentials, service: 'sts', host })),
    )
    const chained = credentialsIn(chain.body)
    const create = { method: 'GET', target: '/logs--use1-az4--x-s3?session' }
    const express = await sendRaw(
      first().endpoint,
      rawBytes(signRaw(create, { credentials: chained, service: 's3', host })),
    )
    assert.equal(express.status, 200, express.body)
    assert.equal((await put(last(), chained)).status, 200)
    const socket = download(last(), chained, 'of-the-chain')
    await once(socket, 'data')
    await kill(id)
    await refusedEverywhere(chained)
    if (!socket.destroyed) await once(socket, 'close')
  })

  it('a download on its way is cut off, on both sides, and its outcome says why', async () => {
    const { credentials, id } = await assume('loader')
    const sockets = [0, 1, 2].map(number => download(last(), credentials, `large-${number}`))
    await Promise.all(sockets.map(socket => once(socket, 'data')))
    for (const socket of sockets) socket.resume()
    const closed = Promise.all(sockets.map(socket => once(socket, 'close')))
    await kill(id)
    await closed
    while (stage.upstream.open.size > 0) await sleep(20)
    const outcome = await event<OutcomeEvent>(each => each.type === 'outcome' && each.sessionId === id)
    assert.equal(outcome.error, 'session-revoked')
    assert.ok(outcome.bytesOut > 0)
    const end = await event<SessionEndEvent>(
      each => each.type === 'session-end' && each.sessionId === id && each.bytesOut > 0,
    )
    assert.equal(end.why, 'revoked')
  })

  it('an upload on its way is cut off: AWS never has all of it, and the client is told why', async () => {
    const { credentials, id } = await assume('uploader')
    const { hostname, port, host } = new URL(last().endpoint)
    const headers = [['content-length', '10000000']] as const
    const request = { method: 'PUT', target: '/bucket/upload', headers }
    const payloadHash = 'UNSIGNED-PAYLOAD'
    const socket = connect({ host: hostname, port: Number(port) })
    socket.on('error', () => socket.destroy())
    let answered = ''
    socket.on('data', chunk => {
      answered += chunk
    })
    socket.write(rawBytes(signRaw(request, { credentials, service: 's3', host, payloadHash })))
    // More than the gate keeps back until it knows what comes after it.
    socket.write(Buffer.alloc(1_000_000))
    while (!stage.upstream.seen.some(each => each.startsWith('PUT /bucket/upload'))) {
      assert.equal(answered, '')
      await sleep(20)
    }
    const closed = once(socket, 'close')
    await kill(id)
    await closed
    assert.match(answered, /ExpiredToken[\s\S]*session-revoked/)
    assert.equal(stage.upstream.broken.filter(each => each.startsWith('/bucket/upload')).length, 1)
    const outcome = await event<OutcomeEvent>(each => each.type === 'outcome' && each.sessionId === id)
    assert.equal(outcome.error, 'session-revoked')
  })

  it('a call that waits for an approval is told so, and never reaches AWS', async () => {
    const { credentials, id } = await assume('waiter')
    const held = new Caller(credentials).call(last(), 'DeleteTable', { TableName: 't' })
    await event(each => each.type === 'access-request' && each.sessionId === id && each.what === 'asked')
    const before = stage.upstream.seen.length
    await kill(id)
    const reply = await held
    assert.match(reply.body, /ExpiredTokenException/)
    assert.equal(stage.upstream.seen.length, before)
    await event(
      each => each.type === 'decision' && each.sessionId === id && each.denial?.code === 'session-revoked',
    )
  })

  it('all sessions of a principal end, and those of others go on; a new one may begin', async () => {
    const [one, two, other] = [await assume('many'), await assume('many'), await assume('other')]
    await kill('--principal', 'local/many', '--yes')
    await refusedEverywhere(one.credentials)
    await refusedEverywhere(two.credentials)
    for (const gate of stage.gates) assert.equal((await put(gate, other.credentials)).status, 200)
    await event(each => each.type === 'revocation' && each.what === 'principal' && each.of === 'local/many')
    await event(each => each.type === 'session-end' && each.sessionId === one.id && each.why === 'revoked')
    // Clocks of replicas may differ by so much.
    await sleep(2_500)
    assert.equal((await put(last(), (await assume('many')).credentials)).status, 200)
    await kill('--role', ROLE, '--yes')
    await refusedEverywhere(other.credentials)
  })

  it('who may not is refused, and nothing ends', async () => {
    await sleep(2_500)
    const { credentials, id } = await assume('kept')
    const workload = await stage.issuer.token('kept')
    const tried = await first().as(workload, 'sessions', 'kill', id, '--reason', 'x')
    assert.equal(tried.code, 1)
    assert.match(tried.stderr, /api-denied/)
    const ann = await stage.people.token('ann', { groups: ['sales'] })
    assert.equal((await first().as(ann, 'sessions', 'kill', id, '--reason', 'x')).code, 1)
    await sleep(1_500)
    for (const gate of stage.gates) assert.equal((await put(gate, credentials)).status, 200)
  })

  it('the SDK for JavaScript sees its download break, and its next call refused for an expired token', async () => {
    const { credentials, id } = await assume('sdk')
    const s3 = new S3Client({
      endpoint: last().endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials,
      maxAttempts: 1,
    })
    const object = { Bucket: 'bucket', Key: 'sdk' }
    const { Body } = await s3.send(new GetObjectCommand(object))
    const broken = assert.rejects(Body?.transformToByteArray() ?? Promise.resolve())
    await kill(id)
    await broken
    await assert.rejects(s3.send(new PutObjectCommand({ ...object, Body: 'x' })), { name: 'ExpiredToken' })
    s3.destroy()
  })

  it('a person ends what the control policies let them', async () => {
    const { credentials, id } = await assume('supervised')
    const ann = await stage.people.token('ann', { groups: ['on-call'] })
    const whole = await first().as(ann, 'sessions', 'kill', '--role', ROLE, '--yes', '--reason', 'x')
    assert.match(whole.stderr, /api-denied/)
    assert.equal((await put(last(), credentials)).status, 200)
    const one = await first().as(ann, 'sessions', 'kill', id, '--reason', 'x')
    assert.equal(one.code, 0, one.stderr)
    await refusedEverywhere(credentials)
    await event(each => each.type === 'session-end' && each.sessionId === id && each.by === 'idp/ann')
  })

  it('boto3 is told that its token has expired', async () => {
    const env = await last().clientEnv(ROLE, 'boto')
    const running = execute(python(), ['-c', LOOP], { env })
    const { sessionId = '' } = await event(
      each => each.type === 'outcome' || (each.type === 'session' && each.principal.subject === 'boto'),
    ).then(() => event(each => each.type === 'session' && each.principal.subject === 'boto'))
    await kill(sessionId)
    const done = await running
    assert.equal(done.code, 3, done.stdout + done.stderr)
    assert.match(done.stdout, /ExpiredTokenException/)
  })
}

function credentialsIn(xml: string): RawCredentials {
  const member = (name: string): string => {
    const text = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1]
    assert.ok(text, xml)
    return text
  }
  return {
    accessKeyId: member('AccessKeyId'),
    secretAccessKey: member('SecretAccessKey'),
    sessionToken: member('SessionToken'),
  }
}
