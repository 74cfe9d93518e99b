import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'
import {
  BatchGetItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { DecisionEvent, OutcomeEvent } from '../../src/record/event.ts'
import { journalOf } from '../harness/caller.ts'
import { cleanEnv, execute, type Finished, ROOT } from '../harness/process.ts'
import { assumeRaw, type RawCredentials, rawBytes, signRaw } from '../harness/raw-client.ts'
import { ALLOW_ALL, startWorld, type World } from '../harness/world.ts'

const READER = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'AllButUnmask', Effect: 'Allow', NotAction: 'gate:Unmask', Resource: '*' },
    {
      Sid: 'Items',
      Effect: 'Mask',
      Action: 'dynamodb:Scan',
      Resource: '*',
      Mask: { Fields: ['Items[].card'], As: 'full' },
    },
  ],
}

const KEEP = [
  { actions: ['dynamodb:BatchGet*'], what: 'metadata' },
  { actions: ['dynamodb:*'], what: 'replies', replies: '1KiB' },
  { roles: ['owner', 'reader'], what: 'bodies', replies: '1KiB' },
]

/** A call as it was recorded. */
interface Recorded {
  readonly decision: DecisionEvent
  readonly outcome: OutcomeEvent
}

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')

describe('bodies, as the real SDKs make them', () => {
  let world: World
  let s3: S3Client
  let ownerCredentials: RawCredentials

  before(async () => {
    world = await startWorld(
      { owner: [ALLOW_ALL], reader: [READER], other: [ALLOW_ALL] },
      { unchecked: true, config: { record: { keep: KEEP } } },
    )
    ownerCredentials = await credentialsOf('owner')
    s3 = new S3Client(await settings('owner'))
    await s3.send(new CreateBucketCommand({ Bucket: 'bodies' }))
  })
  after(() => world.stop())

  async function credentialsOf(role: string): Promise<RawCredentials> {
    const { gate } = world
    const env = await gate.clientEnv(world.role(role), role)
    const token = readFileSync(env['AWS_WEB_IDENTITY_TOKEN_FILE'] ?? '', 'utf8')
    return assumeRaw(gate.endpoint, world.role(role), token)
  }

  async function settings(role: string): Promise<{
    endpoint: string
    region: string
    credentials: RawCredentials
    maxAttempts: number
    forcePathStyle: boolean
  }> {
    const credentials = await credentialsOf(role)
    return {
      endpoint: world.gate.endpoint,
      region: 'us-east-1',
      credentials,
      maxAttempts: 1,
      forcePathStyle: true,
    }
  }

  /** The last call of an operation, once its outcome is recorded. */
  async function last(operation: string): Promise<Recorded> {
    for (;;) {
      const events = await journalOf(world.gate)
      const decision = events.findLast(
        (event): event is DecisionEvent => event.type === 'decision' && event.call?.operation === operation,
      )
      const outcome = events.find(
        (event): event is OutcomeEvent => event.type === 'outcome' && event.decisionId === decision?.id,
      )
      if (decision !== undefined && outcome !== undefined) return { decision, outcome }
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  const blobs = (): string => join(world.gate.folder, 'data/journal/blobs')

  /** What a file holds, read with nothing of the gate. */
  function unpacked(name: string | undefined): Buffer {
    return zstdDecompressSync(readFileSync(join(blobs(), name ?? 'none')))
  }

  /** Every byte under `data`, with what is in compressed files. */
  function everything(): Buffer {
    const data = join(world.gate.folder, 'data')
    const parts = readdirSync(data, { recursive: true, encoding: 'utf8' }).flatMap(name => {
      const path = join(data, name)
      if (!statSync(path).isFile()) return []
      const bytes = readFileSync(path)
      return name.endsWith('.zst') ? [bytes, zstdDecompressSync(bytes)] : [bytes]
    })
    return Buffer.concat(parts)
  }

  it('an upload is kept whole, without the frames that an SDK sends it in', async () => {
    const body = Buffer.from('line of text\n'.repeat(30_000))
    await s3.send(new PutObjectCommand({ Bucket: 'bodies', Key: 'large.txt', Body: body }))
    const { decision, outcome } = await last('PutObject')
    const { requestBody } = outcome
    assert.equal(requestBody?.bytes, body.length)
    assert.equal(requestBody?.sha256, sha256(body))
    assert.equal(requestBody?.blob, `00/0000000001/${decision.id}.request.zst`)
    assert.equal(requestBody?.cut, undefined)
    assert.ok(unpacked(requestBody?.blob).equals(body))
    assert.ok((requestBody?.text ?? '').startsWith('line of text'))
    const path = join(blobs(), requestBody?.blob ?? '')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.ok(statSync(path).size < body.length / 20)
  })

  it('of an upload in signed or unsigned chunks, what is in them is kept', async () => {
    const body = Buffer.from('chunk after chunk\n'.repeat(20_000))
    const Body = Readable.from([body.subarray(0, 70_000), body.subarray(70_000)])
    const put = new PutObjectCommand({
      Bucket: 'bodies',
      Key: 'chunks.txt',
      Body,
      ContentLength: body.length,
    })
    put.middlewareStack.add(
      next => args => {
        sentAs = (args.request as { headers: Record<string, string> }).headers['content-encoding'] ?? ''
        return next(args)
      },
      { step: 'finalizeRequest', priority: 'low' },
    )
    let sentAs = ''
    await s3.send(put)
    assert.match(sentAs, /aws-chunked/)
    const { outcome } = await last('PutObject')
    assert.equal(outcome.requestBody?.sha256, sha256(body))
    assert.ok(unpacked(outcome.requestBody?.blob).equals(body))
  })

  it('a short upload is in a file, too: it stands nowhere else', async () => {
    await s3.send(new PutObjectCommand({ Bucket: 'bodies', Key: 'small.txt', Body: 'short' }))
    const { outcome } = await last('PutObject')
    assert.equal(outcome.requestBody?.text, 'short')
    assert.equal(unpacked(outcome.requestBody?.blob).toString(), 'short')
  })

  it('a download is kept as it went to the client: all of it, a range, nothing', async () => {
    const got = await s3.send(new GetObjectCommand({ Bucket: 'bodies', Key: 'large.txt' }))
    const whole = Buffer.from((await got.Body?.transformToByteArray()) ?? [])
    const { outcome } = await last('GetObject')
    assert.equal(outcome.replyBody?.sha256, sha256(whole))
    assert.equal(outcome.replyBody?.bytes, outcome.bytesOut)
    assert.ok(unpacked(outcome.replyBody?.blob).equals(whole))

    const range = new GetObjectCommand({ Bucket: 'bodies', Key: 'large.txt', Range: 'bytes=0-11' })
    assert.equal(await (await s3.send(range)).Body?.transformToString(), 'line of text')
    const ranged = (await last('GetObject')).outcome
    assert.equal(ranged.status, 206)
    assert.deepEqual(ranged.replyBody, { bytes: 12, sha256: sha256('line of text'), text: 'line of text' })

    await s3.send(new HeadObjectCommand({ Bucket: 'bodies', Key: 'large.txt' }))
    assert.equal((await last('HeadObject')).outcome.replyBody, undefined)
    const unchanged = new GetObjectCommand({ Bucket: 'bodies', Key: 'large.txt', IfNoneMatch: got.ETag })
    await assert.rejects(s3.send(unchanged))
    const none = (await last('GetObject')).outcome
    assert.equal(none.status, 304)
    assert.equal(none.replyBody, undefined)
  })

  it('a client that leaves half-way: what went by is kept, and it says so', async () => {
    const half = Buffer.alloc(100_000, 'h')
    const host = new URL(world.gate.endpoint).host
    const request = {
      method: 'PUT',
      target: '/bodies/half.txt',
      headers: [['content-length', '200000']] as const,
    }
    const signed = signRaw(request, {
      credentials: ownerCredentials,
      service: 's3',
      host,
      payloadHash: 'UNSIGNED-PAYLOAD',
    })
    const { hostname, port } = new URL(world.gate.endpoint)
    const socket = connect({ host: hostname, port: Number(port) })
    socket.on('error', () => undefined)
    socket.write(Buffer.concat([rawBytes(signed), half]))
    const parts = join(blobs(), '00/parts')
    while (readdirSync(parts).length === 0) await new Promise(resolve => setTimeout(resolve, 10))
    socket.destroy()
    const { outcome } = await last('PutObject')
    assert.equal(outcome.error, 'client-gone')
    assert.ok(outcome.requestBody)
    assert.match(outcome.requestBody.cut ?? '', /broke off before its end/)
    const kept = unpacked(outcome.requestBody.blob)
    assert.equal(kept.length, outcome.requestBody.bytes)
    assert.equal(sha256(kept), outcome.requestBody.sha256)
    assert.ok(kept.equals(half.subarray(0, kept.length)))
    assert.deepEqual(readdirSync(parts), [])
  })

  it('replies are kept as they were masked, up to their size; parameters are not where a rule says so', async () => {
    const owner = new DynamoDBClient(await settings('owner'))
    const reader = new DynamoDBClient(await settings('reader'))
    await owner.send(
      new CreateTableCommand({
        TableName: 'cards',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    )
    const item = { id: { S: 'one' }, card: { S: '4111-1111-1111-1111' }, note: { S: 'x'.repeat(2_000) } }
    await owner.send(new PutItemCommand({ TableName: 'cards', Item: item }))
    const seen = await reader.send(new ScanCommand({ TableName: 'cards', ProjectionExpression: 'id, card' }))
    assert.match(seen.Items?.[0]?.['card']?.S ?? '', /~mask~/)
    const masked = (await last('Scan')).outcome
    assert.equal(masked.requestBody, undefined)
    assert.match(masked.replyBody?.text ?? '', /~mask~/)
    assert.ok(!JSON.stringify(masked).includes('4111'))
    assert.equal(masked.replyBody?.sha256, sha256(masked.replyBody?.text ?? ''))

    await reader.send(new ScanCommand({ TableName: 'cards' }))
    const cut = (await last('Scan')).outcome
    assert.equal(cut.replyBody?.blob, undefined)
    assert.match(cut.replyBody?.cut ?? '', /^the first 1024 of \d{4} bytes are kept$/)
    assert.equal(cut.replyBody?.text?.length, 1024)

    const keys = { cards: { Keys: [{ id: { S: 'confidential-key' } }] } }
    await owner.send(new BatchGetItemCommand({ RequestItems: keys }))
    const { decision, outcome } = await last('BatchGetItem')
    assert.equal(decision.call?.leftOut, 'parameters')
    assert.deepEqual(decision.call?.parameters, {})
    assert.equal(outcome.replyBody, undefined)
    assert.ok(!everything().includes('confidential-key'))
  })

  it('a secret is in no recording, also of one who may see it, nor is its digest', async () => {
    const canary = 'canary-0x5ec2e7'
    const owner = new SecretsManagerClient(await settings('owner'))
    await owner.send(new CreateSecretCommand({ Name: 'db', SecretString: canary }))
    const made = (await last('CreateSecret')).outcome
    assert.match(made.requestBody?.cut ?? '', /^it is left out: it holds parameters that are redacted$/)
    assert.equal(made.requestBody?.sha256, undefined)

    const get = new GetSecretValueCommand({ SecretId: 'db' })
    assert.equal((await owner.send(get)).SecretString, canary)
    const whole = (await last('GetSecretValue')).outcome
    assert.deepEqual(whole.replyBody, {
      bytes: whole.bytesOut,
      cut: 'it is left out: it may hold secrets that were not masked for this principal',
    })
    const reader = new SecretsManagerClient(await settings('reader'))
    assert.notEqual((await reader.send(get)).SecretString, canary)
    const masked = (await last('GetSecretValue')).outcome
    assert.match(masked.replyBody?.text ?? '', /~mask~/)
    const all = everything()
    assert.ok(!all.includes(canary))
    assert.ok(!all.includes(Buffer.from(canary).toString('base64')))
  })

  it('what the gate answers by itself is left out: it may be credentials', async () => {
    await new STSClient(await settings('owner')).send(new GetCallerIdentityCommand({}))
    const { outcome } = await last('GetCallerIdentity')
    assert.deepEqual(outcome.replyBody, {
      bytes: outcome.bytesOut,
      cut: 'it is left out: the gate answered by itself',
    })
  })

  it('without a rule that fits, nothing of bodies is kept', async () => {
    const other = new S3Client(await settings('other'))
    await other.send(new PutObjectCommand({ Bucket: 'bodies', Key: 'other.txt', Body: 'unseen-content' }))
    await (
      await other.send(new GetObjectCommand({ Bucket: 'bodies', Key: 'other.txt' }))
    ).Body?.transformToString()
    for (const operation of ['PutObject', 'GetObject']) {
      const { outcome } = await last(operation)
      assert.equal(outcome.requestBody, undefined)
      assert.equal(outcome.replyBody, undefined)
    }
    assert.ok(!everything().includes('unseen-content'))
  })
})

describe('bodies where recordings are encrypted', () => {
  let world: World
  before(async () => {
    world = await startWorld(
      { owner: [ALLOW_ALL] },
      {
        unchecked: true,
        config: { record: { keep: [{ what: 'bodies' }], encryption: { file: './master.key' } } },
      },
    )
  })
  after(() => world.stop())

  it('nothing of them can be read on the disk; whoever has the key reads and verifies them', async () => {
    const { gate } = world
    const env = await gate.clientEnv(world.role('owner'), 'owner')
    const token = readFileSync(env['AWS_WEB_IDENTITY_TOKEN_FILE'] ?? '', 'utf8')
    const credentials = await assumeRaw(gate.endpoint, world.role('owner'), token)
    const s3 = new S3Client({
      endpoint: gate.endpoint,
      region: 'us-east-1',
      credentials,
      forcePathStyle: true,
    })
    await s3.send(new CreateBucketCommand({ Bucket: 'sealed' }))
    const text = 'figures of the quarter\n'.repeat(4_000)
    await s3.send(new PutObjectCommand({ Bucket: 'sealed', Key: 'q3', Body: text }))
    const config = ['--config', join(gate.folder, 'sallyport.yaml')]
    const found = await sallyport('search', 'operation:PutObject', '--json', ...config)
    const { entries } = JSON.parse(found.stdout) as { entries: { decision: DecisionEvent }[] }
    const id = entries[0]?.decision.id ?? ''

    const body = await sallyport('body', id, '--request', ...config)
    assert.equal(body.code, 0, body.stderr)
    assert.equal(body.stdout, text)
    const verified = await sallyport('verify', '--bodies', ...config)
    assert.match(verified.stdout, /the bodies are whole: 1 body as recorded/)
    const blobs = join(gate.folder, 'data/journal/blobs')
    const names = readdirSync(blobs, { recursive: true, encoding: 'utf8' }).filter(name =>
      name.includes('.zst'),
    )
    assert.deepEqual(names, [`00/0000000001/${id}.request.zst.sealed`])
    const bytes = readFileSync(join(blobs, names[0] ?? ''))
    // The magic of zstd: what was compressed and then sealed shows nothing of either.
    assert.equal(bytes.indexOf(Buffer.from('28b52ffd', 'hex')), -1)
    const sealed = await sallyport('verify', '--bodies', '--data', join(gate.folder, 'data'))
    assert.match(sealed.stdout, /sealed, and not looked into: no key was given/)
  })
})

function sallyport(...args: string[]): Promise<Finished> {
  return execute(join(ROOT, 'bin/sallyport'), ['sessions', ...args], { env: cleanEnv() })
}
