import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, it } from 'node:test'
import { ManualClock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import type { Bucket, Keeping } from './bucket.ts'
import { openS3Bucket } from './s3-bucket.ts'

interface Asked {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const { signal } = new AbortController()
const KEEPING: Keeping = { ifAbsent: true, contentType: 'application/json', storageClass: 'STANDARD_IA' }
const BODY = Buffer.from('body')
const CHECKSUM = hash('sha256', BODY, 'base64')
const DAY_MS = 86_400_000
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' }

function error(status: number, code: string, message = 'told by the store'): Answer {
  return {
    status,
    body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  }
}

describe('a bucket by the SDK', () => {
  let server: Server
  let endpoint: string
  let asked: Asked[]
  let answers: Answer[]
  let bucket: Bucket
  const clock = new ManualClock(Date.now())
  const before_ = { ...process.env }

  before(async () => {
    Object.assign(process.env, CREDENTIALS)
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const { method, url, headers } = request
      asked.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
      const { status, headers: more = {}, body = '' } = answers.shift() ?? { status: 200 }
      response.writeHead(status, more).end(body)
    }).listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => {
    process.env = before_
    server.closeAllConnections()
    server.close()
  })
  beforeEach(() => {
    bucket?.close()
    asked = []
    answers = []
    const retain = { mode: 'GOVERNANCE', durationMs: DAY_MS } as const
    const place = { bucket: 'b', prefix: 'p/', region: 'eu-west-1', endpoint, pathStyle: true }
    bucket = openS3Bucket({ ...place, kmsKey: 'key-1', retain }, clock)
  })

  async function refused(call: Promise<unknown>): Promise<string> {
    const found = await call.then(
      () => assert.fail('it was taken'),
      (reason: unknown) => reason,
    )
    assert.ok(found instanceof GateError && found.code === 'bucket-unavailable', String(found))
    assert.doesNotMatch(found.message, /told by the store|AKIA|secret/)
    return found.message
  }

  it('writes what must not replace anything, with checksum, lock, key and class', async () => {
    assert.equal(await bucket.put('p/a', BODY, CHECKSUM, KEEPING, signal), true)
    const [{ method, url, headers, body } = assert.fail()] = asked
    assert.deepEqual([method, url?.split('?')[0], body], ['PUT', '/b/p/a', 'body'])
    assert.equal(headers['if-none-match'], '*')
    assert.equal(headers['x-amz-checksum-sha256'], CHECKSUM)
    assert.equal(headers['x-amz-object-lock-mode'], 'GOVERNANCE')
    const untilMs = Date.parse(String(headers['x-amz-object-lock-retain-until-date']))
    assert.ok(Math.abs(untilMs - clock.now() - DAY_MS) < 1000)
    assert.equal(headers['x-amz-server-side-encryption'], 'aws:kms')
    assert.equal(headers['x-amz-server-side-encryption-aws-kms-key-id'], 'key-1')
    assert.equal(headers['x-amz-storage-class'], 'STANDARD_IA')
  })

  it('says the same of an upload in parts when it begins, and names the checksum of each part', async () => {
    answers = [
      { status: 200, body: '<R><UploadId>u</UploadId></R>' },
      { status: 200, headers: { etag: '"e"' } },
    ]
    const uploadId = await bucket.begin('p/a', KEEPING, signal)
    const upload = { key: 'p/a', uploadId, signal }
    assert.equal(await bucket.putPart(upload, 1, BODY, CHECKSUM), '"e"')
    answers = [{ status: 200, body: '<R><ETag>"f-1"</ETag></R>' }]
    assert.equal(await bucket.finish(upload, [{ number: 1, etag: '"e"', checksum: CHECKSUM }], KEEPING), true)
    const [begun, part, finished] = asked
    assert.equal(begun?.headers['x-amz-object-lock-mode'], 'GOVERNANCE')
    assert.ok(begun?.headers['x-amz-object-lock-retain-until-date'])
    assert.equal(begun?.headers['x-amz-checksum-algorithm'], 'SHA256')
    assert.equal(begun?.headers['x-amz-storage-class'], 'STANDARD_IA')
    assert.equal(part?.headers['x-amz-checksum-sha256'], CHECKSUM)
    assert.equal(finished?.headers['if-none-match'], '*')
    assert.match(finished?.body ?? '', /<ChecksumSHA256>.*<\/ChecksumSHA256>/)
  })

  it('takes 412, and 409 for a write at the same time, for what is there already', async () => {
    answers = [
      error(412, 'PreconditionFailed'),
      error(409, 'ConditionalRequestConflict'),
      error(409, 'OperationAborted'),
    ]
    assert.equal(await bucket.put('p/a', BODY, CHECKSUM, KEEPING, signal), false)
    assert.equal(await bucket.put('p/a', BODY, CHECKSUM, KEEPING, signal), false)
    assert.match(await refused(bucket.put('p/a', BODY, CHECKSUM, KEEPING, signal)), /409 `OperationAborted`/)
  })

  it('knows no object and no upload where there is none; a bucket has to be there', async () => {
    answers = [
      { status: 404 },
      error(404, 'NoSuchUpload'),
      error(404, 'NoSuchUpload'),
      error(404, 'NoSuchUpload'),
    ]
    const upload = { key: 'p/a', uploadId: 'u', signal }
    assert.equal(await bucket.head('p/a', signal), undefined)
    assert.equal(await bucket.listParts(upload), undefined)
    assert.equal(await bucket.putPart(upload, 1, BODY, CHECKSUM), undefined)
    assert.equal(await bucket.finish(upload, [], KEEPING), false)
    answers = [error(404, 'NoSuchBucket')]
    assert.match(
      await refused(bucket.listParts(upload)),
      /the bucket `b` answered ListParts with 404 `NoSuchBucket`/,
    )
  })

  it('writes without the condition where the store does not know it, and asks no more', async () => {
    answers = [error(501, 'NotImplemented')]
    assert.equal(await bucket.put('p/a', BODY, CHECKSUM, KEEPING, signal), true)
    assert.equal(await bucket.put('p/b', BODY, CHECKSUM, KEEPING, signal), true)
    assert.deepEqual(
      asked.map(({ headers }) => headers['if-none-match']),
      ['*', undefined, undefined],
    )
  })

  it('is told of the wrong region, of what is forbidden, and of a store that is too busy three times', async () => {
    answers = [{ status: 301 }]
    assert.match(await refused(bucket.head('p/a', signal)), /301 .*: it is in another region than/)
    answers = [error(403, 'AccessDenied')]
    assert.match(
      await refused(bucket.put('p/a', BODY, CHECKSUM, KEEPING, signal)),
      /PutObject with 403 `AccessDenied`$/,
    )
    asked = []
    answers = [error(503, 'SlowDown'), error(503, 'SlowDown'), error(503, 'SlowDown')]
    assert.match(await refused(bucket.put('p/a', BODY, CHECKSUM, KEEPING, signal)), /503 `SlowDown`$/)
    assert.equal(asked.length, 3)
    answers = [error(503, 'SlowDown'), { status: 200 }]
    assert.equal(await bucket.put('p/a', BODY, CHECKSUM, KEEPING, signal), true)
  })

  it('takes no text of the store into a message, and no name that is none', async () => {
    answers = [error(400, 'Bad\u001b[31m`Code')]
    assert.match(await refused(bucket.put('p/a', BODY, CHECKSUM, KEEPING, signal)), /with 400 `unknown`$/)
  })

  it('looks for credentials anew when those that it had have expired', async () => {
    answers = [error(400, 'ExpiredToken')]
    await refused(bucket.put('p/a', BODY, CHECKSUM, KEEPING, signal))
    process.env['AWS_ACCESS_KEY_ID'] = 'AKIARENEWED7EXAMPLE'
    assert.equal(await bucket.put('p/a', BODY, CHECKSUM, KEEPING, signal), true)
    assert.match(String(asked.at(-1)?.headers.authorization), /AKIARENEWED7EXAMPLE/)
  })

  it("counts a lock's end from the store's clock where its own is wrong", async () => {
    const storeMs = clock.now() + 300 * DAY_MS
    const date = new Date(storeMs).toUTCString()
    answers = [
      { ...error(403, 'RequestTimeTooSkewed'), headers: { date } },
      { status: 200, headers: { date } },
    ]
    await bucket.listUploads('p/a', signal).catch(() => undefined)
    answers = [{ status: 200, headers: { date } }]
    assert.equal(await bucket.put('p/a', BODY, CHECKSUM, KEEPING, signal), true)
    const untilMs = Date.parse(String(asked.at(-1)?.headers['x-amz-object-lock-retain-until-date']))
    assert.ok(Math.abs(untilMs - storeMs - DAY_MS) < 600_000)
  })

  it('reads back what is there, and gives up a store that breaks off', async () => {
    answers = [{ status: 200, body: 'content' }]
    const chunks: Uint8Array[] = []
    for await (const chunk of bucket.read('p/a', signal)) chunks.push(chunk)
    assert.equal(Buffer.concat(chunks).toString(), 'content')
    answers = [{ status: 200, headers: { 'content-length': '100' }, body: 'short' }]
    const broken = new AbortController()
    server.once('request', (request: IncomingMessage) => setImmediate(() => request.socket.destroy()))
    await refused(
      (async () => {
        for await (const _ of bucket.read('p/a', broken.signal));
      })(),
    )
  })
})
