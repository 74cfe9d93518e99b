import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { loadCatalog } from '../../src/catalog/load.ts'
import { GateError } from '../../src/core/errors.ts'
import { readCases } from '../../src/policy/cases.ts'
import { checkPolicy } from '../../src/policy/check.ts'
import { compile } from '../../src/policy/compile.ts'
import { decide } from '../../src/policy/decide.ts'
import { sessionPolicies } from '../../src/policy/narrow.ts'
import { parsePolicy, readPolicy } from '../../src/policy/parse.ts'
import { TEST_PRINCIPAL } from '../../src/policy/testing.ts'
import { ANY_CHARACTER } from '../harness/any-character.ts'

const PORTS = { names: loadCatalog(), canKnow: () => true }
const SEEDS = join(import.meta.dirname, 'policy')

/** Whatever the text: it is read, or refused with places that it has; what is read can be asked. */
function feed(text: string): void {
  for (const kind of ['permission', 'trust'] as const) {
    const { document, problems } = readPolicy({ name: 'fuzz', text }, kind)
    assert.equal(
      document === undefined,
      problems.some(({ severity }) => severity === 'error'),
    )
    const lines = text.split('\n').length
    for (const { at, message } of problems) {
      assert.ok(at.line >= 1 && at.line <= lines + 1 && at.column >= 1, JSON.stringify(at))
      assert.ok(message.length < 2_000, 'the message repeats input without a bound')
      assert.doesNotMatch(message, /[\u0000-\u0009\u000b-\u001f\u007f]/)
    }
    if (document === undefined) continue
    const policies = compile([document])
    const pairs = [{ action: 's3:GetObject', resource: 'arn:aws:s3:::b*', certainty: 'any' }] as const
    const context = new Map([['gate:subject', ['x*']]])
    decide({ principal: TEST_PRINCIPAL, pairs, context }, [{ kind: 'role', name: 'it', policies }])
    for (const { policy } of sessionPolicies([document])) {
      assert.ok(policy.length <= 2_048)
      parsePolicy({ name: 'session', text: policy })
    }
  }
  checkPolicy({ name: 'fuzz', text }, 'policy', PORTS)
  readCases({ name: 'fuzz', text })
}

test('policies that were meant to break the parser', () => {
  for (const name of readdirSync(SEEDS)) {
    const text = readFileSync(join(SEEDS, name), 'utf8')
    feed(text)
    assert.equal(readPolicy({ name, text }).document === undefined, !name.startsWith('good-'), name)
  }
})

test('what cannot be checked in as a file', () => {
  const deep = (open: string, close: string): string => open.repeat(100_000) + close.repeat(100_000)
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [*${i === 0 ? 'a' : `b${i - 1}`},*${i === 0 ? 'a' : `b${i - 1}`}]`).join('\n')}\nStatement: *b29\n`
  for (const text of [
    deep('[', ']'),
    deep('{"a":', '}'),
    bomb,
    '\0',
    '\ufeff{}',
    '- '.repeat(5_000),
    `"${'${'.repeat(3_000)}"`,
  ]) {
    feed(text)
    assert.throws(() => parsePolicy({ name: 'fuzz', text }), GateError)
  }
})

test('texts in which some characters of a good policy are others', () => {
  const good = readFileSync(join(SEEDS, 'good-everything.yaml'), 'utf8')
  const json = readFileSync(join(SEEDS, 'good-console.json'), 'utf8')
  const edit = fc.tuple(
    fc.nat(),
    fc.nat(6),
    fc.constantFrom(
      '',
      '*',
      '?',
      '${',
      '}',
      ':',
      '"',
      "'",
      '[',
      '{',
      '\n',
      '- ',
      '&a ',
      '*a',
      '!!x ',
      '\u0000',
      '日',
      '😀',
      '%',
      '|',
      '#',
    ),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(good, json),
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      (text, edits) => {
        let changed = text
        for (const [at, length, put] of edits) {
          const from = at % changed.length
          changed = changed.slice(0, from) + put + changed.slice(from + length)
        }
        feed(changed)
      },
    ),
    { numRuns: 1_500 },
  )
})

test('any text at all', () => {
  fc.assert(fc.property(fc.string({ unit: ANY_CHARACTER, maxLength: 200 }), feed), { numRuns: 1_000 })
  const syntax = fc.constantFrom(
    'Statement',
    'Effect',
    'Allow',
    'Action',
    '"',
    ':',
    '- ',
    '\n',
    '  ',
    '[',
    ']',
    '{',
    '}',
    ',',
    '*',
    '${',
    '&a',
    '*a',
    '? ',
    '| ',
    '> ',
    '!!str ',
    '---',
    '...',
    '<<: ',
  )
  fc.assert(
    fc.property(
      fc.array(syntax, { maxLength: 40 }).map(parts => parts.join('')),
      feed,
    ),
    { numRuns: 1_500 },
  )
})
