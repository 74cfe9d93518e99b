import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import { compareAnchored } from '../../record/anchored/compare.ts'
import { type CheckpointedDisk, checkpointedDisk, fill } from '../../record/checkpoint/checkpoint.fixture.ts'
import { checkpointPath } from '../../record/checkpoint/lane-file.ts'
import type { JournalFiles } from '../../record/files.ts'
import { nodeFiles } from '../../record/node-files.ts'
import type { Job } from '../job.ts'
import { type BucketFault, MemoryBucket } from '../memory-bucket.fixture.ts'
import { anchorJob } from './anchor.ts'
import { type AnchorSettings, createAnchor } from './create.ts'
import { type AppendFile, fileTarget } from './file-target.ts'
import type { Post } from './webhook-target.ts'

const ROUND = new AbortController().signal

/** A closed journal of five checkpoints in each lane. */
async function world(lanes: readonly number[] = [0, 1]): Promise<CheckpointedDisk> {
  const disk = checkpointedDisk({ events: 2 })
  for (const lane of lanes) {
    const each = lane === 0 ? disk : checkpointedDisk({ events: 2, lane }, disk.files)
    const journal = await each.open()
    await fill(journal, 10)
    await journal.close()
  }
  return disk
}

const linesOf = (disk: CheckpointedDisk, lane = 0): string[] =>
  disk.files.bytes(checkpointPath('journal', lane)).toString().split('\n').slice(0, -1)

async function codeOf(job: Job): Promise<string | undefined> {
  try {
    await job.round(ROUND)
    return undefined
  } catch (error) {
    if (error instanceof GateError) return error.code
    throw error
  }
}

async function untilDone(job: Job): Promise<void> {
  for (let rounds = 0; (await codeOf(job)) !== undefined; rounds++) assert.ok(rounds < 100)
}

/** A file in memory whose appends a test may cut short, after some bytes, as a crash does. */
function cutFile(cuts: readonly (number | undefined)[]): AppendFile & { bytes(): Buffer } {
  let bytes = Buffer.alloc(0)
  let calls = 0
  return {
    bytes: () => bytes,
    tail: async most => bytes.subarray(Math.max(0, bytes.length - most)),
    async append(more) {
      const cut = cuts[calls++]
      bytes = Buffer.concat([bytes, cut === undefined ? more : more.subarray(0, cut)])
      if (cut !== undefined) throw new Error('EIO')
    },
  }
}

/** The journal's disk, with the anchor's file on it. */
function withAnchor(disk: CheckpointedDisk, anchor: Buffer): JournalFiles {
  const files = disk.files.copy()
  files.put('anchor.jsonl', anchor)
  return files
}

test('a file: every line of every lane to the letter and in order, and nothing twice where nothing fails', async () => {
  const disk = await world()
  const file = cutFile([])
  const start = (): Job =>
    anchorJob('ledger', fileTarget('x', file), { source: disk.source, folder: 'archive' })
  assert.equal(await codeOf(start()), undefined)
  assert.equal(await codeOf(start()), undefined)
  assert.deepEqual(file.bytes().toString().split('\n').slice(0, -1), [
    ...linesOf(disk, 0),
    ...linesOf(disk, 1),
  ])
})

test('a file: wherever writes are cut and processes killed, all of it is there, in order, and in whole lines', async () => {
  const length = linesOf(await world([0])).join('\n').length
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.option(fc.nat(length), { nil: undefined }), { maxLength: 6 }),
      fc.nat(12),
      async (cuts, kill) => {
        const disk = await world([0])
        const file = cutFile(cuts)
        const place = { source: disk.source, folder: 'archive' }
        let writes = 0
        disk.files.fault = call => {
          if (call !== 'open' && ++writes > kill) throw new GateError('anchor-unavailable', 'killed')
          return undefined
        }
        await codeOf(anchorJob('ledger', fileTarget('x', file), place))
        disk.files.powerCut()
        await untilDone(anchorJob('ledger', fileTarget('x', file), place))
        const lines = file.bytes().toString().split('\n').slice(0, -1)
        assert.deepEqual([...new Set(lines)], linesOf(disk))
        const source = { ...disk.source, files: withAnchor(disk, file.bytes()) }
        const report = await compareAnchored(source, 'anchor.jsonl')
        assert.deepEqual([report.whole, report.unreadable, report.lanes[0]?.checkpoints], [true, 0, 5])
      },
    ),
  )
})

test('a file: what somebody else left of a line gets an end, and harms nothing', async () => {
  const disk = await world([0])
  for (const rest of ['{"version":9', 'x'.repeat(3000), linesOf(disk)[0]?.slice(0, -1) ?? '']) {
    const file = cutFile([])
    await file.append(Buffer.from(rest))
    await untilDone(
      anchorJob('ledger', fileTarget('x', file), { source: disk.source, folder: `of ${rest.length}` }),
    )
    const source = { ...disk.source, files: withAnchor(disk, file.bytes()) }
    const report = await compareAnchored(source, 'anchor.jsonl')
    assert.deepEqual([report.whole, report.lanes[0]?.checkpoints], [true, 5])
  }
})

test('a file on a real disk, which is there already, or not yet', async () => {
  const disk = await world([0])
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-anchor-'))
  try {
    const path = join(folder, 'ledger.jsonl')
    const settings: AnchorSettings = { kind: 'file', name: 'ledger', path }
    const ports = {
      source: disk.source,
      folder: 'archive',
      clock: disk.clock,
      openBucket: () => new MemoryBucket(),
    }
    assert.equal(await codeOf(createAnchor(settings, ports)), undefined)
    const journal = await disk.open()
    await fill(journal, 2, 'later')
    await journal.close()
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"versi`)
    assert.equal(await codeOf(createAnchor(settings, ports)), undefined)
    assert.deepEqual(readFileSync(path, 'utf8').split('\n').slice(0, -1), linesOf(disk))
    assert.equal((await nodeFiles.list(folder)).length, 1)
    const missing = { ...settings, path: join(folder, 'no/such/folder') }
    assert.equal(await codeOf(createAnchor(missing, ports)), 'anchor-unavailable')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

const FAULTS: readonly BucketFault[] = ['none', 'fail', 'lose']

test('a bucket: an object for each checkpoint, once, whatever fails or is not told', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...FAULTS), { maxLength: 40 }), async faults => {
      const disk = await world()
      const bucket = new MemoryBucket()
      let calls = 0
      bucket.fault = () => faults[calls++] ?? 'none'
      const at = { bucket: 'bucket', prefix: 'p/', region: 'eu-west-1', pathStyle: false }
      const ports = { source: disk.source, folder: 'archive', clock: disk.clock, openBucket: () => bucket }
      await untilDone(createAnchor({ kind: 's3', name: 'vault', at }, ports))
      const files = disk.files.copy()
      for (const [key, versions] of bucket.versions) {
        assert.equal(versions.length, 1)
        assert.match(key, /^p\/anchors\/[0-9a-f]{32}\/0[01]\/00000000\d\d\.json$/)
        files.put(`synced/${key}`, versions[0]?.body ?? Buffer.alloc(0))
      }
      const report = await compareAnchored({ ...disk.source, files }, 'synced')
      assert.deepEqual(
        report.lanes.map(({ checkpoints, unanchored }) => [checkpoints, unanchored]),
        [
          [5, 0],
          [5, 0],
        ],
      )
    }),
    { numRuns: 50 },
  )
})

test('a bucket: an object that somebody else has put there is told, and stays; other lanes go on', async () => {
  const disk = await world()
  const bucket = new MemoryBucket()
  const [first] = await disk.checkpoints(0)
  bucket.plant(`anchors/${first?.journal}/00/0000000001.json`, Buffer.from('planted'))
  const at = { bucket: 'bucket', prefix: '', region: 'eu-west-1', pathStyle: false }
  const ports = { source: disk.source, folder: 'archive', clock: disk.clock, openBucket: () => bucket }
  assert.equal(await codeOf(createAnchor({ kind: 's3', name: 'vault', at }, ports)), 'archive-contradicted')
  assert.equal(bucket.keys.length, 1 + 5)
})

/** A receiver that keeps the lines, and answers what it is told to. */
function receiver(statuses: readonly (number | 'lost')[]): { post: Post; lines: string[]; ids: string[] } {
  const lines: string[] = []
  const ids: string[] = []
  let calls = 0
  const key = Buffer.alloc(32, 7)
  return {
    lines,
    ids,
    async post({ url, headers, body }) {
      assert.equal(url.href, 'https://ledger.example/hook?t=1')
      const id = headers['webhook-id'] ?? ''
      const signed = createHmac('sha256', key)
        .update(`${id}.${headers['webhook-timestamp']}.${body}`)
        .digest('base64')
      assert.equal(headers['webhook-signature'], `v1,${signed}`)
      const status = statuses[calls++] ?? 204
      ids.push(id)
      const { type, data } = JSON.parse(body) as { type: string; data: { checkpoints: string[] } }
      assert.equal(type, 'journal.checkpoints')
      assert.ok(body.length < 20_000)
      if (status === 'lost') {
        lines.push(...data.checkpoints)
        throw Object.assign(new Error('secret text'), { code: 'ECONNRESET' })
      }
      if (status < 300) lines.push(...data.checkpoints)
      return status
    },
  }
}

const WEBHOOK: AnchorSettings = {
  kind: 'webhook',
  name: 'ledger',
  url: 'https://ledger.example/hook?t=1',
  secrets: [new Redacted(`whsec_${Buffer.alloc(32, 7).toString('base64')}`)],
}

test('a webhook: signed batches, told again until 2xx, with one id for the same lines', async () => {
  const disk = await world([0])
  const { post, lines, ids } = receiver([500, 302, 410, 'lost'])
  const ports = {
    source: disk.source,
    folder: 'archive',
    clock: disk.clock,
    openBucket: () => new MemoryBucket(),
    post,
  }
  const job = createAnchor(WEBHOOK, ports)
  for (let i = 0; i < 4; i++) {
    await assert.rejects(job.round(ROUND), error => {
      assert.ok(error instanceof GateError && error.code === 'anchor-unavailable')
      assert.doesNotMatch(error.message, /example|secret|t=1/)
      return true
    })
  }
  assert.equal(await codeOf(job), undefined)
  assert.deepEqual(lines, [...linesOf(disk), ...linesOf(disk)])
  assert.equal(new Set(ids).size, 1)
  assert.equal(await codeOf(job), undefined)
  assert.equal(ids.length, 5)
  assert.doesNotMatch(disk.files.bytes('archive/anchors/ledger.json').toString(), /example/)
})

test('another place under the same name is told everything', async () => {
  const disk = await world([0])
  const { post, lines } = receiver([])
  const ports = {
    source: disk.source,
    folder: 'archive',
    clock: disk.clock,
    openBucket: () => new MemoryBucket(),
    post,
  }
  const file = cutFile([])
  await untilDone(anchorJob('ledger', fileTarget('x', file), ports))
  await untilDone(createAnchor(WEBHOOK, ports))
  assert.deepEqual(lines, linesOf(disk))
})

test('checkpoints that were told and are gone, or are others now, are told of; a new journal in the lane is told', async () => {
  const disk = await world()
  const file = cutFile([])
  const place = { source: disk.source, folder: 'archive' }
  const job = anchorJob('ledger', fileTarget('x', file), place)
  await untilDone(job)
  const path = checkpointPath('journal', 0)
  const all = linesOf(disk)
  const text = (lines: readonly string[]): Buffer => Buffer.from(lines.map(line => `${line}\n`).join(''))
  const other = all.with(4, (all[4] ?? '').replace(/"timeMs":\d/, '"timeMs":9'))
  for (const lines of [all.slice(0, 4), [], other]) {
    disk.files.put(path, text(lines))
    assert.equal(await codeOf(job), 'archive-contradicted')
  }
  await disk.files.remove(path)
  assert.equal(await codeOf(job), 'archive-contradicted')
  const begun = all.map(line => line.replace(/"journal":"\w{32}/, `"journal":"${'0b'.repeat(16)}`))
  disk.files.put(path, text(begun))
  assert.equal(await codeOf(job), undefined)
  assert.deepEqual(file.bytes().toString().split('\n').slice(-6, -1), begun)
})

test('a line in the making, and one that a power cut would take, is not told', async () => {
  const disk = await world([0])
  const path = checkpointPath('journal', 0)
  const file = cutFile([])
  const lines = linesOf(disk)
  disk.files.put(path, Buffer.from(`${lines.slice(0, 2).join('\n')}\n${lines[2]?.slice(0, 50)}`))
  await untilDone(anchorJob('ledger', fileTarget('x', file), { source: disk.source, folder: 'archive' }))
  assert.deepEqual(file.bytes().toString().split('\n').slice(0, -1), lines.slice(0, 2))
  disk.files.fault = call => {
    if (call === 'sync') throw new Error('EIO')
    return undefined
  }
  disk.files.put(path, Buffer.from(`${lines.join('\n')}\n`))
  await assert.rejects(
    anchorJob('ledger', fileTarget('x', file), { source: disk.source, folder: 'archive' }).round(ROUND),
  )
  assert.equal(file.bytes().toString().split('\n').length, 3)
})
