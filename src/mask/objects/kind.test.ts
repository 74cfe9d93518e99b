import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../../test/harness/any-character.ts'
import { cutCharacterBytes, lookAt } from './kind.ts'
import { TextGuard } from './text-guard.ts'

const text = (value: string): Buffer => Buffer.from(value, 'utf8')

test('text is told by its bytes', () => {
  for (const sample of [
    '',
    'a',
    'name,email\r\nalice,a@example.com\r\n',
    '\ufeff{"a":1}',
    'grün 😀',
    '<x/>',
    'ORCHARD,1\n',
    'BZh',
    'PAR1 is a name',
    'GIF89 what',
  ]) {
    assert.equal(lookAt(text(sample), true).kind, 'text', sample)
  }
})

test('what is no text is named', () => {
  const cases: [Buffer, string][] = [
    [gzipSync('x'), 'gzip'],
    [text('%PDF-1.7\nall ASCII'), 'PDF'],
    [Buffer.from([0x50, 0x4b, 3, 4, 20, 0]), 'zip'],
    [text('PAR1\x15\x00'), 'Parquet'],
    [Buffer.from('\ufeffalice@example.com', 'utf16le'), 'UTF-16 text'],
    [Buffer.from('alice@example.com', 'utf16le'), 'data with NUL bytes'],
    [Buffer.from('gr\xfcn', 'latin1'), 'data that is no UTF-8'],
    [Buffer.from([0xed, 0xa0, 0x80]), 'data that is no UTF-8'],
    [Buffer.from([0xc0, 0x80]), 'data that is no UTF-8'],
  ]
  for (const [bytes, name] of cases) assert.deepEqual(lookAt(bytes, true), { kind: 'other', name })
})

test('a head that ends within a character is text; a whole object that does is not', () => {
  const cut = text('grün').subarray(0, 3)
  assert.equal(lookAt(cut, false).kind, 'text')
  assert.equal(lookAt(cut, true).kind, 'other')
})

test('the beginning of a character at the end is found for every character', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: ANY_CHARACTER }),
      fc.string({ unit: ANY_CHARACTER, minLength: 1, maxLength: 1 }),
      (before, last) => {
        const character = text(last)
        for (let kept = 1; kept < character.length; kept++) {
          const bytes = Buffer.concat([text(before), character.subarray(0, kept)])
          assert.equal(cutCharacterBytes(bytes), kept)
        }
        assert.equal(cutCharacterBytes(text(before + last)), 0)
      },
    ),
  )
})

/** Whether a guard takes the bytes in pieces of these sizes. */
function takes(bytes: Buffer, sizes: readonly number[]): boolean {
  const guard = new TextGuard()
  try {
    let at = 0
    for (let i = 0; at < bytes.length; i++) {
      const size = sizes[i % sizes.length] ?? 1
      guard.check(bytes.subarray(at, at + size))
      at += size
    }
    guard.end()
    return true
  } catch {
    return false
  }
}

test('the guard takes what is UTF-8 without NUL as a whole, however it is cut', () => {
  const nearText = fc
    .array(
      fc.oneof(
        fc.string({ unit: ANY_CHARACTER }).map(text),
        fc.constantFrom(
          text('grün 😀'),
          Buffer.from([0xf0, 0x9f]),
          Buffer.from([0x80]),
          Buffer.from([0xed, 0xa0, 0x80]),
        ),
        fc.uint8Array({ maxLength: 4 }).map(array => Buffer.from(array)),
      ),
      { maxLength: 6 },
    )
    .map(parts => Buffer.concat(parts))
  fc.assert(
    fc.property(nearText, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (bytes, sizes) => {
      assert.equal(takes(bytes, sizes), isUtf8(bytes) && !bytes.includes(0))
    }),
    { numRuns: 1000 },
  )
})

test('a UTF-16 tail is found in the chunk in which it begins', () => {
  const guard = new TextGuard()
  guard.check(text('harmless'))
  assert.throws(() => guard.check(Buffer.from('secret', 'utf16le')), {
    code: 'object-unmaskable',
    message: 'the object began as text and has a NUL byte after byte 8: the rest was withheld',
  })
})
