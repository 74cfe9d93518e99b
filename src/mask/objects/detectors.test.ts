import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { MaskForm } from '../../core/decision.ts'
import type { JsonObject } from '../../core/json.ts'
import { compileDetectors, DETECTOR_NAMES } from '../detect/set.ts'
import type { MaskPlan } from '../port.ts'
import { HEAD_BYTES } from './limits.ts'
import { StreamedObjects } from './object-masking.ts'

/* Objects with the detectors themselves, as the gate has them. */

const objects = new StreamedObjects({
  detectors: names => compileDetectors(names, new Map()),
  hashKey: Buffer.alloc(32, 1),
})

const SECRETS = [
  'alice@example.com',
  '4242 4242 4242 4242',
  'DE89 3704 0044 0532 0130 00',
  'AKIAIOSFODNN7EXAMPLE',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
]

const planOf = (as: MaskForm, parameters: JsonObject = {}): MaskPlan => ({
  call: { service: 's3', operation: 'GetObject', protocol: 'rest-xml', parameters },
  rules: [{ fields: [], detect: DETECTOR_NAMES, as, otherObjects: 'deny' }],
  object: true,
})

async function get(object: Buffer, size: number, plan: MaskPlan): Promise<Buffer> {
  function* pieces(): Generator<Buffer> {
    for (let at = 0; at < object.length; at += size) yield object.subarray(at, at + size)
  }
  const headers = [['content-length', String(object.length)]] as const
  const body = Readable.from(pieces(), { objectMode: false })
  const masked = await objects.mask(plan, { status: 200, headers, body })
  const chunks: Buffer[] = []
  for await (const chunk of masked.body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const form = fc.constantFrom<MaskForm>('full', 'partial', 'hash', 'null')
const filler = fc.constantFrom(
  '"a": 1, ',
  'grün 😀\r\n',
  'x,',
  '\\n',
  '&amp;',
  ' '.repeat(40),
  'lorem ipsum ',
)
const objectOf = fc
  .array(
    fc.oneof(
      filler,
      fc.constantFrom(...SECRETS).map(secret => ` ${secret}, `),
    ),
    { maxLength: 30 },
  )
  .map(parts => Buffer.from(parts.join('')))

test('no secret is in a masked object, whatever its form; its length stays, and it is text', async () => {
  await fc.assert(
    fc.asyncProperty(objectOf, fc.integer({ min: 1, max: 50 }), form, async (object, size, as) => {
      const masked = await get(object, size, planOf(as))
      assert.equal(masked.length, object.length)
      assert.ok(Buffer.from(masked.toString()).equals(masked))
      for (const secret of SECRETS) assert.ok(!masked.includes(secret), secret)
      assert.ok((await get(gzipSync(object), size, planOf(as)).then(gunzipSync)).equals(masked))
    }),
    { numRuns: 60 },
  )
})

test('a range shows what the whole shows', async () => {
  const filled = fc.tuple(objectOf, fc.nat(3)).map(([object, times]) => {
    // Long enough to be looked at in several parts.
    return Buffer.concat([object, Buffer.alloc(times * HEAD_BYTES, 'lorem ipsum '), object])
  })
  await fc.assert(
    fc.asyncProperty(
      filled,
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 1000, max: 90_000 }),
      form,
      async (object, a, b, size, as) => {
        if (object.length === 0) return
        const first = a % object.length
        const last = first + (b % (object.length - first))
        const whole = await get(object, size, planOf(as))
        const range = await get(object, 77 + size, planOf(as, { Range: `bytes=${first}-${last}` }))
        assert.ok(range.equals(whole.subarray(first, last + 1)))
      },
    ),
    { numRuns: 40 },
  )
})

test('JSON stays JSON', async () => {
  const value = fc.record({
    note: fc.constantFrom(
      'hi\nalice@example.com',
      '"alice@example.com"',
      'C:\\alice@example.com\\x',
      'ü alice@example.com',
    ),
    card: fc.constantFrom('4242424242424242', '4242-4242-4242-4242'),
    more: fc.string(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 1 }), form, async (values, as) => {
      const masked = await get(
        Buffer.from(values.map(one => JSON.stringify(one)).join('\n')),
        100,
        planOf(as),
      )
      for (const line of masked.toString().split('\n')) {
        const { note, card } = JSON.parse(line) as { note: string; card: string }
        assert.match(note, /~mask~/)
        assert.match(card, /^~mask~/)
      }
    }),
  )
})
