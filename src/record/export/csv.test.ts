import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../../test/harness/any-character.ts'
import { printable } from '../shell.ts'
import { CSV_HEADER, csvRow } from './csv.ts'
import { csvLine, defused } from './csv-line.ts'
import { fieldsOf } from './csv-reader.fixture.ts'
import { ALLOWED, STRANGER } from './samples.fixture.ts'

const hostile = fc.oneof(
  fc.string({ unit: ANY_CHARACTER }),
  fc.string({ unit: fc.constantFrom(...'=+-@,"\r\n\t \'|;＝') }),
)

test('what is written is read back, field for field', () => {
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1 }), texts => {
      assert.deepEqual(
        fieldsOf(csvLine(texts)),
        texts.map(text => defused(printable(text))),
      )
    }),
  )
})

test('no field begins with what a spreadsheet runs, and a leading quote can be taken off again', () => {
  fc.assert(
    fc.property(hostile, text => {
      const field = defused(text)
      assert.doesNotMatch(field, /^\s*[=+\-@|%＝＋－＠]/u)
      assert.equal(field.startsWith("'") ? field.slice(1) : field, text)
    }),
  )
})

test('a call as a row', () => {
  const columns = fieldsOf(CSV_HEADER)
  const row = Object.fromEntries(fieldsOf(csvRow(ALLOWED)).map((field, i) => [columns[i], field]))
  assert.equal(row['time'], '2026-01-02T03:04:06.678Z')
  assert.equal(row['parameters'], '{"InstanceIds":["i-1"],"UserData":"<redacted>"}')
  assert.equal(row['redacted'], 'UserData')
  assert.equal(row['truncated'], 'yes')
  assert.equal(row['masks'], 'Mask agent.json#Hide')
  assert.equal(row['masked_values'], '2')
  assert.equal(row['approved_by'], 'ci/bea')
})

test('a formula of a stranger is text', () => {
  assert.ok(fieldsOf(csvRow(STRANGER)).includes('\'=HYPERLINK("https://evil.example","\\x1b]0;click")'))
})
