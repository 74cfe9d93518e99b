import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { Webhook } from 'standardwebhooks'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { type Moto, startMoto } from '../harness/moto.ts'
import { cleanEnv, execute, type Finished, ROOT } from '../harness/process.ts'
import { assumeRaw } from '../harness/raw-client.ts'
import { ALLOW_ALL } from '../harness/world.ts'

/**
 * Everything that a recording can have, at once, beside a running gate: sealed, its bodies kept, uploaded, anchored in
 * three places, streamed to three receivers, removed by size, read, shredded, and proven all along.
 */

const SALLYPORT = join(ROOT, 'bin/sallyport')
const CANARY = 'canary-4711-of-the-whole'
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const MIB = 2 ** 20
const CALLS = 30

/** Files below a folder, by their paths from it. */
function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
}

/** Waits for what comes about in its own time. The test's own time-out is the only limit. */
async function until<T>(what: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (;;) {
    const found = await what()
    if (found !== undefined && found !== false) return found
    await pause(200)
  }
}

describe('a recording with everything on', () => {
  let moto: Moto
  let gate: RunningGate
  let bucket: S3Client
  let client: S3Client
  let table: DynamoDBClient
  let hooks: Server
  let siem: ReturnType<typeof createTcpServer>
  const outside = mkdtempSync(join(tmpdir(), 'sallyport-outside-'))
  const delivered: string[] = []
  let syslog = ''

  before(async () => {
    moto = await startMoto(['agent'], true)
    const at = { region: 'us-east-1', endpoint: moto.endpoint, pathStyle: true }
    const account = { accessKeyId: 'testing', secretAccessKey: 'testing' }
    bucket = new S3Client({
      region: 'us-east-1',
      endpoint: moto.endpoint,
      forcePathStyle: true,
      credentials: account,
    })
    for (const name of ['archive', 'witness']) await bucket.send(new CreateBucketCommand({ Bucket: name }))
    hooks = createServer((request, response) => {
      const chunks: Buffer[] = []
      request
        .on('data', (chunk: Buffer) => void chunks.push(chunk))
        .on('end', () => {
          const body = Buffer.concat(chunks).toString()
          const header = (name: string): string => String(request.headers[`webhook-${name}`])
          const signed = new Webhook(SECRET).sign(
            header('id'),
            new Date(Number(header('timestamp')) * 1000),
            body,
          )
          // Its own `verify` takes one JSON document, and a stream has a line for each event.
          response.statusCode = header('signature') === signed ? 204 : 401
          delivered.push(`${request.url} ${body}`)
          response.end()
        })
    })
    siem = createTcpServer(socket => {
      socket.on('data', chunk => {
        syslog += chunk.toString()
      })
    })
    for (const server of [hooks, siem]) {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
    }
    const url = `http://127.0.0.1:${(hooks.address() as AddressInfo).port}`
    const address = `127.0.0.1:${(siem.address() as AddressInfo).port}`
    const webhook = (path: string): object => ({ url: `${url}${path}`, secrets: ['hook.secret'] })
    gate = await startGate({
      issuer: await createIssuer(ISSUER_URL),
      roles: [{ arn: `arn:aws:iam::${moto.account}:role/agent`, policies: [ALLOW_ALL] }],
      upstream: moto.endpoint,
      env: moto.gateEnv,
      files: { 'hook.secret': SECRET },
      config: {
        record: {
          segment: '1MiB',
          encryption: { file: join(outside, 'master.json') },
          keep: [{ actions: ['s3:*'], what: 'bodies' }],
          checkpoints: { every: '1s', events: 64 },
          s3: { bucket: 'archive', ...at },
          anchors: [
            { name: 'disk', file: join(outside, 'anchor.jsonl') },
            { name: 'ledger', s3: { bucket: 'witness', ...at } },
            { name: 'notary', webhook: webhook('/anchor') },
          ],
          streams: [
            { name: 'lake', format: 'jsonl', file: join(outside, 'stream.jsonl') },
            { name: 'collector', format: 'ocsf', webhook: webhook('/stream') },
            { name: 'siem', format: 'cloudtrail', syslog: { address, tls: false } },
          ],
          retention: { size: '16MiB' },
        },
      },
    })
    const own = await settings()
    client = new S3Client({ ...own, forcePathStyle: true })
    table = new DynamoDBClient(own)
    await client.send(new CreateBucketCommand({ Bucket: 'work' }))
    await table.send(
      new CreateTableCommand({
        TableName: 'notes',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    )
  })
  after(async () => {
    client?.destroy()
    bucket?.destroy()
    await gate?.stop()
    await moto?.stop()
    hooks?.close()
    hooks?.closeAllConnections()
    siem?.close()
    rmSync(outside, { recursive: true, force: true })
  })

  async function settings(): Promise<object> {
    const env = await gate.clientEnv(`arn:aws:iam::${moto.account}:role/agent`)
    const token = readFileSync(env['AWS_WEB_IDENTITY_TOKEN_FILE'] ?? '', 'utf8')
    const credentials = await assumeRaw(gate.endpoint, env['AWS_ROLE_ARN'] ?? '', token)
    return { region: 'us-east-1', endpoint: gate.endpoint, credentials }
  }

  const sallyport = (...args: string[]): Promise<Finished> =>
    execute(SALLYPORT, args, { env: cleanEnv({ HOME: gate.folder }) })
  const sessions = (...args: string[]): Promise<Finished> =>
    sallyport('sessions', ...args, '--config', join(gate.folder, 'sallyport.yaml'))

  it('is written, sealed, and leaves for everywhere that is configured', async () => {
    for (let i = 0; i < CALLS; i++) {
      const Key = `${CANARY}-${i}`
      await client.send(new PutObjectCommand({ Bucket: 'work', Key, Body: randomBytes(MIB) }))
      const Item = { id: { S: Key }, text: { S: `${CANARY} `.repeat(1_500) } }
      await table.send(new PutItemCommand({ TableName: 'notes', Item }))
    }
    const last = `${CANARY}-${CALLS - 1}`
    const stored = await until(async () => {
      const { Contents = [] } = await bucket.send(new ListObjectsV2Command({ Bucket: 'archive' }))
      return Contents.some(({ Key }) => Key?.endsWith('.seg')) ? Contents : undefined
    })
    assert.ok(stored.length > 0)
    await until(() =>
      existsSync(join(outside, 'stream.jsonl')) &&
      readFileSync(join(outside, 'stream.jsonl'), 'utf8').includes(last)
        ? true
        : undefined,
    )
    await until(() =>
      delivered.some(each => each.startsWith('/stream') && each.includes(last)) ? true : undefined,
    )
    await until(() => (syslog.includes(last) ? true : undefined))
    await until(() => (delivered.some(each => each.startsWith('/anchor')) ? true : undefined))
    const readable = filesBelow(join(gate.folder, 'data')).filter(path => readFileSync(path).includes(CANARY))
    assert.deepEqual(readable, [], 'nothing in the data folder is readable')
    for (const path of filesBelow(outside).filter(path => path.endsWith('anchor.jsonl'))) {
      assert.ok(!readFileSync(path, 'utf8').includes(CANARY), 'an anchor says nothing of what was done')
    }
  })

  it('is removed from the disk once it is in the bucket, and proven with what is left', async () => {
    const segments = join(gate.folder, 'data/journal/00')
    // A round of retention comes with the start; and what does not survive a kill was not worth much.
    gate = await gate.restart('SIGKILL')
    await until(() => (readdirSync(segments).includes('0000000001.seg') ? undefined : true))
    const verified = await sessions('verify', '--bodies', '--anchor', join(outside, 'anchor.jsonl'))
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
    assert.match(verified.stdout, /removed/)
  })

  it('is whole in the bucket: what is fetched from there is a journal that proves itself', async () => {
    const fetched = mkdtempSync(join(tmpdir(), 'sallyport-fetched-'))
    try {
      const { Contents = [] } = await bucket.send(new ListObjectsV2Command({ Bucket: 'archive' }))
      for (const { Key = '' } of Contents) {
        const { Body } = await bucket.send(new GetObjectCommand({ Bucket: 'archive', Key }))
        // sallyport/JOURNAL/…
        const path = join(fetched, 'journal', ...Key.split('/').slice(2))
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, (await Body?.transformToByteArray()) ?? '')
      }
      assert.ok(filesBelow(fetched).every(path => !readFileSync(path).includes(CANARY)))
      const key = join(outside, 'key.json')
      writeFileSync(key, (await sessions('key')).stdout)
      const verified = await sallyport('sessions', 'verify', '--data', fetched, '--key', key)
      assert.equal(verified.code, 0, verified.stdout + verified.stderr)
    } finally {
      rmSync(fetched, { recursive: true, force: true })
    }
  })

  it('is read by whoever has the keys, until its session is shredded', async () => {
    const last = `${CANARY}-${CALLS - 1}`
    const found = await sessions('search', `resource:*${last}*`, '--json')
    assert.equal(found.code, 0, found.stderr)
    const { entries } = JSON.parse(found.stdout) as {
      entries: { decision: { id: string; sessionId: string } }[]
    }
    const put = entries.find(({ decision }) => decision !== undefined)?.decision
    assert.ok(put !== undefined, found.stdout.slice(0, 500))
    const body = await sessions('body', put.id, '--request', '--out', join(outside, 'body'))
    assert.equal(body.code, 0, body.stderr)
    assert.equal(readFileSync(join(outside, 'body')).length, MIB)
    const shredded = await sessions('shred', put.sessionId, '--reason', 'the right to be forgotten', '--yes')
    assert.equal(shredded.code, 0, shredded.stderr)
    const gone = await sessions('search', `resource:*${last}*`, '--json')
    assert.deepEqual((JSON.parse(gone.stdout) as { entries: unknown[] }).entries, [])
    assert.notEqual((await sessions('body', put.id, '--request')).code, 0)
    const verified = await sessions('verify', '--anchor', join(outside, 'anchor.jsonl'))
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
    assert.doesNotMatch(gate.running.output(), new RegExp(CANARY))
  })

  it('goes on where a receiver is away, and the operator is told', async () => {
    hooks.close()
    hooks.closeAllConnections()
    const own = await settings()
    const again = new DynamoDBClient(own)
    await again.send(new PutItemCommand({ TableName: 'notes', Item: { id: { S: 'after' } } }))
    again.destroy()
    const trouble = 'sallyport_archive_trouble{job="stream collector"} 1'
    await until(async () => {
      const reply = await fetch(`${gate.admin}/metrics`)
      return (await reply.text()).includes(trouble) ? true : undefined
    })
    assert.match(gate.running.output(), /"job":"stream collector"/)
    assert.ok(!gate.running.output().includes(SECRET))
  })

  it('leaves nothing behind when the gate is told to stop', async () => {
    await gate.running.stop()
    const lanes = join(gate.folder, 'data/journal/00')
    const sealed = readdirSync(lanes)
      .filter(name => name.endsWith('.seg'))
      .sort()
    const { Contents = [] } = await bucket.send(new ListObjectsV2Command({ Bucket: 'archive' }))
    const stored = new Set(Contents.map(({ Key = '' }) => Key.split('/').at(-1)))
    // The last one has got no events yet.
    for (const name of sealed.slice(0, -1)) assert.ok(stored.has(name), name)
    assert.equal(readFileSync(join(lanes, sealed.at(-1) ?? '')).length, 76)
  })
})
