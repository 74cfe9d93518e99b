import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DecisionEvent } from '../event.ts'
import { allowed, ended, onDisk, STARTED_MS, steadyRandom } from '../journal.fixture.ts'
import { MemoryFiles } from '../memory-files.ts'
import type { JournalSource } from '../read.ts'
import { sealedDisk } from '../seal/sealed-disk.fixture.ts'
import { shred } from '../seal/shred.ts'
import { parseQuery } from '../search/parse.ts'
import { searchJournal } from '../search/search.ts'
import type { Findable } from '../search/values.ts'
import { type IndexOptions, type JournalIndex, openIndex } from './index.ts'

const LIMITS = { rows: 3, characters: 16_000_000, listed: 2, common: 2 }
const KEY = Buffer.alloc(32, 7)

function indexOf(source: JournalSource, options: Partial<IndexOptions> = {}): JournalIndex {
  const small = { limits: LIMITS, worthKeeping: 1 }
  return openIndex({ source, folder: 'index', random: steadyRandom('index'), ...small, ...options })
}

function call(at: number, denied: boolean): DecisionEvent {
  const call: DecisionEvent['call'] = {
    service: 's3',
    operation: 'GetObject',
    region: 'eu-west-1',
    parameters: { Key: `object-${at}` },
    redacted: [],
    truncated: false,
    pairs: [],
  }
  return { ...allowed(`e${at}`, STARTED_MS + at), effect: denied ? 'deny' : 'allow', call }
}

/** A journal of some segments, with calls that end in a later one. */
async function recorded(
  events = 12,
): Promise<{ readonly files: MemoryFiles; readonly source: JournalSource }> {
  const files = new MemoryFiles()
  const journal = await onDisk({ segmentBytes: 1_500 }, undefined, files).open()
  const outcomes: Promise<void>[] = []
  for (let at = 0; at < events; at++) {
    await journal.append(call(at, at % 3 === 0))
    if (at > 4) outcomes.push(journal.append({ ...ended(`e${at - 4}`, STARTED_MS + at), error: 'SlowDown' }))
  }
  await journal.close()
  await Promise.all(outcomes)
  return { files, source: { files, folder: 'journal' } }
}

async function scanned(source: JournalSource, text: string): Promise<Findable[]> {
  const found: Findable[] = []
  for await (const entry of searchJournal(source, parseQuery(text, 0), { limit: 100 })) found.push(entry)
  return found
}

const QUERIES = ['', 'object-7', 'error:SlowDown', '-error:*', 'event:e5', 'effect:deny']

async function assertSame(index: JournalIndex, source: JournalSource, what: string): Promise<void> {
  for (const text of QUERIES) {
    const found = await index.search(parseQuery(text, 0), { limit: 100 })
    assert.deepEqual(found, await scanned(source, text), `${what}: ${text}`)
  }
}

function indexFiles(files: MemoryFiles): string[] {
  return [...files.contents.keys()].filter(name => /^index\/.*(idx|part)$/.test(name))
}

for (const end of ['crash', 'powerCut'] as const) {
  test(`a process that dies at any call while it indexes (${end}): nothing is lost or doubled`, async () => {
    const { files, source } = await recorded()
    for (let calls = 0; ; calls++) {
      assert.ok(calls < 500)
      const disk = files.copy()
      const at = { ...source, files: disk }
      let left = calls
      let torn = 0
      disk.fault = (_call, path, bytes) => {
        if (left-- > 0 || path.startsWith('journal')) return undefined
        // The last write gets a part of its way.
        if (torn++ === 0 && bytes > 1) return Math.floor(bytes / 2)
        throw new Error('the process is gone')
      }
      const froze = await indexOf(at)
        .update()
        .then(
          () => torn > 0,
          () => true,
        )
      disk[end]()
      await assertSame(indexOf(at), at, `after call ${calls}`)
      if (!froze) return
    }
  })
}

for (const key of [undefined, KEY]) {
  test(`a byte of the index changed, or its end cut off${key ? ', sealed' : ''}: what is found is the same`, async () => {
    const { files, source } = await recorded(16)
    await indexOf(source, key && { key }).update()
    const names = indexFiles(files)
    assert.ok(names.length > 2)
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (name, place, bits, cut) => {
          const disk = files.copy()
          const stored = disk.contents.get(name)
          assert.ok(stored)
          const at = place % stored.bytes.length
          if (cut) stored.bytes = stored.bytes.subarray(0, at)
          else stored.bytes[at] = (stored.bytes[at] ?? 0) ^ bits
          await assertSame(
            indexOf({ ...source, files: disk }, key && { key }),
            { ...source, files: disk },
            name,
          )
        },
      ),
      { numRuns: 15 },
    )
  })
}

test('an index of another segment, of another journal, or of another key is not believed', async () => {
  const { files, source } = await recorded()
  await indexOf(source, { key: KEY }).update()
  const [first = '', second = ''] = indexFiles(files)
  files.put(first, files.bytes(second))
  await assertSame(indexOf(source, { key: KEY }), source, 'another segment')
  await assertSame(indexOf(source, { key: Buffer.alloc(32, 8) }), source, 'another key')
  const other = await recorded(9)
  for (const name of indexFiles(files)) other.files.put(name, files.bytes(name))
  await assertSame(indexOf(other.source, { key: Buffer.alloc(32, 8) }), other.source, 'another journal')
  // Without a key, what is sealed is neither used nor thrown away.
  const before = indexFiles(files)
  assert.equal(await indexOf(source).search(parseQuery('', 0), { limit: 1 }), undefined)
  assert.deepEqual(indexFiles(files), before)
})

test('events that the gate took back are not found, and those in their place are', async () => {
  const { files, source } = await recorded(2)
  await indexOf(source).update()
  const path = 'journal/00/0000000001.seg'
  const whole = Buffer.from(files.bytes(path))
  const after = onDisk({ segmentBytes: 100_000 }, undefined, files)
  const journal = await after.open()
  await journal.append(call(50, true))
  await journal.close()
  await indexOf(source).update()
  for (const name of files.contents.keys()) if (name.startsWith('journal/heads')) files.contents.delete(name)
  files.put(path, whole)
  const again = await after.open()
  await again.append({ ...call(51, true), userAgent: 'longer than what stood here before' })
  await again.append(call(52, true))
  await again.close()
  await assertSame(indexOf(source), source, 'taken back')
})

const CANARY = 'correct-horse-battery-staple'

test('of a sealed journal nothing lies open in the index; what was shredded is gone from it', async () => {
  const disk = sealedDisk({ segmentBytes: 2_000, tenants: ['acme'] })
  const arn = 'arn:aws:iam::111122223333:role/acme'
  const principal = { arn, roleArn: arn, issuer: 'i', subject: 'agent', actingFor: [] }
  const journal = await disk.open()
  for (let at = 0; at < 12; at++) {
    const sessionId = at < 4 ? 's1' : 's2'
    await journal.append({ ...call(at, true), principal, sessionId, userAgent: `${CANARY} of ${sessionId}` })
  }
  await journal.close()
  const index = indexOf(disk.source, { key: KEY })
  await assertSame(index, disk.source, 'sealed')
  const found = async (): Promise<number | undefined> =>
    (await index.search(parseQuery(CANARY, 0), { limit: 100 }))?.length
  assert.equal(await found(), 12)
  for (const name of indexFiles(disk.files)) {
    for (const secret of [CANARY, 'object-', arn])
      assert.equal(disk.files.bytes(name).includes(secret), false)
  }
  const order = {
    what: 'session' as const,
    of: 's1',
    by: 'ann',
    reason: 'asked for',
    id: 'x',
    timeMs: STARTED_MS,
  }
  const { sessions } = await shred({ files: disk.files, folder: 'journal', isHeld: async () => false }, order)
  await index.forgetSessions(sessions)
  assert.ok(indexFiles(disk.files).length > 0, 'segments without the session keep their index')
  const source = { ...disk.source, keys: sealedDisk({ tenants: ['acme'] }, disk.files).source.keys }
  assert.ok(source.keys)
  const after = indexOf({ ...disk.source, keys: source.keys }, { key: KEY })
  assert.equal((await after.search(parseQuery(CANARY, 0), { limit: 100 }))?.length, 8)
})

test('what is forgotten is gone from the files of an open index, too', async () => {
  const { files, source } = await recorded()
  const index = indexOf(source)
  await index.update()
  const has = (text: string): boolean => indexFiles(files).some(name => files.bytes(name).includes(text))
  assert.ok(has('SlowDown'))
  await index.forgetBefore(0, 6)
  await index.clear()
  assert.deepEqual(indexFiles(files), [])
  const lock = await files.lock('index/lock')
  await assert.rejects(index.forgetSessions(['s1']), { code: 'index-busy' })
  lock?.release()
})

test('retention: with its segments, what the index has of them goes', async () => {
  const { files, source } = await recorded()
  await indexOf(source).update()
  const before = indexFiles(files).length
  await files.remove('journal/00/0000000001.seg')
  await assertSame(indexOf(source), source, 'without the first segment')
  assert.ok(indexFiles(files).length < before)
})

test('segments that retention removed from the middle are passed over; others that are missing are not', async () => {
  const { files, source } = await recorded(20)
  await indexOf(source).update()
  await files.remove('journal/00/0000000002.seg')
  await assert.rejects(indexOf(source).search(parseQuery('', 0), { limit: 1 }), { code: 'journal-corrupt' })
  const removal = { type: 'removal', id: 'r', timeMs: 0, lane: 0, segments: [2, 2], why: 'age' }
  const chain = {
    events: [4, 6],
    before: 'a'.repeat(64),
    after: 'b'.repeat(64),
    at: { lane: 0, segment: 9, event: 40 },
  }
  files.put('journal/removed/00.jsonl', Buffer.from(`${JSON.stringify({ ...removal, ...chain })}\n`))
  assert.ok((await indexOf(source).search(parseQuery('', 0), { limit: 100 }))?.length)
})
