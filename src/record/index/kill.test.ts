import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ManualClock, systemRandom } from '../../core/clock.ts'
import { allowed, STARTED_MS } from '../journal.fixture.ts'
import { openJournal } from '../journal.ts'
import { nodeFiles } from '../node-files.ts'
import { parseQuery } from '../search/parse.ts'
import { searchJournal } from '../search/search.ts'
import { openIndex } from './index.ts'

const EVENTS = 600

/** Runs the process and kills it (SIGKILL) when it has said so much; gives whether it ended by itself. */
async function killedAfter(blocks: number, journal: string, folder: string): Promise<boolean> {
  const path = join(import.meta.dirname, 'kill.fixture.ts')
  const child = spawn(process.execPath, [path, journal, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = 0
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.length
    if (said >= blocks) child.kill('SIGKILL')
  })
  return new Promise(resolve => child.on('close', (_code, signal) => resolve(signal === null)))
}

test('kill -9 while indexing: the next process goes on where it was', async () => {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-kill-'))
  try {
    const [journalFolder, folder] = [join(root, 'journal'), join(root, 'index')]
    const ports = {
      files: nodeFiles,
      clock: new ManualClock(STARTED_MS),
      random: systemRandom,
      after: () => () => undefined,
    }
    const journal = await openJournal({ folder: journalFolder, lane: 0, segmentBytes: 20_000 }, ports)
    for (let at = 0; at < EVENTS; at++) {
      await journal.append({
        ...allowed(`e${at}`, STARTED_MS + at),
        effect: 'deny',
        userAgent: `agent-${at % 7}`,
      })
    }
    await journal.close()
    const source = { files: nodeFiles, folder: journalFolder }
    for (const blocks of [1, 3, 2, 5, 1]) await killedAfter(blocks, journalFolder, folder)
    assert.ok(await killedAfter(EVENTS, journalFolder, folder), 'left alone, it ends')
    const index = openIndex({ source, folder, random: systemRandom })
    for (const text of ['', 'agent-3', 'event:e77', '-agent-3 until:2026-01-02T03:04:05.300Z']) {
      const query = parseQuery(text, 0)
      const scanned = []
      for await (const entry of searchJournal(source, query, { limit: EVENTS })) scanned.push(entry)
      assert.ok(scanned.length > 0)
      assert.deepEqual(await index.search(query, { limit: EVENTS }), scanned)
    }
    for (const name of readdirSync(join(folder, '00'))) {
      assert.equal(statSync(join(folder, '00', name)).mode & 0o777, 0o600)
    }
    assert.equal(statSync(join(folder, '00')).mode & 0o777, 0o700)
  } finally {
    rmSync(root, { recursive: true })
  }
})
