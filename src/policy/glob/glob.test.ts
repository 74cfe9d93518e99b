import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { covers } from './cover.ts'
import { matcher, matches } from './match.ts'
import { overlaps } from './overlap.ts'
import { bindToArn, glob, ONE, type Pattern, SEGMENT_ONE, SEGMENT_STAR, STAR } from './pattern.ts'

/** The obvious matcher: tries every way to split. */
function brute(pattern: Pattern, text: string): boolean {
  const [head, ...rest] = pattern
  if (head === undefined) return text === ''
  if (head === STAR || head === SEGMENT_STAR) {
    for (let i = 0; i <= text.length; i++) {
      if (head === SEGMENT_STAR && text.slice(0, i).includes(':')) return false
      if (brute(rest, text.slice(i))) return true
    }
    return false
  }
  if (text === '') return false
  if (head === SEGMENT_ONE && text[0] === ':') return false
  if (head >= 0 && head !== text.charCodeAt(0)) return false
  return brute(rest, text.slice(1))
}

const token = fc.constantFrom(97, 98, 58, STAR, SEGMENT_STAR, ONE, SEGMENT_ONE)
const pattern = fc.array(token, { maxLength: 5 })
/**
 * Of two patterns that meet, the shortest text in common may need every literal of both: with a star and
 * three more tokens each, six characters, which is what `all` holds.
 */
const short = fc.array(token, { maxLength: 4 })
const text = fc.string({ unit: fc.constantFrom('a', 'b', ':', 'c'), maxLength: 8 })

/** Every text over a, b, c and the colon of up to six characters: enough for patterns of four tokens. */
const all: string[] = ['']
for (let start = 0; all.length < 5461; ) {
  const end = all.length
  for (; start < end; start++) for (const letter of 'abc:') all.push(all[start] + letter)
}

test('matching agrees with trying every split', () => {
  fc.assert(
    fc.property(pattern, text, (p, t) => {
      const expected = brute(p, t)
      assert.equal(matches(p, t), expected)
      assert.equal(matcher(p)(t), expected)
    }),
    { numRuns: 3000 },
  )
})

test('containment agrees with matching every short text', () => {
  fc.assert(
    fc.property(short, short, (outer, inner) => {
      const counterExample = all.find(t => matches(inner, t) && !matches(outer, t))
      assert.equal(covers(outer, inner), counterExample === undefined, counterExample)
    }),
    { numRuns: 300 },
  )
})

test('overlap agrees with matching every short text', () => {
  fc.assert(
    fc.property(short, short, (a, b) => {
      assert.equal(
        overlaps(a, b),
        all.some(t => matches(a, t) && matches(b, t)),
      )
      assert.equal(overlaps(a, b), overlaps(b, a))
    }),
    { numRuns: 300 },
  )
})

test('the two ways to say "at least one character" cover each other', () => {
  assert.ok(covers(glob('*?'), glob('?*')))
  assert.ok(covers(glob('?*'), glob('*?')))
  assert.ok(!covers(glob('?*'), glob('*')))
})

test('a character outside the BMP is one character', () => {
  assert.ok(matches(glob('?'), '😀'))
  assert.ok(!matches(glob('??'), '😀'))
  assert.ok(matcher(glob('a*?b'))('a😀b'))
  assert.ok(overlaps(glob('?x'), glob('😀*')))
})

test('a star that ends its ARN segment runs on, every other one stays inside', () => {
  const resource = (arn: string): Pattern => bindToArn(glob(arn), 'resource')
  assert.ok(matches(resource('arn:aws:s3:*'), 'arn:aws:s3:::bucket/key'))
  assert.ok(matches(resource('arn:aws:dynamodb:*:table/x'), 'arn:aws:dynamodb:us-east-1:1:table/x'))
  assert.ok(!matches(resource('arn:aws:sns:us*1:1:t'), 'arn:aws:sns:us-east-2:x1:1:t'))
  assert.ok(matches(resource('arn:aws:s3:::b/*/secret'), 'arn:aws:s3:::b/x:y/secret'))
  const component = (arn: string): Pattern => bindToArn(glob(arn), 'component')
  assert.ok(!matches(component('arn:aws:sns:*:t'), 'arn:aws:sns:us-east-1:1:t'))
  assert.ok(matches(component('arn:aws:sns:*:*:t*'), 'arn:aws:sns:us-east-1:1:t:sub'))
})

test('hostile patterns stay cheap', () => {
  const many = glob(`${'*a'.repeat(200)}b`)
  assert.ok(!matches(many, 'a'.repeat(2000)))
  assert.ok(!overlaps(many, glob(`${'*a'.repeat(200)}c`)))
  assert.equal(typeof covers(many, glob(`${'*a'.repeat(200)}*`)), 'boolean')
})
