import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { CheckpointLine } from '../checkpoint-lines.ts'
import { fileTarget } from './file-target.ts'

const SIGNAL = new AbortController().signal
/** Of a line, the target looks at the text alone. */
const line = (text: string): CheckpointLine => ({ text }) as CheckpointLine

test('a pipe and a folder are refused and hold nobody up; a file that stands there is added to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'anchor-'))
  try {
    const path = join(folder, 'lines')
    execFileSync('mkfifo', [path])
    for (const place of [path, folder]) {
      await assert.rejects(fileTarget(place).tell([line('{"a":1}')], SIGNAL), { code: 'anchor-unavailable' })
    }
    rmSync(path)
    writeFileSync(path, '{"a":0}\n{"a":')
    await fileTarget(path).tell([line('{"a":1}'), line('{"a":2}')], SIGNAL)
    assert.equal(readFileSync(path, 'utf8'), '{"a":0}\n{"a":1}\n{"a":2}\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
