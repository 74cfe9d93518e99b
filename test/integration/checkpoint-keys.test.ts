import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock, systemRandom } from '../../src/core/clock.ts'
import { secretFiles } from '../../src/identity/secret-files.ts'
import { openFileSigner } from '../../src/record/checkpoint/keys-signer.ts'
import { allowed } from '../../src/record/journal.fixture.ts'
import { openJournal } from '../../src/record/journal.ts'
import { nodeFiles } from '../../src/record/node-files.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const VERIFIER = join(ROOT, 'vectors/recording/checkpoints/verify.py')

function sallyport(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(ROOT, 'src/main.ts'), ...args], { encoding: 'utf8' })
}

/** A gate's lane: some events, each checkpoint of two. `then` runs while it is open. */
async function lane(data: string, name: string, then?: () => void): Promise<void> {
  const journal = await openJournal(
    { folder: join(data, 'journal'), lane: 0 },
    {
      files: nodeFiles,
      clock: systemClock,
      random: systemRandom,
      after(delayMs, run) {
        const timer = setTimeout(run, delayMs)
        return () => clearTimeout(timer)
      },
      checkpoints: {
        events: 2,
        signer: openFileSigner({
          path: join(data, 'keys', 'journal.json'),
          files: secretFiles,
          clock: systemClock,
          random: systemRandom,
        }),
      },
    },
  )
  for (let at = 0; at < 4; at++) await journal.append(allowed(`${name}${at}`))
  then?.()
  for (let at = 4; at < 8; at++) await journal.append(allowed(`${name}${at}`))
  await journal.close()
}

test('a key is rotated while a gate runs; the second verifier follows to the new one, and finds what is forged', async () => {
  const data = mkdtempSync(join(tmpdir(), 'keys-'))
  try {
    await lane(data, 'a')
    const old = join(data, 'old.pem')
    writeFileSync(old, sallyport('sessions', 'key', '--data', data).stdout)
    await lane(data, 'b', () => {
      const { status, stderr } = sallyport('sessions', 'rotate-key', '--data', data)
      assert.deepEqual([status, stderr], [0, ''])
    })
    const signers = new Set(
      readFileSync(join(data, 'journal/checkpoints/00.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map(line => (JSON.parse(line) as { key: string }).key),
    )
    assert.equal(signers.size, 2)
    const verified = sallyport('sessions', 'verify', '--data', data, '--key', old)
    assert.deepEqual([verified.status, verified.stderr], [0, ''])
    const journal = join(data, 'journal')
    assert.match(execFileSync('python3', [VERIFIER, old, journal], { encoding: 'utf8' }), /up to event 16\n$/)
    const path = join(journal, 'checkpoints/successions.jsonl')
    const line = readFileSync(path, 'utf8')
    for (const [what, text] of [
      ['gone', ''],
      ['of another time', line.replace(/"timeMs":1/, '"timeMs":2')],
      ['of another number', line.replace('"number":1', '"number":2')],
      ['of itself', line.replace(/"to":"[0-9a-f]+"/, `"to":"${JSON.parse(line).from}"`)],
    ] as const) {
      writeFileSync(path, text)
      assert.equal(sallyport('sessions', 'verify', '--data', data, '--key', old).status, 1, what)
      // Without the module `cryptography`, the second verifier checks no signatures.
      const { status, stdout } = spawnSync('python3', [VERIFIER, old, journal], { encoding: 'utf8' })
      if (what !== 'of another time') assert.equal(status, 1, `${what}: ${stdout}`)
    }
  } finally {
    rmSync(data, { recursive: true })
  }
})
