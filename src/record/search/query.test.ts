import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../../test/harness/any-character.ts'
import { parseQuery, QueryError } from './parse.ts'
import { needleOf, patternMatcher } from './pattern.ts'
import { type Pattern, printQuery, type Query, TEXT_KEYS, type Term, TIME_KEYS } from './query.ts'
import { parseTime } from './time.ts'

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5)

/** Parts side by side that are both text are one. */
function pattern(parts: Pattern['parts']): Pattern {
  const joined: Pattern['parts'][number][] = []
  for (const part of parts) {
    const before = joined.at(-1)
    if (typeof part === 'string' && typeof before === 'string') joined[joined.length - 1] = before + part
    else if (part !== '') joined.push(part)
  }
  return { parts: joined }
}

const someText = fc.string({
  unit: fc.constantFrom('a', 'B', '0', '-', ':', '"', '\\', '*', '?', ' ', '\n', '/', 'é', '🙂', '\u00a0'),
  maxLength: 6,
})
const somePattern = fc
  .array(fc.oneof(someText, fc.constantFrom({ wildcard: 'any' } as const, { wildcard: 'one' } as const)), {
    maxLength: 5,
  })
  .map(pattern)
const someTerm: fc.Arbitrary<Term> = fc.oneof(
  fc.record({ key: fc.constantFrom(...TEXT_KEYS), not: fc.boolean(), pattern: somePattern }),
  fc.record({
    key: fc.constantFrom(...TIME_KEYS),
    timeMs: fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }),
  }),
)

test('what is printed is parsed as it was', () => {
  fc.assert(
    fc.property(fc.array(someTerm, { maxLength: 6 }), terms => {
      const query = terms.map(term => ({ ...term }))
      assert.deepEqual(parseQuery(printQuery(query), NOW_MS), query)
    }),
    { numRuns: 1_000 },
  )
})

test('any text is a query or an error with its place', () => {
  const unit = fc.constantFrom('a', ':', '"', '\\', '-', '*', ' ', 'role', 'since', '1', 'd')
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 20 }), text => {
      let query: Query
      try {
        query = parseQuery(text, NOW_MS)
      } catch (error) {
        assert.ok(error instanceof QueryError)
        assert.ok(error.at >= 0 && error.at <= text.length)
        return
      }
      assert.deepEqual(parseQuery(printQuery(query), NOW_MS), query)
    }),
    { numRuns: 2_000 },
  )
})

test('errors point at the place', () => {
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ['role:agent colour:red', 11, /there is no key `colour`/],
    ['-colour:red', 1, /there is no key `colour`/],
    ['role:agent action:', 18, /`action:` has no value/],
    ['role:agent -', 11, /`-` stands before nothing/],
    ['text "open', 5, /quote is not closed/],
    ['-since:1d', 0, /cannot stand before `since`/],
    ['since:yesterday', 6, /a time reads/],
    ['until:2026-02-31', 6, /a time reads/],
    ['a '.repeat(101), 200, /more than 100 terms/],
    ['a'.repeat(4_097), 4_096, /longer than 4096/],
  ]
  for (const [text, at, message] of cases) {
    assert.throws(
      () => parseQuery(text, NOW_MS),
      (error: unknown) => {
        assert.ok(error instanceof QueryError)
        assert.deepEqual([error.at, error.code], [at, 'query-invalid'], text)
        assert.match(error.message, message)
        return true
      },
    )
  }
})

test('words, keys, synonyms and moments', () => {
  assert.deepEqual(parseQuery('my-bucket decision:deny -"a b"', NOW_MS), [
    { key: 'text', not: false, pattern: { parts: ['my-bucket'] } },
    { key: 'effect', not: false, pattern: { parts: ['deny'] } },
    { key: 'text', not: true, pattern: { parts: ['a b'] } },
  ])
  assert.deepEqual(parseQuery('resource:arn:aws:s3:::"a*"*', NOW_MS), [
    { key: 'resource', not: false, pattern: { parts: ['arn:aws:s3:::a*', { wildcard: 'any' }] } },
  ])
  assert.equal(parseTime('2h', NOW_MS), NOW_MS - 7_200_000)
  assert.equal(parseTime('2026-01-02', NOW_MS), Date.UTC(2026, 0, 2))
  assert.equal(parseTime('2026-01-02T03:04', NOW_MS), Date.UTC(2026, 0, 2, 3, 4))
  assert.equal(parseTime('2026-01-02T03:04:05+02:00', NOW_MS), Date.UTC(2026, 0, 2, 1, 4, 5))
  for (const text of ['', '2026', '2026-13-01', '2026-01-32', '2026-01-02T25:00', '1y', '-1d']) {
    assert.equal(parseTime(text, NOW_MS), undefined, text)
  }
})

const unit = fc.constantFrom('a', 'b', '🙂', '\n')
const smallPattern = fc
  .array(
    fc.oneof(
      fc.string({ unit, maxLength: 2 }),
      fc.constantFrom({ wildcard: 'any' } as const, { wildcard: 'one' } as const),
    ),
    { maxLength: 6 },
  )
  .map(pattern)

test('patterns fit what the regular expression of the same meaning fits', () => {
  fc.assert(
    fc.property(smallPattern, fc.string({ unit, maxLength: 10 }), fc.boolean(), (some, text, anywhere) => {
      const source = some.parts
        .map(part => (typeof part === 'string' ? part : part.wildcard === 'any' ? '.*' : '.'))
        .join('')
      const expected = new RegExp(anywhere ? source : `^(?:${source})$`, 'su').test(text)
      assert.equal(patternMatcher(some, anywhere)(text), expected)
    }),
    { numRuns: 3_000 },
  )
})

test('what fits has the needle in its JSON', () => {
  fc.assert(
    fc.property(somePattern, fc.string({ unit: ANY_CHARACTER }), (some, filling) => {
      const text = some.parts.map(part =>
        typeof part === 'string' ? part : part.wildcard === 'any' ? filling : 'x',
      )
      assert.ok(Buffer.from(JSON.stringify(text.join(''))).includes(Buffer.from(needleOf(some))))
    }),
  )
})
