import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GateError } from '../core/errors.ts'
import { readPattern, takes } from './pattern.ts'
import { Place } from './place.ts'

const treatmentAt = (patterns: readonly string[], path: readonly string[]): string | undefined =>
  path.reduce(
    (place, name) => place.member(name),
    Place.root(patterns.map(text => ({ steps: readPattern(text), treatment: 'full' as const }))),
  ).treatment

const matches = (pattern: string, path: string): boolean => treatmentAt([pattern], path.split('.')) === 'full'

test('a pattern names a member and everything beneath it', () => {
  assert.ok(matches('SecretString', 'SecretString'))
  assert.ok(matches('Environment', 'Environment.Variables.A'))
  assert.ok(matches('Reservations[].Instances[].KeyName', 'Reservations.Instances.KeyName'))
  assert.ok(matches('Reservations.Instances.KeyName', 'Reservations.Instances.KeyName'))
  assert.ok(!matches('KeyName', 'Reservations.Instances.KeyName'))
  assert.ok(!matches('secretstring', 'SecretString'))
  assert.ok(!matches('Environment.Variables', 'Environment'))
})

test('stars stand for members, parts of names and any depth', () => {
  assert.ok(matches('Environment.Variables.*', 'Environment.Variables.A'))
  assert.ok(!matches('Environment.*', 'Environment'))
  assert.ok(matches('Environment.Variables.*_KEY', 'Environment.Variables.API_KEY'))
  assert.ok(!matches('Environment.Variables.*_KEY', 'Environment.Variables.API_KEYS'))
  assert.ok(matches('**.Password', 'Password'))
  assert.ok(matches('**.Password', 'A.B.C.Password'))
  assert.ok(matches('A.**.Z', 'A.Z'))
  assert.ok(matches('A.**.Z', 'A.B.A.Z.Y'))
  assert.ok(!matches('A.**.Z', 'B.A.Z'))
  assert.ok(matches('**.A.**.B', 'X.A.A.Y.B'))
  assert.ok(matches('Variables["my.key"]', 'Variables.my.key') === false)
  assert.equal(treatmentAt(['Variables["my.key"]'], ['Variables', 'my.key']), 'full')
})

test('a glob takes what its regular expression takes', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 3 })
  fc.assert(
    fc.property(
      fc.array(piece, { minLength: 2, maxLength: 4 }),
      fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 }),
      (pieces, name) => {
        const expected = new RegExp(`^${pieces.join('.*')}$`).test(name)
        assert.equal(takes({ kind: 'glob', pieces }, name), expected)
      },
    ),
  )
})

test('what is no pattern is refused', () => {
  const many = Array.from({ length: 33 }, () => 'a').join('.')
  for (const text of [
    '',
    '.',
    'A.',
    '.A',
    'A..B',
    'A[0]',
    'A["x]',
    'A[',
    'A]',
    'A"',
    '[]',
    many,
    'a'.repeat(513),
  ]) {
    assert.throws(
      () => readPattern(text),
      (error: unknown) => error instanceof GateError && error.code === 'mask-rule-invalid',
      text,
    )
  }
})

test('of several patterns the strictest counts, deeper ones too', () => {
  const root = Place.root([
    { steps: readPattern('A'), treatment: 'partial' },
    { steps: readPattern('A.B'), treatment: 'null' },
    { steps: readPattern('**.C'), treatment: 'hash' },
  ])
  assert.equal(root.treatment, undefined)
  assert.equal(root.member('A').treatment, 'partial')
  assert.equal(root.member('A').member('B').treatment, 'null')
  assert.equal(root.member('A').member('B').member('C').treatment, 'null')
  assert.equal(root.member('A').member('C').treatment, 'hash')
})
