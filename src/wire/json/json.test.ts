import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../core/errors.ts'
import { readJson } from './reader.ts'
import { JsonNumber, type JsonValue } from './value.ts'
import { writeJson } from './writer.ts'

const read = (text: string): JsonValue => readJson(Buffer.from(text, 'utf8'))

function refuses(bytes: string | Buffer, code: string): void {
  assert.throws(
    () => readJson(Buffer.from(bytes)),
    (error: unknown) => error instanceof GateError && error.code === code,
    JSON.stringify(bytes.toString()),
  )
}

test('any JSON is read as the parser of the platform reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(4), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent)
      fc.pre(text.isWellFormed())
      // What a double holds in more digits than 15 is kept as its digits: compare those as numbers.
      assert.deepEqual(asDoubles(read(text)), JSON.parse(text))
    }),
  )
})

function asDoubles(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return Number(value.lexeme)
  if (Array.isArray(value)) return value.map(asDoubles)
  if (typeof value !== 'object' || value === null) return value
  const object = {}
  for (const [name, member] of Object.entries(value)) {
    Object.defineProperty(object, name, {
      value: asDoubles(member),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return object
}

test('what is written is read as the same', () => {
  const lexeme = fc.oneof(
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 200n }).map(n => new JsonNumber(String(n))),
    fc.bigInt({ min: 10n ** 20n, max: 10n ** 30n }).map(n => new JsonNumber(`0.${n}`)),
  )
  const leaf = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    lexeme,
  ) as fc.Arbitrary<JsonValue>
  const tree = fc.letrec<{ value: JsonValue }>(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }))
  fc.assert(fc.property(tree.value, value => assert.deepEqual(read(writeJson(value)), value)))
})

test('numbers that a double cannot hold keep their digits', () => {
  for (const lexeme of [
    '9007199254740993',
    '-9223372036854775808',
    '0.12345678901234567890',
    '1e21',
    '12345678901234567.5',
  ]) {
    assert.deepEqual(read(lexeme), new JsonNumber(lexeme))
    assert.equal(writeJson(read(lexeme)), lexeme)
  }
  for (const lexeme of ['9007199254740991', '0', '-1', '0.1', '1.5e3', '1398796238.123456', '1e-7']) {
    assert.equal(read(lexeme), Number(lexeme))
  }
  assert.ok(Object.is(read('-0.0'), 0))
  for (const lexeme of ['1e400', '-1e400', '1e-400', '1.23456789012e-320']) refuses(lexeme, 'json-malformed')
})

test('names of the prototype are ordinary names', () => {
  const value = read('{"__proto__":{"admin":true},"constructor":1,"toString":2}') as Record<string, JsonValue>
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor', 'toString'])
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
  assert.equal((value as { admin?: unknown }).admin, undefined)
  assert.equal(writeJson(value), '{"__proto__":{"admin":true},"constructor":1,"toString":2}')
})

test('a name twice is refused, however it is written', () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"x":[{"Key":"a","Key":"b"}]}',
    '{"__proto__":1,"__proto__":2}',
    '{"":1,"":2}',
  ]) {
    refuses(text, 'json-duplicate')
  }
  assert.deepEqual(read('{"a":1,"A":2}'), { a: 1, A: 2 })
})

test('what another parser could read in another way is refused', () => {
  for (const text of [
    '',
    ' ',
    '{',
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    "{'a':1}",
    '{"a" 1}',
    '{"a":1}{"a":2}',
    '{} x',
    '[1 2]',
    'NaN',
    'Infinity',
    '-',
    '+1',
    '01',
    '-01',
    '1.',
    '.5',
    '1e',
    '0x10',
    'True',
    'nul',
    '"\t"',
    '"\n"',
    '"\\x41"',
    '"\\u12"',
    '"\\u12G4"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"open',
    '"open\\',
    '// comment\n1',
    '/**/1',
    '\ufeff{}',
    '\u00a01',
    '1\u0000',
    '[\u000b1]',
  ]) {
    refuses(text, 'json-malformed')
  }
  assert.equal(read('"\\ud83d\\ude00"'), '\u{1f600}')
})

test('invalid UTF-8 is refused, not replaced', () => {
  for (const bytes of [
    [0x22, 0xff, 0x22],
    [0x22, 0xc0, 0xaf, 0x22],
    [0x22, 0xed, 0xa0, 0x80, 0x22],
    [0x22, 0xe2, 0x82],
  ]) {
    refuses(Buffer.from(bytes), 'json-malformed')
  }
})

test('depth and size have limits', () => {
  const nested = (depth: number): Buffer => Buffer.from('['.repeat(depth) + ']'.repeat(depth))
  const limits = { maxBytes: 100, maxDepth: 10 }
  assert.ok(readJson(nested(10), limits))
  const isLimit = (error: unknown): boolean => error instanceof GateError && error.code === 'json-limit'
  assert.throws(() => readJson(nested(11), limits), isLimit)
  assert.throws(() => readJson(Buffer.from(`"${'a'.repeat(99)}"`), limits), isLimit)
  refuses('['.repeat(1_000_000), 'json-limit')
  // Siblings do not add up to depth.
  assert.ok(readJson(Buffer.from('[[],[],[],{},{},[],[],[],[],[],[],[]]'), limits))
})
