import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import type { CopyForm } from '../../model.ts'
import { openParser } from '../parse/parser.ts'
import { copyFormOf } from './copy-form.ts'
import { bodyOf } from './tree.ts'

const parser = openParser({
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
})
after(() => parser.close())

async function formOf(sql: string): Promise<CopyForm | undefined> {
  const parsed = await parser.parse(sql)
  assert.equal(parsed.kind, 'statements', sql)
  const [statement] = parsed.kind === 'statements' ? parsed.statements : []
  return copyFormOf(bodyOf(statement?.tree, 'CopyStmt'))
}

const TEXT: CopyForm = {
  format: 'text',
  delimiter: '\t',
  null: '\\N',
  quote: '"',
  escape: '"',
  header: false,
}
const CSV: CopyForm = { ...TEXT, format: 'csv', delimiter: ',', null: '' }

it('the form of COPY is known by its options, in the old words and the new', async () => {
  assert.deepEqual(await formOf('copy t to stdout'), TEXT)
  assert.deepEqual(await formOf('copy (select 1) to stdout csv header'), { ...CSV, header: true })
  assert.deepEqual(await formOf('copy t to stdout (format csv, header false, force_quote *)'), CSV)
  assert.deepEqual(await formOf("copy t to stdout (format csv, quote '''', delimiter ';', null 'x')"), {
    ...CSV,
    quote: "'",
    escape: "'",
    delimiter: ';',
    null: 'x',
  })
  assert.deepEqual(await formOf("copy t to stdout (delimiter '|', header)"), {
    ...TEXT,
    delimiter: '|',
    header: true,
  })
})

it('what is written elsewhere, or in another form, has none', async () => {
  for (const sql of [
    "copy t to '/tmp/t'",
    "copy t to program 'cat'",
    'copy t from stdin',
    'copy t to stdout (format binary)',
    'copy t to stdout binary',
    "copy t to stdout (encoding 'latin1')",
    "copy t to stdout (delimiter 'ä')",
    'copy t to stdout (something)',
  ]) {
    assert.equal(await formOf(sql), undefined, sql)
  }
})
