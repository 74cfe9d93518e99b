import assert from 'node:assert/strict'
import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { nodeFiles } from '../node-files.ts'
import { watchJournal } from './watch.ts'

test('what is written wakes the reader, long before it would look by itself', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-watch-'))
  const end = new AbortController()
  await mkdir(join(folder, '00'))
  const changes = watchJournal({ folder, files: nodeFiles, signal: end.signal, pollMs: 3_600_000, gapMs: 1 })
  try {
    const woken = changes.next()
    const writing = setInterval(() => void appendFile(join(folder, '00', '0000000001.seg'), 'x'), 20)
    assert.equal(await woken, true)
    clearInterval(writing)
    const ended = changes.next()
    end.abort()
    assert.equal(await ended, false)
    assert.equal(await changes.next(), false)
  } finally {
    changes.close()
    await rm(folder, { recursive: true })
  }
})

test('a folder that cannot be watched is polled', async () => {
  const end = new AbortController()
  const files = { list: async () => [] }
  const changes = watchJournal({ folder: '/nowhere/at/all', files, signal: end.signal, pollMs: 2, gapMs: 1 })
  assert.equal(await changes.next(), true)
  end.abort()
  changes.close()
})
