import assert from 'node:assert/strict'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { BlobStore } from '../blobs/store.ts'
import { replaceFile } from '../files.ts'
import { STARTED_MS, steadyRandom } from '../journal.fixture.ts'
import { nodeFiles } from '../node-files.ts'
import { HOUR_MS, record, retainedDisk } from './retention.fixture.ts'
import { createRetention } from './retention.ts'

const ID = '01K0000000000000000000000A'
/** Files of the gate's that whoever can write into the journal's folder alone could not remove. */
const OTHERS = ['journal.json', 'master.json']

test('links that somebody put in the place of folders have nothing removed but bodies', async t => {
  const data = mkdtempSync(join(tmpdir(), 'sallyport-links-'))
  t.after(() => rmSync(data, { recursive: true }))
  const disk = await retainedDisk()
  await record(disk.journals[0], 12)
  await disk.catchUp()
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  await disk.settleDown(disk.retention())
  for (const journal of disk.journals) await journal.close()
  for (const [path, { bytes }] of disk.files.contents) {
    mkdirSync(dirname(join(data, path)), { recursive: true })
    writeFileSync(join(data, path), bytes)
  }
  const keys = join(data, 'keys')
  mkdirSync(keys)
  // Bodies there are removed, which shows that it was looked for them.
  for (const name of [...OTHERS, `${ID}.reply.zst`, `${ID}.request`])
    writeFileSync(join(keys, name), 'secret')
  mkdirSync(join(data, 'journal/blobs/00'), { recursive: true })
  symlinkSync(keys, join(data, 'journal/blobs/00/0000000001'))
  symlinkSync(keys, join(data, 'journal/blobs/00/parts'))
  const empty = join(data, 'empty')
  mkdirSync(empty)
  symlinkSync(empty, join(data, 'journal/blobs/00/0000000002'))
  const folder = join(data, 'journal')
  const retention = createRetention({
    files: nodeFiles,
    folder,
    rules: { ageMs: HOUR_MS },
    keys: disk.keys,
    writes: () => true,
    clock: { now: () => disk.nowMs },
    random: steadyRandom('links'),
    append: () => Promise.reject(new Error('nothing is left to be said')),
  })
  await retention.round(new AbortController().signal)
  await BlobStore.open({ files: nodeFiles, folder, lane: 0, segment: () => 1, durability: 'os' })
  assert.deepEqual(readdirSync(keys).sort(), OTHERS)
})

test('a link in the place of a file leads no write elsewhere', async t => {
  const data = mkdtempSync(join(tmpdir(), 'sallyport-links-'))
  t.after(() => rmSync(data, { recursive: true }))
  const [key, head, holds] = ['journal.json', 'head.json', 'holds.jsonl'].map(name => join(data, name))
  assert.ok(key !== undefined && head !== undefined && holds !== undefined)
  writeFileSync(key, 'secret')
  symlinkSync(key, `${head}.new`)
  await (await replaceFile(nodeFiles, data, head, Buffer.from('{}'))).close()
  assert.deepEqual([readFileSync(head, 'utf8'), readFileSync(key, 'utf8')], ['{}', 'secret'])
  assert.equal(lstatSync(head).isSymbolicLink(), false)
  symlinkSync(key, holds)
  await assert.rejects(nodeFiles.open(holds, 'write'), { code: 'journal-corrupt' })
  assert.equal(readFileSync(key, 'utf8'), 'secret')
})
