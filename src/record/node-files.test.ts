import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
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

test('a file that is made is a new one, for its owner alone, whatever stood there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-create-'))
  try {
    const [path, elsewhere] = [join(folder, 'draft'), join(folder, 'elsewhere')]
    await writeFile(elsewhere, 'of somebody')
    await symlink(elsewhere, path)
    const first = await nodeFiles.create(path)
    await first.write(Buffer.from('secret'), 0)
    await first.close()
    assert.equal(await readFile(elsewhere, 'utf8'), 'of somebody')
    assert.equal(await readFile(path, 'utf8'), 'secret')
    // Somebody has made it before, to read what will be in it.
    await chmod(path, 0o666)
    await (await nodeFiles.create(path)).close()
    const { mode, size } = await stat(path)
    assert.deepEqual([mode & 0o777, size], [0o600, 0])
  } finally {
    await rm(folder, { recursive: true })
  }
})
