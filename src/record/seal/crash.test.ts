import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowed } from '../journal.fixture.ts'
import { verifyJournal } from '../verify.ts'
import { FOLDER, type SealedDisk, sealedDisk } from './sealed-disk.fixture.ts'

type End = 'crash' | 'power cut'

/** Records calls of several sessions until the disk fails for good; gives what was acknowledged. */
async function recordUntil(
  disk: SealedDisk,
  calls: number,
): Promise<{ acknowledged: string[]; failed: boolean }> {
  const acknowledged: string[] = []
  let left = calls
  disk.files.fault = (call, _path, bytes) => {
    left--
    if (left > 0) return undefined
    if (left === 0 && call === 'write') return Math.ceil(bytes / 3)
    throw Object.assign(new Error('the disk says no'), { code: 'EIO' })
  }
  try {
    const journal = await disk.open()
    for (let number = 0; number < 5; number++) {
      await journal.append({ ...allowed(`${number}`), sessionId: `s${number % 3}` })
      acknowledged.push(`${number}`)
    }
    await journal.close()
  } catch (error) {
    assert.match(String((error as { code?: string }).code), /^(journal-unavailable|EIO)$/)
  }
  return { acknowledged, failed: left <= 0 }
}

for (const end of ['crash', 'power cut'] as const satisfies readonly End[]) {
  test(`${end} at any call of the disk: what was acknowledged is there and opens`, async () => {
    for (let calls = 1; ; calls++) {
      const disk = sealedDisk({ keysPerFile: 2, segmentBytes: 900 })
      const { acknowledged, failed } = await recordUntil(disk, calls)
      if (end === 'crash') disk.files.crash()
      else disk.files.powerCut()
      const journal = await disk.open()
      await journal.append({ ...allowed('after'), sessionId: 's0' })
      await journal.close()
      const ids = (await disk.events()).map(({ id, sealed, shredded }) =>
        (sealed ?? shredded) ? 'withheld' : id,
      )
      for (const id of [...acknowledged, 'after']) assert.ok(ids.includes(id), `${id} after ${calls} calls`)
      assert.equal(ids.includes('withheld'), false)
      assert.equal((await verifyJournal({ files: disk.files, folder: FOLDER })).whole, true)
      if (!failed) return
    }
  })
}
