import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../../test/harness/any-character.ts'
import type { JournalEvent, RecordedPrincipal } from '../event.ts'
import { FRAME_PREFIX_BYTES, frameBytes, readPayload, writeFrame } from '../frame.ts'
import { STARTED_MS, steadyRandom } from '../journal.fixture.ts'
import { verifyJournal } from '../verify.ts'
import { isSealable, sealEvent } from './event.ts'
import { FrameOpener } from './opener.ts'
import type { ContentKeys } from './ports.ts'
import { FakeKeys } from './seal.fixture.ts'
import { FOLDER, sealedDisk } from './sealed-disk.fixture.ts'

const HERE = { lane: 3, journalId: Buffer.alloc(16, 7) }
const random = steadyRandom('nonces')

const text = fc.string({ unit: ANY_CHARACTER, maxLength: 40 })
const id = fc.string({ minLength: 1, maxLength: 26 })
const sessionId = fc.constantFrom('01SESSIONA', '01SESSIONB', undefined)
const timeMs = fc.integer({ min: STARTED_MS, max: STARTED_MS + 1_000_000 })

const principal: fc.Arbitrary<RecordedPrincipal> = fc.record({
  arn: text,
  roleArn: fc.constantFrom('arn:aws:iam::111122223333:role/a', 'arn:aws:iam::111122223333:role/b'),
  issuer: text,
  subject: text,
  actingFor: fc.array(text, { maxLength: 2 }),
})
const head = { id, timeMs, sessionId }
const call = fc.record({
  service: text,
  operation: text,
  region: text,
  parameters: fc.dictionary(fc.constantFrom('sealed', 'data', 'key', 'type', 'é'), fc.jsonValue()) as never,
  redacted: fc.array(text, { maxLength: 2 }),
  truncated: fc.boolean(),
  pairs: fc.constant([]),
})

/** Events of all types, as they come out of JSON. */
const anyEvent: fc.Arbitrary<JournalEvent> = fc
  .oneof(
    fc.record({
      ...head,
      type: fc.constant('session' as const),
      principal,
      by: text,
      expiresAtMs: fc.nat(),
      clientAddress: text,
      claims: fc.dictionary(text, fc.string()) as never,
    }),
    fc.record({
      ...head,
      type: fc.constant('decision' as const),
      principal: fc.option(principal, { nil: undefined }),
      clientAddress: text,
      effect: fc.constantFrom('allow' as const, 'deny' as const),
      call: fc.option(call, { nil: undefined }),
      statements: fc.constant([]),
    }),
    fc.record({
      ...head,
      type: fc.constant('outcome' as const),
      decisionId: id,
      bytesIn: fc.nat(),
      bytesOut: fc.nat(),
      durationMs: fc.nat(),
    }),
    fc.record({
      ...head,
      type: fc.constant('access-request' as const),
      requestId: id,
      what: fc.constant('asked' as const),
      state: text,
    }),
    fc.record({
      ...head,
      sessionId: fc.constant('01SESSIONA'),
      type: fc.constant('session-end' as const),
      why: fc.constant('idle' as const),
      calls: fc.nat(),
      denied: fc.nat(),
      bytesIn: fc.nat(),
      bytesOut: fc.nat(),
    }),
    fc.record({
      id,
      timeMs,
      type: fc.constant('recovery' as const),
      inFlight: fc.array(id, { maxLength: 3 }),
      tornBytes: fc.nat(),
    }),
  )
  .map(event => JSON.parse(JSON.stringify(event)) as JournalEvent)

function frameOf(json: string, number = 17): Buffer {
  const frame = Buffer.alloc(frameBytes(Buffer.byteLength(json)))
  return frame.subarray(0, writeFrame(frame, 0, Buffer.alloc(32), { number, batchStart: 1 }, json))
}

async function sealed(event: JournalEvent, keys: ContentKeys): Promise<Buffer> {
  if (!isSealable(event)) return frameOf(JSON.stringify(event))
  const { sessionId } = event
  const key = await keys.current({ tenant: 'default', ...(sessionId === undefined ? {} : { sessionId }) })
  return frameOf(sealEvent(event, key, HERE, random))
}

test('what was sealed reads back equal, and what never was as it is', async () => {
  await fc.assert(
    fc.asyncProperty(anyEvent, async event => {
      const keys = new FakeKeys()
      const opener = new FrameOpener(keys, HERE)
      const frame = await sealed(event, keys)
      for (const each of [frame, frame, frameOf(JSON.stringify(event))]) {
        assert.deepEqual(readPayload(await opener.open(each)), { number: 17, batchStart: 1, event })
      }
    }),
  )
})

test('without keys, and where they were shredded, readers have what stays readable', async () => {
  await fc.assert(
    fc.asyncProperty(anyEvent.filter(isSealable), async event => {
      const keys = new FakeKeys()
      const frame = await sealed(event, keys)
      const { type, id, timeMs } = event
      const without = readPayload(await new FrameOpener(undefined, HERE).open(frame)).event
      assert.equal(without.sealed, true)
      assert.equal(without.sessionId, event.sessionId)
      assert.deepEqual({ ...without, type, id, timeMs }, without)
      keys.shred('00.0000000001.1')
      const shredded = readPayload(await new FrameOpener(keys, HERE).open(frame)).event
      assert.equal(shredded.shredded, true)
      assert.deepEqual(Object.keys(shredded).length, Object.keys(without).length)
    }),
  )
})

test('a bit changed anywhere in a sealed event is found', async () => {
  const keys = new FakeKeys()
  const event: JournalEvent = {
    type: 'outcome',
    id: '01A',
    timeMs: 1,
    sessionId: 's',
    decisionId: '01D',
    bytesIn: 1,
    bytesOut: 2,
    durationMs: 3,
  }
  const frame = await sealed(event, keys)
  const opener = new FrameOpener(keys, HERE)
  const start = frame.indexOf('"e":') + 4
  for (let at = start; at < frame.length; at++) {
    for (const bit of [1, 2, 4, 8, 16, 32, 64, 128]) {
      const changed = Buffer.from(frame)
      changed.writeUInt8(changed.readUInt8(at) ^ bit, at)
      const reading = async (): Promise<unknown> => readPayload(await opener.open(changed)).event
      const read = await reading().catch(() => undefined)
      // Without its mark it is an event in the clear, of which nothing was sealed: the chain finds that.
      if (read !== undefined) assert.ok(!JSON.stringify(read).includes('bytesIn'), `bit ${bit} of byte ${at}`)
    }
  }
})

test('what is sealed opens in its own lane, journal and event alone, and says which key does not fit', async () => {
  const keys = new FakeKeys()
  const one: JournalEvent = {
    type: 'session-end',
    id: '1',
    timeMs: 1,
    sessionId: 's',
    why: 'idle',
    ...counts(),
  }
  const frame = await sealed(one, keys)
  const other = await sealed({ ...one, id: '2' }, keys)
  const swapped = Buffer.from(frame.toString('latin1').replace(dataOf(frame), dataOf(other)), 'latin1')
  const wrong = { code: 'journal-corrupt', message: /does not open with the content key `00\.0000000001\.1`/ }
  const opening = async (here: typeof HERE, what: Buffer): Promise<Buffer> =>
    new FrameOpener(keys, here).open(what)
  await assert.rejects(opening(HERE, swapped), wrong)
  await assert.rejects(opening({ ...HERE, lane: 4 }, frame), wrong)
  await assert.rejects(opening({ ...HERE, journalId: Buffer.alloc(16, 8) }, frame), wrong)
  const unknown = frame.toString('latin1').replace('00.0000000001.1', '00.0000000001.2')
  await assert.rejects(opening(HERE, Buffer.from(unknown, 'latin1')), /there is no content key/)
})

function counts(): { calls: number; denied: number; bytesIn: number; bytesOut: number } {
  return { calls: 0, denied: 0, bytesIn: 0, bytesOut: 0 }
}

function dataOf(frame: Buffer): string {
  return /"data":"([^"]*)"/.exec(frame.toString('latin1', FRAME_PREFIX_BYTES))?.[1] ?? ''
}

test('random journals read back equal, over restarts, in several lanes and key files', async () => {
  const step = fc.record({ lane: fc.nat(1), events: fc.array(anyEvent, { maxLength: 8 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async steps => {
      const disk = sealedDisk({ keysPerFile: 2, segmentBytes: 2_000 })
      const written: string[] = []
      for (const { lane, events } of steps) {
        const journal = await disk.open(lane)
        await Promise.all(events.map(event => journal.append(event)))
        await journal.close()
        written.push(...events.map(event => JSON.stringify(sorted(event))))
      }
      const read = (await disk.events()).map(event => JSON.stringify(sorted(event)))
      assert.deepEqual(read.sort(), written.sort())
      assert.equal((await verifyJournal({ files: disk.files, folder: FOLDER })).whole, true)
    }),
    { numRuns: 60 },
  )
})

/** The event with its members in one order: sealing changes it. */
function sorted(event: JournalEvent): object {
  return Object.fromEntries(Object.entries(event).sort(([a], [b]) => (a < b ? -1 : 1)))
}
