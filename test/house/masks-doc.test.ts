import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { maskedByDefaultPage } from '../../tools/masks-doc.ts'

test('the page of what is masked by default is that of this catalog and table', () => {
  const page = readFileSync(new URL('../../docs/masks-built-in.md', import.meta.url), 'utf8')
  assert.equal(page, maskedByDefaultPage(), 'run `node tools/masks-doc.ts`')
})
