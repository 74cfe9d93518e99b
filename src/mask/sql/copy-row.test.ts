import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type CopyForm, maskCopyRow, writeField } from './copy-row.ts'

const TEXT: CopyForm = {
  format: 'text',
  delimiter: '\t',
  null: '\\N',
  quote: '"',
  escape: '"',
  header: false,
}
const CSV: CopyForm = { ...TEXT, format: 'csv', delimiter: ',', null: '' }
const CANARY = 'canary'

const FULL = (): string => '~mask~'

describe('rows of COPY', () => {
  it('are masked where a field is, and pass as they are elsewhere', () => {
    const masksOf = (): readonly ((() => string) | undefined)[] => [undefined, FULL]
    assert.deepEqual(maskCopyRow('a\\\\\tsecret\n', TEXT, masksOf), { line: 'a\\\\\t~mask~\n', count: 1 })
    assert.deepEqual(maskCopyRow('a\t\\N\n', TEXT, masksOf), { line: 'a\t\\N\n', count: 0 })
    assert.deepEqual(maskCopyRow('"a ""b"",",x\n', CSV, masksOf), { line: '"a ""b"",","~mask~"\n', count: 1 })
    assert.deepEqual(maskCopyRow('"a\nb",\n', CSV, masksOf), { line: '"a\nb",\n', count: 0 })
    assert.deepEqual(maskCopyRow('a,""\n', CSV, masksOf), { line: 'a,"~mask~"\n', count: 1 })
  })

  it('do not tell which value is the one that somebody chose to stand for NULL', () => {
    const form = { ...TEXT, null: 'secret' }
    for (const value of ['secret', 'other']) {
      assert.equal(maskCopyRow(`${value}\n`, form, () => [FULL])?.line, '~mask~\n')
    }
  })

  it('are nothing where they are no rows', () => {
    for (const line of ['a\tb', 'a\\', '"a\n', '"a"b,c\n', 'a"b\n', 'a\nb\n']) {
      assert.equal(
        maskCopyRow(line, CSV, () => [FULL]),
        undefined,
        line,
      )
    }
    for (const line of ['a\\\n', 'a\nb\n'])
      assert.equal(
        maskCopyRow(line, TEXT, () => [FULL]),
        undefined,
        line,
      )
  })

  it('never show a masked value, and every other as it was', () => {
    const character = fc.constantFrom('a', ',', '\t', '"', '\\', '\n', '\r', "'", '|', 'N', 'ä', '~', '')
    const value = fc.option(fc.string({ unit: character, maxLength: 12 }))
    const form = fc
      .record({
        format: fc.constantFrom<'text' | 'csv'>('text', 'csv'),
        delimiter: fc.constantFrom('\t', ',', '|', '~'),
        quote: fc.constantFrom('"', "'"),
        escape: fc.constantFrom('"', "'", '\\'),
      })
      .map(
        ({ format, ...rest }): CopyForm => ({
          format,
          header: false,
          null: format === 'csv' ? '' : '\\N',
          ...rest,
        }),
      )
    const rows = fc.array(fc.record({ value, isMasked: fc.boolean() }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(form, rows, (how, row) => {
        const written = (text: string | null): string => (text === null ? how.null : writeField(text, how))
        const fields = row.map(({ value: text, isMasked }) =>
          isMasked && text !== null ? `${text}${CANARY}${text}` : text,
        )
        const line = `${fields.map(written).join(how.delimiter)}\n`
        const masked = maskCopyRow(line, how, count => {
          assert.equal(count, row.length)
          return row.map(({ isMasked }) => (isMasked ? FULL : undefined))
        })
        const expected = row.map(({ value: text, isMasked }) =>
          written(isMasked && text !== null ? '~mask~' : text),
        )
        assert.equal(masked?.line, `${expected.join(how.delimiter)}\n`)
        assert.ok(!masked.line.includes(CANARY))
      }),
    )
  })
})
