import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { ManualClock } from '../core/clock.ts'
import type { Bucket } from './bucket.ts'
import { openS3Bucket } from './s3-bucket.ts'

const { signal } = new AbortController()
const CHUNK = Buffer.alloc(64 * 1024, ' ')
const LONG = 32 * 2 ** 20

/** Runs against a store whose every reply goes on and on; gives how much of one it sent at most. */
async function withEndless(status: number, run: (bucket: Bucket) => Promise<void>): Promise<number> {
  let most = 0
  const answer = (response: ServerResponse): void => {
    let sent = 0
    const more = (): void => {
      while (!response.destroyed && sent < 2 * LONG) {
        sent += CHUNK.length
        most = Math.max(most, sent)
        if (!response.write(CHUNK)) return
      }
      response.end()
    }
    response.writeHead(status).on('drain', more)
    more()
  }
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(response))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const before = { ...process.env }
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' })
  const place = { bucket: 'b', prefix: '', region: 'eu-west-1', pathStyle: true }
  const bucket = openS3Bucket({ ...place, endpoint: `http://127.0.0.1:${port}` }, new ManualClock(Date.now()))
  try {
    await run(bucket)
    return most
  } finally {
    process.env = before
    bucket.close()
    server.closeAllConnections()
    server.close()
  }
}

test('a listing, or an error, without an end is not held in memory', async () => {
  const tooLong = { code: 'bucket-unavailable', message: /ReplyTooLong/ }
  const listed = await withEndless(200, async bucket => {
    await assert.rejects(bucket.listUploads('k', signal), tooLong)
  })
  const read = await withEndless(403, async bucket => {
    await assert.rejects(Array.fromAsync(bucket.read('k', signal)), tooLong)
  })
  assert.ok(listed < LONG && read < LONG, `${listed} ${read}`)
})

test('an object may be longer: it is read as it comes', async () => {
  await withEndless(200, async bucket => {
    let bytes = 0
    for await (const piece of bucket.read('k', signal)) bytes += piece.length
    assert.equal(bytes, 2 * LONG)
  })
})
