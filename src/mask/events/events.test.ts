import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { bodyOf, call, masker, rule } from '../masker.fixture.ts'
import type { MaskedReply } from '../port.ts'
import { type Frame, frameLength, headerText, readFrame, writeFrame } from './frame.ts'

const by = masker()
const CANARY = 'canary-in-an-event'
const text = (name: string, value: string): Frame['headers'][number] => ({
  name,
  type: 7,
  value: Buffer.from(value),
})

const event = (name: string, payload: string | Buffer, kind = 'event'): Buffer =>
  writeFrame({
    headers: [
      text(`:${kind}-type`, name),
      text(':message-type', kind),
      text(':content-type', 'application/json'),
    ],
    payload: Buffer.from(payload),
  })

function frames(bytes: Buffer): Frame[] {
  const found: Frame[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = frameLength(bytes.subarray(at)) ?? 0
    found.push(readFrame(bytes.subarray(at, at + length)))
    at += length
  }
  return found
}

function mask(
  service: string,
  operation: string,
  fields: readonly string[],
  chunks: readonly Buffer[],
): Promise<MaskedReply> {
  const of = call(service, operation)
  const plan = by.plan(of, [fields.length > 0 ? rule({ fields }) : by.builtInRule(by.builtInFields(of))])
  assert.ok(plan)
  const body = Readable.from(chunks, { objectMode: false })
  return by.mask(plan, {
    status: 200,
    headers: [['content-type', 'application/vnd.amazon.eventstream']],
    body,
  })
}

test('a frame is the AWS documentation of its format', () => {
  // An empty message, as in the test vectors of the SDKs.
  const empty = Buffer.from('000000100000000005c248eb7d98c8ff', 'hex')
  assert.deepEqual(writeFrame({ headers: [], payload: Buffer.alloc(0) }), empty)
  assert.equal(frameLength(empty), 16)
})

test('frames that are written are read as the same', () => {
  const header = fc.record(
    {
      name: fc.string({ minLength: 1, maxLength: 20 }),
      type: fc.constantFrom(6, 7),
      value: fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes)),
    },
    { noNullPrototype: true },
  )
  const frame = fc.record(
    {
      headers: fc.array(header, { maxLength: 4 }),
      payload: fc.uint8Array({ maxLength: 100 }).map(bytes => Buffer.from(bytes)),
    },
    { noNullPrototype: true },
  )
  fc.assert(fc.property(frame, one => assert.deepEqual(frames(writeFrame(one)), [one])))
})

test('events are masked by their members, wherever the stream is cut', async () => {
  const sent = Buffer.concat([
    event('messageStart', '{"role":"assistant"}'),
    event('contentBlockDelta', JSON.stringify({ contentBlockIndex: 0, delta: { text: CANARY } })),
    event('somethingNew', JSON.stringify({ what: CANARY })),
    event('modelStreamErrorException', JSON.stringify({ message: 'no' }), 'exception'),
  ])
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: sent.length }), async size => {
      const chunks = Array.from({ length: Math.ceil(sent.length / size) }, (_, i) =>
        sent.subarray(i * size, (i + 1) * size),
      )
      const reply = await mask(
        'bedrock-runtime',
        'ConverseStream',
        ['stream.contentBlockDelta.delta.text'],
        chunks,
      )
      const got = frames(await bodyOf(reply))
      assert.deepEqual(
        got.map(frame => headerText(frame, ':event-type') ?? headerText(frame, ':exception-type')),
        ['messageStart', 'contentBlockDelta', 'somethingNew', 'modelStreamErrorException'],
      )
      assert.equal(got[0]?.payload.toString(), '{"role":"assistant"}')
      assert.equal(got[1]?.payload.toString(), '{"contentBlockIndex":0,"delta":{"text":"~mask~"}}')
      assert.equal(got[2]?.payload.toString(), '~mask~')
      assert.equal(got[3]?.payload.toString(), '{"message":"no"}')
      assert.equal((await reply.summary).values, 2)
    }),
    { numRuns: 40 },
  )
})

test('a payload that is one member: by the built-in set', async () => {
  const sent = event('chunk', JSON.stringify({ bytes: Buffer.from(CANARY).toString('base64') }))
  const reply = await mask('bedrock-runtime', 'InvokeModelWithResponseStream', [], [sent])
  assert.equal(
    frames(await bodyOf(reply))[0]?.payload.includes(Buffer.from(CANARY).toString('base64')),
    false,
  )
  const lambda = await mask('lambda', 'InvokeWithResponseStream', [], [event('PayloadChunk', CANARY)])
  assert.equal(frames(await bodyOf(lambda))[0]?.payload.toString(), '~mask~')
})

test('a frame that is damaged, or not whole, breaks the stream', async () => {
  const good = event('contentBlockDelta', JSON.stringify({ delta: { text: CANARY } }))
  for (let at = 0; at < good.length; at++) {
    const bad = Buffer.from(good)
    bad[at] = (bad[at] ?? 0) ^ 1
    const reply = await mask('bedrock-runtime', 'ConverseStream', ['stream.**.text'], [bad])
    await assert.rejects(bodyOf(reply), { code: 'reply-unmaskable' })
    await assert.rejects(reply.summary, { code: 'reply-unmaskable' })
  }
  const cut = await mask('bedrock-runtime', 'ConverseStream', ['stream.**.text'], [good.subarray(0, -1)])
  await assert.rejects(bodyOf(cut), { code: 'reply-unmaskable' })
})

test('detectors are refused for events before the call is made', () => {
  assert.throws(() => by.plan(call('kinesis', 'SubscribeToShard'), [rule({ detect: ['jwt'] })]), {
    code: 'reply-unmaskable',
  })
})

test('of a frame that tells an error, its code and message are left', async () => {
  const error = writeFrame({
    headers: [
      text(':message-type', 'error'),
      text(':error-code', 'InternalError'),
      text(':error-message', 'try again'),
      text('more', CANARY),
    ],
    payload: Buffer.from(CANARY),
  })
  const { body } = await mask('lambda', 'InvokeWithResponseStream', ['EventStream.PayloadChunk'], [error])
  const chunks: Buffer[] = []
  for await (const chunk of body as Readable) chunks.push(chunk)
  const [frame] = frames(Buffer.concat(chunks))
  assert.deepEqual(
    frame?.headers.map(({ name }) => name),
    [':message-type', ':error-code', ':error-message'],
  )
  assert.equal(frame?.payload.length, 0)
})
