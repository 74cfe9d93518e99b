import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { Redacted } from '../../core/redacted.ts'
import type { Post } from '../anchor/webhook-target.ts'
import type { Outbound } from './outbound.ts'
import { WebhookSink } from './webhook-sink.ts'

const KEY = Buffer.alloc(32, 7)
const SECRET = new Redacted(`whsec_${KEY.toString('base64')}`)
const SIGNAL = new AbortController().signal

function event(id: string, short?: string): Outbound {
  const text = JSON.stringify({ id })
  return {
    id,
    timeMs: 0,
    kind: 'call',
    sessionId: undefined,
    weight: 'information',
    text,
    short: () => short ?? text,
  }
}

interface Posted {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A receiver that answers what it is told to. */
function receiver(answer: (posted: Posted) => number): {
  sink: WebhookSink
  posted: Posted[]
  clock: ManualClock
} {
  const posted: Posted[] = []
  const clock = new ManualClock(1_700_000_000_000)
  const post: Post = async message => {
    posted.push(message)
    return answer(message)
  }
  const sink = new WebhookSink(
    { name: 'siem', url: 'https://siem.example/x?token=hush', secrets: [SECRET] },
    clock,
    post,
  )
  return { sink, posted, clock }
}

test('a batch is lines of JSON, signed; told again, it has the same id and another time', async () => {
  const { sink, posted, clock } = receiver(() => 202)
  await sink.deliver([event('a'), event('b')], SIGNAL)
  clock.advance(90_000)
  await sink.deliver([event('a'), event('b')], SIGNAL)
  const [first, second] = posted as [Posted, Posted]
  assert.equal(first.body, '{"id":"a"}\n{"id":"b"}\n')
  assert.equal(first.headers['webhook-id'], second.headers['webhook-id'])
  assert.equal(second.headers['webhook-timestamp'], '1700000090')
  for (const { headers, body } of posted) {
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
    const signature = createHmac('sha256', KEY).update(signed).digest('base64')
    assert.equal(headers['webhook-signature'], `v1,${signature}`)
  }
})

test('a receiver that takes less at once gets less at once, in order', async () => {
  const taken: string[] = []
  const { sink } = receiver(({ body }) => {
    if (body.length > 25) return 413
    taken.push(body)
    return 200
  })
  await sink.deliver(
    ['a', 'b', 'c', 'd', 'e'].map(id => event(id)),
    SIGNAL,
  )
  assert.equal(taken.join(''), ['a', 'b', 'c', 'd', 'e'].map(id => `{"id":"${id}"}\n`).join(''))
})

test('a call that is made too long for a receiver keeps nothing behind it back: it goes without what it held', async () => {
  const taken: string[] = []
  const { sink } = receiver(({ body }) => {
    if (body.length > 25) return 413
    taken.push(body)
    return 200
  })
  await sink.deliver([event('a'), event('b'.repeat(100), '{"id":"b","cut":true}'), event('c')], SIGNAL)
  assert.deepEqual(taken, ['{"id":"a"}\n', '{"id":"b","cut":true}\n', '{"id":"c"}\n'])
})

for (const [status, words] of [
  [301, 'redirects are not followed'],
  [400, 'it refuses what is sent'],
  [410, 'it refuses what is sent'],
  [413, 'to a single event'],
  [429, 'answered 429'],
  [500, 'answered 500'],
  [0, 'gave no reply: `ECONNREFUSED`'],
] as const) {
  test(`an answer of ${status} is no yes, and the URL is not told`, async () => {
    const { sink } = receiver(() => {
      if (status === 0) throw Object.assign(new Error('hush'), { code: 'ECONNREFUSED' })
      return status
    })
    await assert.rejects(sink.deliver([event('a')], SIGNAL), (error: Error & { code: string }) => {
      assert.equal(error.code, 'stream-undeliverable')
      assert.ok(error.message.includes(words), error.message)
      assert.ok(!error.message.includes('hush'))
      return true
    })
  })
}
