import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { nodeFiles } from './node-files.ts'

test('a lock holds though nobody keeps what it was taken with, until it is released', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-lock-'))
  try {
    const path = join(folder, 'lock')
    assert.ok((await nodeFiles.lock(path)) !== undefined)
    for (let turn = 0; turn < 5; turn++) {
      await setImmediate()
      collect()
    }
    assert.equal(await nodeFiles.lock(path), undefined)
    const other = await nodeFiles.lock(join(folder, 'other'))
    other?.release()
    const again = await nodeFiles.lock(join(folder, 'other'))
    assert.ok(again !== undefined)
    again.release()
  } finally {
    await rm(folder, { recursive: true })
  }
})
