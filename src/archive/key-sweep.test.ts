import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowed } from '../record/journal.fixture.ts'
import { FOLDER, sealedDisk } from '../record/seal/sealed-disk.fixture.ts'
import { createKeySweep } from './key-sweep.ts'

test('keys go with the segments that they open, and those of what is left stay', async () => {
  const disk = sealedDisk({ keysPerFile: 1, segmentBytes: 600 })
  const journal = await disk.open()
  for (let number = 0; number < 12; number++) {
    await journal.append({ ...allowed(`${number}`), sessionId: `s${number}` })
  }
  await journal.close()
  const sweep = createKeySweep(disk.source)
  const keyFiles = async (): Promise<number> => {
    const names = await disk.files.list(`${FOLDER}/keys/00`)
    return names.filter(name => name.endsWith('.keys')).length
  }
  const before = await keyFiles()
  await sweep.round(new AbortController().signal)
  assert.equal(await keyFiles(), before, 'all of them are named')
  for (const segment of [1, 2, 3]) await disk.files.remove(`${FOLDER}/00/000000000${segment}.seg`)
  await sweep.round(new AbortController().signal)
  const after = await keyFiles()
  assert.ok(after > 0 && after < before, `${after} of ${before}`)
})
