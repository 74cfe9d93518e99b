import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import type { RequestView } from '../../src/contract/approvals.ts'
import { asksOnCall, Caller, journalOf, numberIn, STAND_IN_ENV, standInRole } from '../harness/caller.ts'
import { ControlClient } from '../harness/control.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { execute, python } from '../harness/process.ts'
import { assumeRaw, type RawCredentials, rawBytes, signRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'

const ROLE = 'arn:aws:iam::123456789012:role/uploader'
/** More than the buffers between client and gate take, so that one who sends without being asked is stopped. */
const LARGE = 12 * 1024 * 1024

const POLICY = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'Everything', Effect: 'Allow', Action: '*', Resource: '*' },
    asksOnCall('Uploading', 's3:PutObject', { Hold: '30s' }),
    asksOnCall('Deleting', 'dynamodb:DeleteTable', { Hold: '30s' }),
  ],
}

const UPLOAD = `
import boto3, sys
boto3.client('s3').put_object(Bucket='bucket', Key=sys.argv[1], Body=b'x' * int(sys.argv[2]))
`

describe('calls that are held', () => {
  let upstream: StubUpstream
  let gate: RunningGate
  let ann: ControlClient
  let credentials: RawCredentials

  before(async () => {
    upstream = await startStubUpstream()
    // What S3 says of an upload.
    upstream.answer(200, {}, '')
    const issuer = await createIssuer(ISSUER_URL)
    const people = await createIssuer('https://idp.example')
    gate = await startGate({
      issuer,
      people,
      roles: [standInRole(ROLE, POLICY)],
      upstream: upstream.endpoint,
      env: STAND_IN_ENV,
      // A body that is not sent because nobody asked for it has not stalled.
      config: { limits: { bodyTimeout: '1s' } },
    })
    ann = new ControlClient(gate, await people.token('ann', { groups: ['on-call'] }))
    credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('agent-7'))
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
  })

  const asked = (name: string): Promise<RequestView> =>
    ann.asked(({ call }) => call?.commandLine.split(' ').includes(name) ?? false)
  const uploads = (key: string): readonly string[] =>
    upstream.seen.filter(({ url }) => url.startsWith(`/bucket/${key}`)).map(({ body }) => body)

  function dial(bytes: Buffer): Socket {
    const { hostname, port } = new URL(gate.endpoint)
    const socket = connect({ host: hostname, port: Number(port) })
    socket.on('error', () => socket.destroy())
    socket.write(bytes)
    return socket
  }

  /** An upload whose body is kept back until it is asked for. */
  function upload(key: string, body: string): { readonly head: Buffer; readonly body: Buffer } {
    const request = {
      method: 'PUT',
      target: `/bucket/${key}`,
      headers: [
        ['expect', '100-continue'],
        ['content-length', String(body.length)],
      ] as const,
      body,
    }
    const host = new URL(gate.endpoint).host
    const bytes = rawBytes(signRaw(request, { credentials, service: 's3', host }))
    const end = bytes.length - body.length
    return { head: bytes.subarray(0, end), body: bytes.subarray(end) }
  }

  it('an upload that expects 100 Continue is asked for its body once it is approved, and not before', async () => {
    const { head, body } = upload('polite', 'the body')
    const socket = dial(head)
    const chunks: Buffer[] = []
    socket.on('data', chunk => chunks.push(chunk))
    const { id, call } = await asked('polite')
    assert.equal(call?.body?.bytes, body.length)
    // Longer than a body may pause that was asked for.
    await sleep(1_500)
    assert.deepEqual(chunks, [])
    assert.equal((await ann.approve(id)).status, 200)
    await once(socket, 'data')
    assert.match(String(chunks[0]), /^HTTP\/1\.1 100 /)
    assert.deepEqual(uploads('polite'), [])
    socket.write(body)
    while (!Buffer.concat(chunks).includes('HTTP/1.1 200 ')) await once(socket, 'data')
    socket.destroy()
    assert.deepEqual(uploads('polite'), ['the body'])
    assert.equal((await ann.get(id)).state, 'spent')
  })

  it('an upload that is denied is never asked for its body', async () => {
    const socket = dial(upload('denied', 'the body').head)
    const { id } = await asked('denied')
    await ann.deny(id, 'not this one')
    const chunks: Buffer[] = []
    for await (const chunk of socket) {
      chunks.push(chunk as Buffer)
      if (Buffer.concat(chunks).includes('</Error>')) break
    }
    const reply = String(Buffer.concat(chunks))
    assert.match(reply, /^HTTP\/1\.1 403 /)
    assert.match(reply, /not this one/)
    assert.deepEqual(uploads('denied'), [])
  })

  it('boto3 sends its body unasked after a second: it waits in the connection, and goes on', async () => {
    const env = await gate.clientEnv(ROLE)
    const running = execute(python(), ['-c', UPLOAD, 'boto', String(LARGE)], { env })
    const { id } = await asked('boto')
    await sleep(2_500)
    assert.equal((await ann.get(id)).state, 'pending')
    assert.deepEqual(uploads('boto'), [])
    assert.equal((await ann.approve(id)).status, 200)
    const { code, stderr } = await running
    assert.equal(code, 0, stderr)
    assert.deepEqual(
      uploads('boto').map(({ length }) => length),
      [LARGE],
    )
  })

  it('boto3 that has sent its body unasked reads the denial all the same, and does not try again', async () => {
    const env = await gate.clientEnv(ROLE)
    const running = execute(python(), ['-c', UPLOAD, 'unwanted', String(LARGE)], { env })
    const { id } = await asked('unwanted')
    await sleep(2_500)
    await ann.deny(id, 'not that one')
    const { stderr } = await running
    assert.match(stderr, /\(AccessDenied\).*not that one/)
    assert.deepEqual(uploads('unwanted'), [])
    const decisions = (await journalOf(gate)).filter(event => event.type === 'decision')
    assert.equal(decisions.filter(({ call }) => call?.parameters['Key'] === 'unwanted').length, 1)
  })

  it('the JavaScript SDK waits to be asked, too', async () => {
    const s3 = new S3Client({
      endpoint: gate.endpoint,
      region: 'us-east-1',
      credentials,
      forcePathStyle: true,
    })
    const running = s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'js', Body: Buffer.alloc(LARGE) }))
    const { id } = await asked('js')
    assert.equal((await ann.approve(id)).status, 200)
    await running
    assert.equal(uploads('js').length, 1)
  })

  it('a client that leaves while it is held leaves the request, and takes no use', async () => {
    const agent = new Caller(credentials)
    const socket = dial(agent.bytes(gate, 'DeleteTable', { TableName: 'left' }))
    const { id } = await asked('left')
    socket.destroy()
    const decisions = async () =>
      (await journalOf(gate)).filter(
        event => event.type === 'decision' && event.call?.parameters['TableName'] === 'left',
      )
    while ((await decisions()).length === 0) await sleep(20)
    assert.equal((await ann.get(id)).state, 'pending')
    assert.equal((await ann.approve(id)).status, 200)
    assert.equal((await ann.get(id)).grant?.usesLeft, 1)
    const tables = () => upstream.seen.filter(({ body }) => body.includes('"left"')).length
    assert.equal(tables(), 0)
    assert.equal((await agent.call(gate, 'DeleteTable', { TableName: 'left' })).status, 200)
    assert.equal(tables(), 1)
    assert.equal((await ann.get(id)).state, 'spent')
  })

  it('the journal says that it left, and verifies', async () => {
    const text = JSON.stringify(await journalOf(gate))
    assert.match(text, /its client left while it waited/)
    assert.equal(numberIn(text).length, 26)
    const verified = await gate.sessions('verify')
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  })
})
