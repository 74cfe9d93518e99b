import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const MEBIBYTES = 100
/** Buffers and garbage that has not been collected; far less than the object. */
const MAX_GROWTH_MIB = 64

const runs = { plain: MEBIBYTES * 2 ** 20, gzip: MEBIBYTES * 2 ** 20, range: 5 } as const

for (const [how, length] of Object.entries(runs)) {
  test(`an object of ${MEBIBYTES} MiB is masked in constant memory: ${how}`, async () => {
    const file = join(import.meta.dirname, 'flat-memory.fixture.ts')
    // A heap that cannot hold the object, and that is not left to grow because there is room.
    const flags = ['--max-old-space-size=64', '--max-semi-space-size=4']
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, file, how, String(MEBIBYTES)])
    const { bytes, samples, grownMib } = JSON.parse(stdout) as Record<string, number>
    assert.equal(bytes, length)
    assert.ok((samples ?? 0) > 300, `${samples} samples`)
    assert.ok((grownMib ?? Infinity) < MAX_GROWTH_MIB, `the process grew by ${grownMib} MiB`)
  })
}
