import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JournalEvent } from '../event.ts'
import { FRAME_PREFIX_BYTES, frameBytes, readPayload, writeFrame } from '../frame.ts'
import { steadyRandom } from '../journal.fixture.ts'
import { isSealable, sealEvent } from './event.ts'
import { FrameOpener } from './opener.ts'
import type { ContentKeys } from './ports.ts'
import { anyEvent, FakeKeys } from './seal.fixture.ts'

const HERE = { lane: 3, journalId: Buffer.alloc(16, 7) }
const random = steadyRandom('nonces')

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
