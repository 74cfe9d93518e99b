import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LINK_BYTES, nextLink } from '../../src/record/chain.ts'
import type { JournalEvent } from '../../src/record/event.ts'
import {
  frameBytes,
  MAX_PAYLOAD_BYTES,
  readFrame,
  readPayload,
  readPosition,
  writeFrame,
} from '../../src/record/frame.ts'
import { decodeHeader, encodeHeader, SEGMENT_HEADER_BYTES } from '../../src/record/segment.ts'
import { ANY_CHARACTER } from '../harness/any-character.ts'

const link = fc.uint8Array({ minLength: LINK_BYTES, maxLength: LINK_BYTES }).map(bytes => Buffer.from(bytes))
const number = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const event = fc.record({
  type: fc.constant('decision' as const),
  id: fc.string({ unit: ANY_CHARACTER }),
  timeMs: fc.nat(),
  clientAddress: fc.string({ unit: ANY_CHARACTER }),
  effect: fc.constantFrom('allow' as const, 'deny' as const),
  statements: fc.constant([]),
})

function written(value: JournalEvent, previous: Buffer, place: number, batchStart: number): Buffer {
  const json = JSON.stringify(value)
  const target = Buffer.alloc(frameBytes(Buffer.byteLength(json)) + 7)
  const end = writeFrame(target, 7, previous, { number: place, batchStart }, json)
  return target.subarray(7, end)
}

test('a frame is read as it was written, and one byte less is incomplete', () => {
  fc.assert(
    fc.property(event, link, number, number, (value, previous, a, b) => {
      const frame = written(value, previous, Math.max(a, b), Math.min(a, b))
      const reading = readFrame(frame, 0)
      assert.ok(reading.kind === 'frame')
      assert.deepEqual(readPayload(reading.frame), {
        number: Math.max(a, b),
        batchStart: Math.min(a, b),
        event: JSON.parse(JSON.stringify(value)),
      })
      assert.equal(readPosition(reading.frame).number, Math.max(a, b))
      for (let cut = 0; cut < frame.length; cut++) {
        assert.equal(readFrame(frame.subarray(0, cut), 0).kind, 'incomplete')
      }
    }),
    { numRuns: 50 },
  )
})

test('a changed byte is never read as a frame', () => {
  const changed = fc.record({ at: fc.nat(), mask: fc.integer({ min: 1, max: 255 }) })
  fc.assert(
    fc.property(event, link, changed, (value, previous, { at, mask }) => {
      const frame = written(value, previous, 1, 1)
      const place = at % frame.length
      frame[place] = (frame[place] ?? 0) ^ mask
      assert.notEqual(readFrame(frame, 0).kind, 'frame')
    }),
    { numRuns: 500 },
  )
})

test('bytes of any kind are read without an error, and without a look beyond them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(50), (bytes, offset) => {
      const reading = readFrame(Buffer.from(bytes), Math.min(offset, bytes.length))
      if (reading.kind === 'incomplete') assert.ok(reading.needed <= MAX_PAYLOAD_BYTES + 40)
      const header = decodeHeader(Buffer.from(bytes))
      assert.equal(typeof header, 'string')
    }),
  )
})

test('the link depends on every byte of the payload and of the link before', () => {
  fc.assert(
    fc.property(event, link, fc.nat(), (value, previous, at) => {
      const frame = written(value, previous, 1, 1)
      const before = nextLink(frame)
      const place = 8 + (at % (frame.length - 8))
      frame[place] = (frame[place] ?? 0) ^ 1
      assert.notDeepEqual(nextLink(frame), before)
    }),
  )
})

test('a header is read as it was written, and never with a byte changed', () => {
  const header = fc.record(
    {
      lane: fc.nat(99),
      segment: fc.integer({ min: 1, max: 0xffff_ffff }),
      firstEvent: number,
      journalId: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => Buffer.from(bytes)),
      previousLink: link,
    },
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(header, fc.nat(SEGMENT_HEADER_BYTES - 1), (value, at) => {
      const bytes = encodeHeader(value)
      assert.deepEqual(decodeHeader(bytes), value)
      bytes[at] = (bytes[at] ?? 0) ^ 1
      assert.equal(typeof decodeHeader(bytes), 'string')
    }),
  )
})
