import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonObject } from '../core/json.ts'
import { cutString } from './cut.ts'
import { fitEvent } from './fit.ts'
import { allowed } from './journal.fixture.ts'
import { recordedParameters } from './parameters.ts'

const CASES: readonly [string, JsonObject, string[], JsonObject, string[]][] = [
  ['a member', { A: 'x', B: 's' }, ['B'], { A: 'x', B: '<redacted>' }, ['B']],
  ['an element', { A: [{ C: 1 }, { C: 2 }] }, ['A[1].C'], { A: [{ C: 1 }, { C: '<redacted>' }] }, ['A[1].C']],
  ['all elements', { A: ['x', 'y'] }, ['A[]'], { A: ['<redacted>', '<redacted>'] }, ['A[0]', 'A[1]']],
  ['a whole structure', { A: { B: { C: 1 } } }, ['A.B'], { A: { B: '<redacted>' } }, ['A.B']],
  [
    "a map's key, whatever is in it",
    { A: { 'x.y[0]"': 's', z: 1 } },
    ['A["x.y[0]\\""]'],
    { A: { 'x.y[0]"': '<redacted>', z: 1 } },
    ['A.x.y[0]"'],
  ],
  [
    'a path that cannot be read',
    { A: 's', B: 1 },
    ['A["x'],
    { A: '<redacted>', B: '<redacted>' },
    ['A', 'B'],
  ],
  ['the empty path', { A: 's' }, [''], { A: '<redacted>' }, ['A']],
  [
    'a value in a value',
    { A: { B: { C: 1 }, D: 2 } },
    ['A.B.C', 'A.B'],
    { A: { B: '<redacted>', D: 2 } },
    ['A.B'],
  ],
  ['a path that finds nothing', { A: { B: 's' }, C: 1 }, ['A.b'], { A: '<redacted>', C: 1 }, ['A']],
]

for (const [name, parameters, sensitive, expected, redacted] of CASES) {
  test(`redacted: ${name}`, () => {
    const recorded = recordedParameters(parameters, sensitive, 10_000)
    assert.deepEqual(recorded, { parameters: expected, redacted, truncated: false })
  })
}

test('a member called __proto__ is a member like any other', () => {
  const parameters = JSON.parse('{"__proto__":{"A":"s"}}')
  const recorded = recordedParameters(parameters, ['__proto__.A'], 1_000)
  assert.equal(JSON.stringify(recorded.parameters), '{"__proto__":{"A":"<redacted>"}}')
})

test('a long string is cut first, and says how much is missing', () => {
  const { parameters, truncated } = recordedParameters({ A: 'x'.repeat(50_000), B: 'y' }, [], 20_000)
  assert.equal(truncated, true)
  assert.equal(parameters['B'], 'y')
  assert.match(String(parameters['A']), /^x{16384}<33616 characters left out>$/)
})

test('a cut leaves no half of a character', () => {
  assert.equal(cutString('a😀b', 2), 'a<3 characters left out>')
})

test('whatever the parameters, they fit the limit, and no secret is in them', () => {
  const member = fc.string({ minLength: 1, maxLength: 8 })
  const tree = fc.dictionary(member, fc.jsonValue(), { minKeys: 1 })
  fc.assert(
    fc.property(tree, fc.integer({ min: 64, max: 2_000 }), (value, limit) => {
      const parameters = { ...(value as JsonObject), Secret: { Deep: ['hunter2hunter2'] } }
      const recorded = recordedParameters(parameters, ['Secret.Deep[0]'], limit)
      const text = JSON.stringify(recorded.parameters)
      assert.ok(Buffer.byteLength(text) <= limit)
      assert.doesNotMatch(text, /hunter2/)
    }),
  )
})

test('an event of any size fits, or is refused by its name', () => {
  const pair = {
    action: 's3:DeleteObject',
    resource: `arn:aws:s3:::b/${'k'.repeat(900)}`,
    certainty: 'exact' as const,
  }
  const call = {
    service: 's3',
    operation: 'DeleteObjects',
    region: 'r',
    parameters: { A: 'x'.repeat(300_000) },
    redacted: [],
    truncated: false,
    pairs: Array.from({ length: 1_000 }, () => pair),
  }
  const { event, bytes } = fitEvent({ ...allowed('a'), userAgent: 'u'.repeat(9_999), call }, 100_000)
  assert.ok(bytes <= 100_000)
  assert.equal(event.type === 'decision' && event.call?.truncated, true)
  assert.match(JSON.stringify(event), /pairs left out/)
  assert.throws(() => fitEvent(allowed('x'.repeat(5_000)), 1_000), { code: 'event-too-large' })
})

test('parameters that surely fit are those that fit when they are written out', () => {
  const scalar = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.boolean(), fc.constant(null))
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), scalar),
      fc.nat({ max: 600 }),
      (members, limit) => {
        const parameters = JSON.parse(JSON.stringify(members))
        const fits = Buffer.byteLength(JSON.stringify(parameters)) <= limit
        assert.equal(recordedParameters(parameters, [], limit).truncated, !fits)
      },
    ),
  )
})
