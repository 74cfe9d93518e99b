import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock, systemRandom } from '../../src/core/clock.ts'
import { openJournal } from '../../src/record/journal.ts'
import { nodeFiles } from '../../src/record/node-files.ts'
import { readJournal } from '../../src/record/read.ts'
import { verifyJournal } from '../../src/record/verify.ts'

const ROUNDS = 8
const CHILD = new URL('./journal-crash.child.ts', import.meta.url).pathname

/** Lets a writer run until it has acknowledged about so many events, then kills it where it stands. */
async function killedAfter(folder: string, count: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  let lines = 0
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk: string) => {
    text += chunk
    lines += chunk.split('\n').length - 1
    if (lines >= count) child.kill('SIGKILL')
  })
  await once(child, 'close')
  assert.equal(child.signalCode, 'SIGKILL', 'the writer ended by itself')
  return text.split('\n').slice(0, -1)
}

test('killed at any moment, a writer leaves every event that it acknowledged', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-crash-'))
  try {
    const acknowledged: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      acknowledged.push(...(await killedAfter(folder, 1 + Math.floor(Math.random() * 300))))
    }
    const ports = { files: nodeFiles, clock: systemClock, random: systemRandom, after: () => () => undefined }
    const journal = await openJournal({ folder, lane: 0 }, ports)
    await journal.close()
    const decisions = new Set<string>()
    const open = new Set<string>()
    let recoveries = 0
    for await (const { event } of readJournal({ files: nodeFiles, folder })) {
      if (event.type === 'decision') {
        decisions.add(event.id)
        open.add(event.id)
      } else if (event.type === 'outcome') {
        open.delete(event.decisionId)
      } else if (event.type === 'recovery') {
        recoveries++
        assert.deepEqual(new Set(event.inFlight), open, 'recovery names exactly what was in flight')
        open.clear()
      }
    }
    assert.equal(recoveries, ROUNDS)
    assert.ok(acknowledged.length >= ROUNDS)
    for (const id of acknowledged) assert.ok(decisions.has(id), `${id} was acknowledged and is not there`)
    const report = await verifyJournal({ files: nodeFiles, folder })
    assert.equal(report.whole, true, JSON.stringify(report))
  } finally {
    await rm(folder, { recursive: true })
  }
})
