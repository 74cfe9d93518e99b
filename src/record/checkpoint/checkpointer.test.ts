import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowed } from '../journal.fixture.ts'
import { openJournal } from '../journal.ts'
import { layout } from '../segment.ts'
import { checkpointedDisk, eventually, fill, testSigner } from './checkpoint.fixture.ts'
import { checkpointHash, NO_PREVIOUS, type SignedCheckpoint } from './checkpoint.ts'
import { checkpointPath } from './lane-file.ts'
import { leafHash, MerkleTree } from './merkle.ts'
import { readRange } from './range.ts'
import { type CheckpointSigner, isSignedBy } from './signer.ts'

type Disk = ReturnType<typeof checkpointedDisk>

/** Checks everything that a checkpoint says against the events as they are on disk; gives the ranges. */
async function ranges(disk: Disk): Promise<[number, number][]> {
  const checkpoints = await disk.checkpoints()
  let before: SignedCheckpoint | undefined
  for (const each of checkpoints) {
    const tree = new MerkleTree()
    let link = ''
    for await (const { tail, payload } of readRange(disk.source, 0, each.first, each.last)) {
      tree.add(leafHash(payload))
      link = tail.link.toString('hex')
    }
    assert.equal(each.root, tree.root().toString('hex'))
    assert.equal(each.link, link)
    assert.equal(each.number, (before?.number ?? 0) + 1)
    assert.equal(each.previous, before === undefined ? NO_PREVIOUS : checkpointHash(before))
    assert.ok(isSignedBy(each, [...disk.keys.values()][0] as never))
    before = each
  }
  return checkpoints.map(({ first, last }) => [first, last])
}

const has = (disk: Disk, count: number): Promise<void> =>
  eventually(async () => (await disk.checkpoints()).length === count)

test('the chain is cut at its size, after its time and at the end', async () => {
  const disk = checkpointedDisk({ segmentBytes: 700 })
  const journal = await disk.open()
  await fill(journal, 5)
  await has(disk, 1)
  await disk.pass(59_999)
  assert.deepEqual(await ranges(disk), [[1, 4]])
  await disk.pass(1)
  await has(disk, 2)
  await fill(journal, 3)
  await journal.close()
  assert.deepEqual(await ranges(disk), [
    [1, 4],
    [5, 5],
    [6, 8],
  ])
})

test('a large batch is cut at the size as well', async () => {
  const disk = checkpointedDisk()
  const journal = await disk.open()
  await Promise.all(Array.from({ length: 11 }, (_, i) => journal.append(allowed(`e${i}`))))
  await journal.close()
  assert.deepEqual(await ranges(disk), [
    [1, 4],
    [5, 8],
    [9, 11],
  ])
})

test('a journal in which nothing happens gets no checkpoints', async () => {
  const disk = checkpointedDisk()
  const journal = await disk.open()
  await disk.pass(600_000)
  await journal.close()
  await (await disk.open()).close()
  assert.deepEqual(await ranges(disk), [])
})

test('what a killed process left is covered when the next one opens the lane', async () => {
  const disk = checkpointedDisk({ segmentBytes: 700 })
  await fill(await disk.open(), 15)
  await has(disk, 3)
  disk.files.crash()
  const journal = await disk.open()
  await has(disk, 4)
  await journal.close()
  // Event 16 says that a process was killed.
  assert.deepEqual((await ranges(disk)).slice(3), [
    [13, 15],
    [16, 16],
  ])
})

test('a journal that had no checkpoints gets them from its beginning', async () => {
  const disk = checkpointedDisk()
  const { files, clock, source } = disk
  const ports = { files, clock, random: { bytes: (n: number) => Buffer.alloc(n, 1) }, after: () => () => {} }
  const plain = await openJournal({ folder: source.folder, lane: 0 }, ports)
  await fill(plain, 9)
  await plain.close()
  const journal = await disk.open()
  await journal.append(allowed('new'))
  await journal.close()
  assert.deepEqual(await ranges(disk), [
    [1, 4],
    [5, 8],
    [9, 9],
    [10, 10],
  ])
})

/** A signer that does as it is told. */
function moody(): CheckpointSigner & { mood: 'well' | 'failing' | 'silent' | 'wrong'; asked: number } {
  const good = testSigner()
  return {
    mood: 'well',
    asked: 0,
    keyId: good.keyId,
    publicKey: good.publicKey,
    sign(bytes) {
      this.asked++
      if (this.mood === 'failing') return Promise.reject(Object.assign(new Error(), { code: 'ECONNREFUSED' }))
      if (this.mood === 'silent') return new Promise(() => undefined)
      return this.mood === 'wrong' ? testSigner('another').sign(bytes) : good.sign(bytes)
    },
  }
}

test('while the signer is away the journal goes on; the checkpoints come when it is back', async () => {
  const disk = checkpointedDisk()
  const signer = moody()
  signer.mood = 'failing'
  const journal = await disk.open({ signer })
  await fill(journal, 6)
  await eventually(async () => disk.reports.length > 0)
  assert.match(disk.reports.join(), /ECONNREFUSED/)
  assert.equal(journal.trouble, undefined)
  await disk.pass(60_000)
  signer.mood = 'wrong'
  await disk.pass(60_000)
  await eventually(async () => disk.reports.length > 1)
  assert.match(String(disk.reports.at(-1)), /not that of its key/)
  signer.mood = 'silent'
  const asked = signer.asked
  await disk.pass(60_000)
  await eventually(async () => signer.asked > asked)
  await disk.pass(10_000)
  await eventually(async () => disk.reports.length > 2)
  assert.match(String(disk.reports.at(-1)), /no answer in 10000 ms/)
  assert.deepEqual(await ranges(disk), [])
  signer.mood = 'well'
  await disk.pass(60_000)
  await has(disk, 2)
  assert.equal(disk.reports.at(-1), undefined)
  await journal.close()
  assert.deepEqual(await ranges(disk), [
    [1, 4],
    [5, 6],
  ])
})

test('a signer that fails is asked ever more rarely, up to once a minute', async () => {
  const disk = checkpointedDisk()
  const signer = moody()
  signer.mood = 'failing'
  const journal = await disk.open({ signer })
  await fill(journal, 4)
  await eventually(async () => signer.asked === 1)
  const waits: number[] = []
  for (let tries = 2; tries < 14; tries++) {
    await eventually(async () => disk.due() !== undefined)
    waits.push(disk.due() ?? 0)
    await disk.pass(disk.due() ?? 0)
    await eventually(async () => signer.asked === tries)
  }
  assert.deepEqual(waits.slice(0, 4), [100, 200, 400, 800])
  assert.equal(waits.at(-1), 60_000)
  await journal.close()
})

test('a journal closes without its signer; the next process makes what is missing', async () => {
  const disk = checkpointedDisk()
  const signer = moody()
  signer.mood = 'failing'
  const journal = await disk.open({ signer })
  await fill(journal, 6)
  await journal.close()
  assert.deepEqual(await ranges(disk), [])
  const next = await disk.open()
  await has(disk, 2)
  await next.close()
  assert.deepEqual(await ranges(disk), [
    [1, 4],
    [5, 6],
  ])
})

test('with `os`, nothing is signed that is not on disk, and what waits for it is brought there', async () => {
  const disk = checkpointedDisk({ durability: 'os' })
  const journal = await disk.open()
  await fill(journal, 3)
  const segment = layout.segment('journal', 0, 1)
  const synced = (): number => disk.files.calls.filter(call => call === `sync ${segment}`).length
  const before = synced()
  await disk.pass(60_000)
  await has(disk, 1)
  assert.equal(synced(), before + 1)
  disk.files.powerCut()
  assert.deepEqual(await ranges(disk), [[1, 3]])
})

test('a chain that ends before its last checkpoint keeps the journal from opening', async () => {
  const disk = checkpointedDisk({ segmentBytes: 300 })
  const journal = await disk.open()
  await fill(journal, 8)
  await journal.close()
  const shorter = checkpointedDisk({ segmentBytes: 300 })
  await fill(await shorter.open(), 6)
  await has(shorter, 1)
  const later = disk.files.bytes(checkpointPath('journal', 0))
  shorter.files.crash()
  shorter.files.put(checkpointPath('journal', 0), later)
  await assert.rejects(shorter.open(), {
    code: 'journal-corrupt',
    message: /event 7, byte \d+: the chain ends here, but checkpoint 2 knows event 8/,
  })
})

test('a checkpoint that the head file knows and that is gone keeps the journal from opening', async () => {
  const disk = checkpointedDisk()
  const journal = await disk.open()
  await fill(journal, 8)
  await journal.close()
  const path = checkpointPath('journal', 0)
  const lines = disk.files.bytes(path)
  disk.files.put(path, lines.subarray(0, lines.indexOf('\n') + 1))
  await assert.rejects(disk.open(), { code: 'journal-corrupt', message: /checkpoint 2 is missing/ })
})

test('a lane that was moved away without its checkpoints is not begun anew under them', async () => {
  const disk = checkpointedDisk()
  const journal = await disk.open()
  await fill(journal, 4)
  await journal.close()
  const path = checkpointPath('journal', 0)
  for (const name of [...disk.files.contents.keys()]) if (name !== path) disk.files.contents.delete(name)
  const bytes = disk.files.bytes(path)
  // Another journal id, as another run would have.
  disk.files.put(path, Buffer.from(bytes.toString().replace(/"journal":"../, '"journal":"00')))
  await assert.rejects(disk.open(), {
    code: 'journal-corrupt',
    message: /checkpoints are of another journal/,
  })
  disk.files.contents.delete(path)
  await (await disk.open()).close()
})
