import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type CheckpointedDisk,
  checkpointedDisk,
  fill,
  testSigner,
} from '../checkpoint/checkpoint.fixture.ts'
import { encodeCheckpoint, type SignedCheckpoint, signedBytes } from '../checkpoint/checkpoint.ts'
import { checkpointPath } from '../checkpoint/lane-file.ts'
import type { MemoryFiles } from '../memory-files.ts'
import { layout } from '../segment.ts'
import { verifyJournal } from '../verify.ts'
import { compareAnchored } from './compare.ts'

const COUNT = 12
const EVERY = 4

/** A closed journal of three checkpoints in each of two lanes, and what was anchored of it. */
async function anchored(): Promise<{ disk: CheckpointedDisk; lines: string[] }> {
  const disk = checkpointedDisk({ events: EVERY })
  const lines: string[] = []
  for (const lane of [0, 1]) {
    const each = lane === 0 ? disk : checkpointedDisk({ events: EVERY, lane }, disk.files)
    const journal = await each.open()
    await fill(journal, COUNT)
    await journal.close()
    lines.push(...(await each.checkpoints(lane)).map(encodeCheckpoint))
  }
  put(disk.files, lines)
  return { disk, lines }
}

function put(files: MemoryFiles, lines: readonly string[], path = 'anchor.jsonl'): void {
  files.put(path, Buffer.from(lines.map(line => `${line}\n`).join('')))
}

test('an untouched journal has all that was anchored; how far that reaches is said', async () => {
  const { disk } = await anchored()
  const report = await compareAnchored(disk.source, 'anchor.jsonl')
  assert.equal(report.whole, true)
  assert.equal(report.unreadable, 0)
  assert.deepEqual(
    report.lanes.map(({ journal, ...lane }) => lane),
    [0, 1].map(lane => ({ lane, checkpoints: 3, upTo: 3, lastEvent: COUNT, unanchored: 0 })),
  )
})

test('repeats, another order, lines that are none and a folder of objects say the same', async () => {
  const { disk, lines } = await anchored()
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...lines, '', '{"version":1', 'x'.repeat(5000))),
      fc.boolean(),
      async (more, isFolder) => {
        const files = disk.files.copy()
        const all = [...more, ...lines]
        if (isFolder) {
          for (const [i, line] of all.entries()) put(files, [line], `synced/anchors/a/0${i % 2}/${i}.json`)
        } else put(files, all)
        const path = isFolder ? 'synced' : 'anchor.jsonl'
        const report = await compareAnchored({ ...disk.source, files }, path)
        assert.equal(report.whole, true)
        assert.equal(report.unreadable, more.filter(line => line !== '' && !lines.includes(line)).length)
        assert.deepEqual(
          report.lanes.map(lane => lane.checkpoints),
          [3, 3],
        )
      },
    ),
    { numRuns: 50 },
  )
})

test('what the anchor does not have is counted', async () => {
  const { disk, lines } = await anchored()
  put(disk.files, [lines[2] ?? ''])
  const [lane] = (await compareAnchored(disk.source, 'anchor.jsonl')).lanes
  assert.equal(lane?.unanchored, 2)
  assert.equal(lane.upTo, 3)
})

test('a place without a single checkpoint is no anchor', async () => {
  const { disk } = await anchored()
  put(disk.files, ['{}'])
  for (const path of ['anchor.jsonl', 'missing', 'journal/heads']) {
    await assert.rejects(compareAnchored(disk.source, path), { code: 'anchor-unreadable' }, path)
  }
})

/** What `sessions verify --anchor` finds: in the journal itself, and against what was anchored. */
async function found(
  disk: CheckpointedDisk,
  files: MemoryFiles,
): Promise<{ journal: boolean; anchor: string[] }> {
  const source = { ...disk.source, files }
  const { faults } = await compareAnchored(source, 'anchor.jsonl')
  const anchor = faults.map(({ lane, checkpoint, line, reason }) => `${lane}/${checkpoint}@${line} ${reason}`)
  return { journal: (await verifyJournal(source, disk.keys)).whole, anchor }
}

/** A journal that whoever has the signing key, or the gate's own code, wrote in the place of the first lane. */
async function rewritten(disk: CheckpointedDisk, count: number, name: string): Promise<MemoryFiles> {
  const other = checkpointedDisk({ events: EVERY })
  const journal = await other.open()
  await fill(journal, count, name)
  await journal.close()
  const files = disk.files.copy()
  for (const path of [
    layout.segment('journal', 0, 1),
    layout.head('journal', 0),
    checkpointPath('journal', 0),
  ]) {
    files.put(path, other.files.bytes(path))
  }
  return files
}

test('found: the last checkpoints removed, with head and chain cut back to before them, wherever', async () => {
  const { disk } = await anchored()
  for (let kept = 0; kept < COUNT; kept++) {
    // The same events, so the same chain and the same checkpoints, but fewer of them.
    const files = await rewritten(disk, kept, 'e')
    const { journal, anchor } = await found(disk, files)
    assert.equal(journal, true, 'without the anchor nothing is found')
    const first = Math.floor(kept / EVERY) + 1
    assert.match(anchor[0] ?? '', new RegExp(`^0/${first}@${first} `))
    assert.equal(anchor.length, 3 - first + 1)
  }
})

test('found: everything rewritten by somebody who has the signing key', async () => {
  const { disk } = await anchored()
  const { journal, anchor } = await found(disk, await rewritten(disk, COUNT, 'forged'))
  assert.equal(journal, true, 'without the anchor nothing is found')
  assert.deepEqual(
    anchor,
    [1, 2, 3].map(n => `0/${n}@${n} another one is anchored`),
  )
})

test('found: one checkpoint signed anew over the same events, by its time alone', async () => {
  const { disk } = await anchored()
  const signer = testSigner()
  const all = await disk.checkpoints(0)
  const last = { ...(all[2] as SignedCheckpoint), timeMs: 1 }
  const signature = (await signer.sign(signedBytes(last))).toString('base64')
  const files = disk.files.copy()
  put(files, [...all.slice(0, 2), { ...last, signature }].map(encodeCheckpoint), checkpointPath('journal', 0))
  assert.deepEqual((await found(disk, files)).anchor, ['0/3@3 another one is anchored'])
})

test('found: a lane removed with its head and its checkpoints', async () => {
  const { disk } = await anchored()
  const files = disk.files.copy()
  for (const path of [
    layout.segment('journal', 0, 1),
    layout.head('journal', 0),
    checkpointPath('journal', 0),
  ]) {
    await files.remove(path)
  }
  const { journal, anchor } = await found(disk, files)
  assert.equal(journal, true, 'without the anchor nothing is found')
  assert.equal(anchor.length, 3)
  assert.match(anchor[0] ?? '', /the lane has no checkpoints here/)
})

test('found: a lane begun anew under another id', async () => {
  const { disk, lines } = await anchored()
  const files = disk.files.copy()
  const begun = lines
    .slice(0, 3)
    .map(line => line.replace(/"journal":"\w{32}/, `"journal":"${'0b'.repeat(16)}`))
  put(files, begun, checkpointPath('journal', 0))
  const { faults } = await compareAnchored({ ...disk.source, files }, 'anchor.jsonl')
  assert.deepEqual(
    faults.map(({ lane, checkpoint }) => [lane, checkpoint]),
    [1, 2, 3].map(number => [0, number]),
  )
  assert.match(faults[0]?.reason ?? '', /^it is of the journal `\w{32}`, which has no checkpoints here$/)
})

test('no byte of an anchored line can be another: it is found, or the line is none', async () => {
  const { disk, lines } = await anchored()
  const line = lines[1] ?? ''
  for (let at = 0; at < line.length; at++) {
    const changed = `${line.slice(0, at)}${line[at] === '0' ? '1' : '0'}${line.slice(at + 1)}`
    put(disk.files, lines.with(1, changed))
    const report = await compareAnchored(disk.source, 'anchor.jsonl')
    assert.equal(report.faultCount + report.unreadable, 1, `byte ${at}`)
    assert.equal(report.lanes[0]?.unanchored, 1)
  }
})
