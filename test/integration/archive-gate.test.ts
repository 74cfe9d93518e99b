import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { checkpointHash, decodeCheckpoint } from '../../src/record/checkpoint/checkpoint.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { type Moto, startMoto } from '../harness/moto.ts'
import { execute, which } from '../harness/process.ts'
import { assumeRaw, type RawCredentials, rawBytes, sendRaw, signRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ROLE = 'arn:aws:iam::123456789012:role/archive'
const KEY = Buffer.alloc(32, 7)

/** Keeps what it is sent, after a first try that it refuses. */
function startWitness(lines: string[]): Server {
  let tries = 0
  return createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request.headers
    assert.equal(signature, `v1,${createHmac('sha256', KEY).update(`${id}.${at}.${body}`).digest('base64')}`)
    if (tries++ > 0) lines.push(...(JSON.parse(body) as { data: { checkpoints: string[] } }).data.checkpoints)
    response.writeHead(tries > 1 ? 204 : 503).end()
  }).listen(0, '127.0.0.1')
}

describe('a gate that keeps its recordings elsewhere', () => {
  let moto: Moto
  let upstream: StubUpstream
  let witness: Server
  let gate: RunningGate
  let client: S3Client
  let credentials: RawCredentials
  const told: string[] = []

  before(async () => {
    ;[moto, upstream] = await Promise.all([startMoto([], true), startStubUpstream()])
    const env = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'archive' }
    const region = 'us-east-1'
    client = new S3Client({
      region,
      endpoint: moto.endpoint,
      forcePathStyle: true,
      credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY },
    })
    await client.send(new CreateBucketCommand({ Bucket: 'recordings' }))
    witness = startWitness(told)
    await once(witness, 'listening')
    const url = `http://127.0.0.1:${(witness.address() as AddressInfo).port}/`
    const bucket = { bucket: 'recordings', region, endpoint: moto.endpoint, pathStyle: true }
    const issuer = await createIssuer(ISSUER_URL)
    gate = await startGate({
      issuer,
      roles: [{ arn: ROLE, policies: [ALLOW_ALL], upstream: { assume: false, credentials: 'environment' } }],
      upstream: upstream.endpoint,
      env,
      files: { witness: `whsec_${KEY.toString('base64')}` },
      config: {
        record: {
          segment: '1MiB',
          checkpoints: { every: '1s', events: 8 },
          s3: { ...bucket, parquet: true },
          anchors: [
            { name: 'ledger', file: './ledger.jsonl' },
            { name: 'vault', s3: bucket },
            { name: 'witness', webhook: { url, secrets: ['./witness'] } },
          ],
        },
      },
    })
    credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('caller'))
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
    await moto?.stop()
    client?.destroy()
    witness?.closeAllConnections()
    witness?.close()
  })

  async function call(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const headers = [
        ['x-amz-target', 'DynamoDB_20120810.PutItem'],
        ['content-type', 'application/x-amz-json-1.0'],
      ] as const
      const item = { id: { S: String(i) }, text: { S: 'x'.repeat(50_000) } }
      const request = {
        method: 'POST',
        target: '/',
        headers,
        body: JSON.stringify({ TableName: 't', Item: item }),
      }
      const signed = signRaw(request, { credentials, service: 'dynamodb', host: new URL(gate.endpoint).host })
      assert.equal((await sendRaw(gate.endpoint, rawBytes(signed))).status, 200)
    }
  }

  async function keys(): Promise<string[]> {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: 'recordings' }))
    return Contents.map(({ Key = '' }) => Key)
  }

  /** Asks until it holds: the archivist looks every few seconds. */
  async function until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) await new Promise(resolve => setTimeout(resolve, 200))
  }

  const data = (): string => join(gate.folder, 'data')
  const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1)
  const checkpoints = (): string => join(data(), 'journal/checkpoints/00.jsonl')

  it('uploads, across a kill, and what is fetched proves itself', async () => {
    await call(25)
    await until(async () => (await keys()).some(key => key.endsWith('/heads/00.json')))
    gate = await gate.restart('SIGKILL')
    await call(25)
    await until(async () => (await keys()).some(key => key.endsWith('/00/0000000002.seg')))
    await until(async () => {
      const { lanes } = JSON.parse((await fetched()).stdout) as {
        lanes: { segments: number; break?: object }[]
      }
      assert.equal(lanes[0]?.break, undefined)
      return (lanes[0]?.segments ?? 0) >= 2
    })
  })

  async function fetched(): Promise<{ stdout: string }> {
    const aws = which('aws')
    assert.ok(aws, 'aws is not installed')
    const [journal] = (await keys()).flatMap(key => /^sallyport\/([0-9a-f]{32})\//.exec(key)?.[1] ?? [])
    const to = join(gate.folder, 'fetched')
    const args = ['--endpoint-url', moto.endpoint, 's3', 'sync', '--only-show-errors']
    const env = { ...process.env, ...moto.gateEnv }
    const synced = await execute(
      aws,
      [...args, `s3://recordings/sallyport/${journal}`, join(to, 'journal')],
      { env },
    )
    assert.equal(synced.code, 0, synced.stderr)
    return execute(join(import.meta.dirname, '../../bin/sallyport'), [
      'sessions',
      'verify',
      '--data',
      to,
      '--json',
    ])
  }

  it('keeps each segment as Parquet, too, by the day of its first event', async () => {
    const day = new Date().toISOString().slice(0, 7)
    const found = (await keys()).filter(key => key.startsWith(`sallyport/events/day=${day}`))
    assert.ok(found.length >= 2)
    assert.match(found[0] ?? '', /\/[0-9a-f]{32}-00-0000000001\.parquet$/)
    const { Body: body } = await client.send(new GetObjectCommand({ Bucket: 'recordings', Key: found[0] }))
    const bytes = Buffer.from((await body?.transformToByteArray()) ?? [])
    assert.equal(bytes.toString('latin1', 0, 4), 'PAR1')
    assert.equal(bytes.toString('latin1', bytes.length - 4), 'PAR1')
  })

  it('tells every checkpoint to a file, a bucket and a webhook', async () => {
    const all = linesOf(checkpoints())
    assert.ok(all.length > 3)
    await until(async () => all.every(line => told.includes(line)))
    await until(async () => all.every(line => linesOf(join(gate.folder, 'ledger.jsonl')).includes(line)))
    await until(async () => (await keys()).filter(key => key.includes('/anchors/')).length >= all.length)
    await gate.running.stop()
    const { code, stdout } = await gate.sessions('verify', '--anchor', join(gate.folder, 'ledger.jsonl'))
    assert.equal(code, 0, stdout)
    assert.match(stdout, /the journal has all that was anchored\n$/)
  })

  it('is found out when its last checkpoint goes, and its head knows nothing of it', async () => {
    const anchored = linesOf(join(gate.folder, 'ledger.jsonl')).length
    const kept = linesOf(checkpoints()).slice(0, anchored - 2)
    const last = decodeCheckpoint(kept.at(-1) ?? '')
    assert.ok(typeof last !== 'string')
    writeFileSync(checkpoints(), `${kept.join('\n')}\n`)
    const head = join(data(), 'journal/heads/00.json')
    const checkpoint = { number: last.number, hash: checkpointHash(last) }
    writeFileSync(head, `${JSON.stringify({ ...JSON.parse(readFileSync(head, 'utf8')), checkpoint })}\n`)
    assert.equal((await gate.sessions('verify')).code, 0, 'by itself it is whole')
    const found = await gate.sessions('verify', '--anchor', join(gate.folder, 'ledger.jsonl'))
    assert.equal(found.code, 1)
    const number = last.number + 1
    assert.match(
      found.stdout,
      new RegExp(`checkpoint ${number} \\(events? \\d+.*it is anchored, and missing`),
    )
  })
})
