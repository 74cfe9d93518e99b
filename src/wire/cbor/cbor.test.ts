import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../core/errors.ts'
import { readCbor } from './reader.ts'
import { CborDecimal, CborEpoch, CborFloat, type CborValue } from './value.ts'
import { writeCbor } from './writer.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

function refuses(bytes: string, code = 'cbor-malformed'): void {
  assert.throws(
    () => readCbor(hex(bytes)),
    (error: unknown) => error instanceof GateError && error.code === code,
    bytes.slice(0, 60),
  )
}

const value = fc.letrec<{ value: CborValue }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
      fc.boolean(),
      fc.constant(null),
      fc.string({ unit: 'grapheme' }).filter(text => text.isWellFormed()),
      fc.uint8Array().map(bytes => Buffer.from(bytes)),
      fc.double().map(number => new CborFloat(number)),
      fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }).map(seconds => new CborEpoch(seconds)),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(seconds => new CborEpoch(seconds)),
      fc.tuple(fc.bigInt(), fc.integer({ min: -999, max: 999 })).map(([m, e]) => new CborDecimal(m, e)),
    ) as fc.Arbitrary<CborValue>,
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .uniqueArray(
        fc.tuple(
          fc.string({ unit: 'grapheme' }).filter(text => text.isWellFormed()),
          tie('value'),
        ),
        {
          selector: ([key]) => key,
          maxLength: 4,
        },
      )
      .map(entries => new Map(entries)),
  ),
})).value

test('what is written is read as the same', () => {
  fc.assert(fc.property(value, one => assert.deepEqual(readCbor(writeCbor(one)), one)))
})

// RFC 8949, appendix A: those of its examples that Smithy RPC v2 has.
const EXAMPLES: readonly (readonly [string, CborValue])[] = [
  ['00', 0n],
  ['17', 23n],
  ['1818', 24n],
  ['1903e8', 1000n],
  ['1a000f4240', 1000000n],
  ['1b000000e8d4a51000', 1000000000000n],
  ['1bffffffffffffffff', 18446744073709551615n],
  ['c249010000000000000000', 18446744073709551616n],
  ['3bffffffffffffffff', -18446744073709551616n],
  ['c349010000000000000000', -18446744073709551617n],
  ['20', -1n],
  ['3903e7', -1000n],
  ['f90000', new CborFloat(0)],
  ['f98000', new CborFloat(-0)],
  ['f93c00', new CborFloat(1)],
  ['fb3ff199999999999a', new CborFloat(1.1)],
  ['f97bff', new CborFloat(65504)],
  ['fa47c35000', new CborFloat(100000)],
  ['f90001', new CborFloat(2 ** -24)],
  ['f90400', new CborFloat(0.00006103515625)],
  ['f9c400', new CborFloat(-4)],
  ['f97c00', new CborFloat(Number.POSITIVE_INFINITY)],
  ['f97e00', new CborFloat(Number.NaN)],
  ['f9fc00', new CborFloat(Number.NEGATIVE_INFINITY)],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['f7', null],
  ['c11a514b67b0', new CborEpoch(1363896240n)],
  ['c1fb41d452d9ec200000', new CborEpoch(1363896240.5)],
  ['40', Buffer.alloc(0)],
  ['4401020304', hex('01020304')],
  ['62c3bc', '\u00fc'],
  ['80', []],
  ['83010203', [1n, 2n, 3n]],
  ['a0', new Map()],
  [
    'a26161016162820203',
    new Map<string, CborValue>([
      ['a', 1n],
      ['b', [2n, 3n]],
    ]),
  ],
  ['5f42010243030405ff', hex('0102030405')],
  ['7f657374726561646d696e67ff', 'streaming'],
  ['9fff', []],
  ['9f018202039f0405ffff', [1n, [2n, 3n], [4n, 5n]]],
  [
    'bf61610161629f0203ffff',
    new Map<string, CborValue>([
      ['a', 1n],
      ['b', [2n, 3n]],
    ]),
  ],
  ['c48221196ab3', new CborDecimal(27315n, -2)],
]

test('the examples of RFC 8949 are read', () => {
  for (const [bytes, expected] of EXAMPLES) assert.deepEqual(readCbor(hex(bytes)), expected, bytes)
})

test('what another reader could take otherwise is refused', () => {
  for (const bytes of [
    '', // nothing
    '0000', // two items
    'a1 01 02', // a key that is no text
    'a1 6161', // a key without a value
    'ff', // a break outside
    '82 01', // too short
    '81 ff', // a break in an array of a stated length
    'bf 6161 ff', // a break instead of a value
    '1c', // reserved
    '18', // no argument
    '1f', // an indefinite integer
    '62 c3', // text cut inside
    '61 ff', // no UTF-8
    '7f 61 c3 61 bc ff', // a character cut between chunks
    '7f 4161 ff', // bytes in text
    '7f 7f 6161 ff ff', // an indefinite chunk
    '5f 41', // no end
    'c0 60', // tag 0: text dates
    'c1 60', // tag 1 on text
    'c1 f97e00', // no time
    'c1 c1 00', // twice
    'c2 01', // a bignum of an integer
    'c5 82 01 02', // bigfloat
    'd9d9f7 00', // self-described
    'e0', // unassigned simple values
    'f8 20',
    '5b 7fffffffffffffff 00', // a length beyond all memory
    '9b ffffffffffffffff',
    'bb 0000000100000000',
  ]) {
    refuses(bytes)
  }
})

test('a key twice is refused', () => {
  refuses('a2 6161 01 6161 02', 'cbor-duplicate')
  refuses('bf 6161 01 7f6161ff 02 ff', 'cbor-duplicate')
  refuses('a1 6178 a2 6161 01 6161 01', 'cbor-duplicate')
})

test('depth and size have limits', () => {
  const isLimit = (error: unknown): boolean => error instanceof GateError && error.code === 'cbor-limit'
  const limits = { maxBytes: 100, maxDepth: 10 }
  assert.ok(readCbor(hex(`${'81'.repeat(10)}00`), limits))
  assert.throws(() => readCbor(hex(`${'81'.repeat(11)}00`), limits), isLimit)
  assert.throws(() => readCbor(Buffer.alloc(101), limits), isLimit)
  refuses('9f'.repeat(1_000_000), 'cbor-limit')
  refuses('c1'.repeat(1_000_000), 'cbor-limit')
})
