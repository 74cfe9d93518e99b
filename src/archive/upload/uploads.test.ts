import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../core/errors.ts'
import { fill } from '../../record/checkpoint/checkpoint.fixture.ts'
import { checkpointPath } from '../../record/checkpoint/lane-file.ts'
import { layout, segmentNumbers } from '../../record/segment.ts'
import { noteUploaded, type UploadedSegment, uploadedPath, uploadedSegments } from '../../record/uploaded.ts'
import type { BucketFault } from '../memory-bucket.fixture.ts'
import type { SourceFiles } from './source-file.ts'
import { memorySources, type UploadWorld, uploadWorld } from './world.fixture.ts'

async function sealed(world: UploadWorld, lane = 0): Promise<number[]> {
  return segmentNumbers(await world.files.list(layout.lane('journal', lane))).slice(0, -1)
}

/** Key of a segment: the journal id stands in its header. */
function keyOf(world: UploadWorld, segment: number, lane = 0): string {
  const bytes = world.files.bytes(layout.segment('journal', lane, segment))
  const id = bytes.toString('hex', 24, 40)
  return `sallyport/${id}/0${lane}/${String(segment).padStart(10, '0')}.seg`
}

/** Each sealed segment is there exactly once, byte for byte, is noted so, and what is fetched is whole. */
async function assertArchived(world: UploadWorld, lanes: readonly number[]): Promise<void> {
  for (const lane of lanes) {
    const found = await uploadedSegments(world.files, 'journal', lane)
    const noted = [...found.values()].toSorted((a, b) => a.segment - b.segment)
    assert.deepEqual(
      noted.map(({ segment }) => segment),
      await sealed(world, lane),
    )
    for (const segment of await sealed(world, lane)) {
      const bytes = world.files.bytes(layout.segment('journal', lane, segment))
      const versions = world.bucket.versions.get(keyOf(world, segment, lane)) ?? []
      assert.equal(versions.length, 1)
      assert.deepEqual(versions[0]?.body, bytes)
      const entry = noted.find(each => each.segment === segment)
      assert.equal(entry?.sha256, hash('sha256', bytes))
      assert.equal(entry?.bytes, bytes.length)
      assert.equal(entry?.versionId, versions[0]?.versionId)
    }
  }
  const report = await world.verifyFetched()
  assert.deepEqual(
    report.lanes.map(lane => lane.break),
    lanes.map(() => undefined),
  )
  assert.deepEqual(
    report.lanes.map(lane => lane.segments),
    await Promise.all(lanes.map(async lane => (await sealed(world, lane)).length)),
  )
  assert.equal(world.bucket.uploads.size, 0)
}

test('every segment with a successor is uploaded; what is fetched is a journal that proves itself', async () => {
  const world = await uploadWorld([0, 1])
  assert.ok((await sealed(world)).length >= 3)
  assert.equal(await world.round(world.start()), undefined)
  await assertArchived(world, [0, 1])
  const report = await world.verifyFetched()
  for (const lane of report.lanes) {
    assert.ok((lane.checkpoints?.count ?? 0) >= 2)
    assert.equal(lane.checkpoints?.signatures, 'verified')
  }
})

test('the oldest comes first, lanes in turn', async () => {
  const world = await uploadWorld([0, 1])
  await world.round(world.start())
  const order = world.bucket.calls.flatMap(call => /^begin .*\/(\d\d\/\d+)\.seg$/.exec(call)?.[1] ?? [])
  assert.deepEqual(order.slice(0, 4), ['00/0000000001', '01/0000000001', '00/0000000002', '01/0000000002'])
})

test('a round with nothing to do asks nothing of the bucket', async () => {
  const world = await uploadWorld()
  const job = world.start()
  await world.round(job)
  world.bucket.calls.length = 0
  await world.round(job)
  assert.deepEqual(world.bucket.calls, [])
})

test('what is recorded later follows, and checkpoints and head with it', async () => {
  const world = await uploadWorld()
  const job = world.start()
  await world.round(job)
  const journal = await world.disk.open()
  await fill(journal, 9, 'later')
  assert.equal(await world.round(job), undefined)
  await assertArchived(world, [0])
  await journal.close()
  assert.equal(await world.round(job), undefined)
  await assertArchived(world, [0])
})

const FAULTS: readonly BucketFault[] = ['none', 'none', 'fail', 'lose']

test('whatever fails or is not told, and however often it is killed: each segment once, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...FAULTS), { maxLength: 60 }),
      fc.array(fc.nat(60), { maxLength: 8 }),
      fc.boolean(),
      async (faults, kills, knowsChecksums) => {
        const world = await uploadWorld([0], 7)
        world.bucket.knowsChecksums = knowsChecksums
        let calls = 0
        world.bucket.fault = () => faults[calls++] ?? 'none'
        let writes = 0
        for (const kill of kills) {
          // A process that is killed at its n-th write of state: nothing of it happens any more.
          writes = 0
          world.files.fault = call => {
            if (call !== 'open' && ++writes > kill) throw new Error('killed')
            return undefined
          }
          const job = world.start()
          await world.round(job).catch(() => undefined)
          world.files.powerCut()
        }
        const job = world.start()
        for (let rounds = 0; (await world.round(job)) !== undefined; rounds++) assert.ok(rounds < 100)
        await assertArchived(world, [0])
      },
    ),
    { numRuns: 150 },
  )
})

test('each single call that fails or whose reply is lost, at every step', async () => {
  const dry = await uploadWorld([0], 7)
  await dry.round(dry.start())
  const steps = dry.bucket.calls.length
  for (const fault of ['fail', 'lose'] as const) {
    for (let step = 0; step < steps; step++) {
      const world = await uploadWorld([0], 7)
      let calls = 0
      world.bucket.fault = () => (calls++ === step ? fault : 'none')
      const job = world.start()
      assert.equal(await world.round(job), 'bucket-unavailable')
      assert.equal(await world.round(job), undefined)
      await assertArchived(world, [0])
    }
  }
})

test('parts that the bucket has are not sent again after a crash', async () => {
  for (const knowsChecksums of [true, false]) {
    const world = await uploadWorld([0], 7)
    world.bucket.knowsChecksums = knowsChecksums
    let parts = 0
    world.bucket.fault = call => (call === 'putPart' && ++parts === 3 ? 'fail' : 'none')
    assert.equal(await world.round(world.start()), 'bucket-unavailable')
    world.bucket.calls.length = 0
    assert.equal(await world.round(world.start()), undefined)
    const key = keyOf(world, 1)
    const bytes = world.files.bytes(layout.segment('journal', 0, 1)).length
    const sent = world.bucket.calls.filter(call => call === `putPart ${key}`).length
    assert.equal(sent, Math.ceil(bytes / 300) - 2)
    assert.ok(!world.bucket.calls.includes(`begin ${key}`))
    await assertArchived(world, [0])
  }
})

test('an upload that the bucket has forgotten begins anew; parts that are not ours are replaced', async () => {
  const world = await uploadWorld([0], 7)
  let parts = 0
  world.bucket.fault = call => (call === 'putPart' && ++parts === 3 ? 'fail' : 'none')
  await world.round(world.start())
  const [id, upload] = [...world.bucket.uploads][0] ?? []
  assert.ok(id !== undefined && upload !== undefined)
  upload.parts.set(1, { body: Buffer.alloc(300, 'x'), etag: '"planted"' })
  assert.equal(await world.round(world.start()), undefined)
  await assertArchived(world, [0])

  const other = await uploadWorld([0], 7)
  parts = 0
  other.bucket.fault = call => (call === 'putPart' && ++parts === 3 ? 'fail' : 'none')
  await other.round(other.start())
  other.bucket.uploads.clear()
  assert.equal(await other.round(other.start()), undefined)
  await assertArchived(other, [0])
})

test('an object with other content is told, stays, and stops nothing else', async () => {
  for (const knowsChecksums of [true, false]) {
    for (const isLong of [true, false]) {
      const world = await uploadWorld()
      world.bucket.knowsChecksums = knowsChecksums
      const key = keyOf(world, 2)
      const own = world.files.bytes(layout.segment('journal', 0, 2))
      const planted = Buffer.from(isLong ? own : own.subarray(1))
      planted[planted.length - 1] = 0
      world.bucket.plant(key, planted)
      const job = world.start()
      assert.equal(await world.round(job), 'archive-contradicted')
      world.bucket.calls.length = 0
      assert.equal(await world.round(job), 'archive-contradicted')
      assert.deepEqual(world.bucket.calls, [`head ${key}`], 'it is not read again and again')
      assert.deepEqual(world.bucket.bytes(key), planted)
      const noted = [...(await uploadedSegments(world.files, 'journal', 0)).values()]
      assert.deepEqual(
        noted.map(({ segment }) => segment),
        (await sealed(world)).filter(segment => segment !== 2),
      )
      assert.equal(world.bucket.uploads.size, 0)
    }
  }
})

test('an object that is planted while an upload to its key is under way stays, too', async () => {
  const world = await uploadWorld()
  const key = keyOf(world, 1)
  world.bucket.fault = call => {
    if (call === 'finish' && !world.bucket.versions.has(key)) world.bucket.plant(key, Buffer.from('planted'))
    return 'none'
  }
  const job = world.start()
  assert.equal(await world.round(job), 'archive-contradicted')
  assert.equal(world.bucket.versions.get(key)?.length, 1)
  world.bucket.fault = () => 'none'
  assert.equal(await world.round(job), 'archive-contradicted')
  assert.equal(world.bucket.uploads.size, 0)
})

test('the same content that somebody else puts there meanwhile is as good; nothing stays under way', async () => {
  const world = await uploadWorld()
  const key = keyOf(world, 1)
  world.bucket.fault = call => {
    const own = world.files.bytes(layout.segment('journal', 0, 1))
    if (call === 'finish' && !world.bucket.versions.has(key)) world.bucket.plant(key, own)
    return 'none'
  }
  assert.equal(await world.round(world.start()), undefined)
  await assertArchived(world, [0])
})

test('a file that changes between two looks is told, and not taken for uploaded', async () => {
  const world = await uploadWorld([0], 20)
  const sources = memorySources(world.files)
  const path = layout.segment('journal', 0, 2)
  const turning: SourceFiles = {
    ...sources,
    async open(root, name) {
      const file = await sources.open(root, name)
      let isPlanned = false
      return (
        file && {
          ...file,
          async read(target, position) {
            const count = await file.read(target, position)
            if (name === path && isPlanned && position > 0) target.fill(0, 0, count)
            if (count > 0 && position + count === (await file.size())) isPlanned = true
            return count
          },
        }
      )
    },
  }
  assert.equal(await world.round(world.start({}, { sources: turning })), 'archive-contradicted')
  assert.equal(world.bucket.versions.has(keyOf(world, 2)), false)
  assert.equal(await world.round(world.start()), undefined)
  await assertArchived(world, [0])
})

test('state that cannot be read is made anew; what is noted of segments is not guessed', async () => {
  for (const text of ['null', '{}', '[1]', 'x', '{"journal":1}']) {
    const world = await uploadWorld()
    await world.round(world.start())
    world.files.put('archive/trail/00.json', Buffer.from(text))
    world.files.put('archive/uploading.json', Buffer.from(text))
    const journal = await world.disk.open()
    await fill(journal, 9, 'later')
    await journal.close()
    assert.equal(await world.round(world.start()), undefined)
    await assertArchived(world, [0])
    world.files.put(uploadedPath('journal', 0), Buffer.from(`${text}\n`))
    assert.equal(await world.round(world.start()), 'archive-state-unreadable')
  }
})

test('an object that could not be read to its end is judged when it can', async () => {
  const world = await uploadWorld()
  world.bucket.knowsChecksums = false
  const whole = world.bucket.read.bind(world.bucket)
  world.bucket.read = async function* (key) {
    for await (const chunk of whole(key)) {
      yield chunk
      return
    }
  }
  const job = world.start()
  assert.equal(await world.round(job), 'bucket-unavailable')
  world.bucket.read = whole
  assert.equal(await world.round(job), undefined)
  await assertArchived(world, [0])
})

test('checkpoints that were cut or written anew never replace those that the bucket has', async () => {
  for (const cut of [0, 0.5]) {
    const world = await uploadWorld()
    await world.round(world.start())
    const key = world.bucket.keys.find(each => each.includes('/checkpoints/')) ?? ''
    const kept = world.bucket.bytes(key)
    const journal = await world.disk.open()
    await fill(journal, 9, 'later')
    await journal.close()
    const path = checkpointPath('journal', 0)
    const lines = world.files.bytes(path).toString().split('\n').slice(0, -1)
    const fewer = cut === 0 ? lines.slice(1) : lines.slice(0, 1)
    world.files.put(path, Buffer.from(fewer.map(line => `${line}\n`).join('')))
    assert.equal(await world.round(world.start()), 'archive-contradicted')
    assert.deepEqual(world.bucket.bytes(key), kept)
  }
})

test('which key took the place of which goes along: whoever has the first can check the rest', async () => {
  const world = await uploadWorld()
  world.files.put('journal/checkpoints/successions.jsonl', Buffer.from('[{"number":1}]'))
  await world.round(world.start())
  const found = world.bucket.keys.filter(key => key.endsWith('/checkpoints/successions.jsonl'))
  assert.deepEqual(world.bucket.bytes(found[0] ?? '')?.toString(), '[{"number":1}]')
})

test('bodies go with their segment, also one that came late; what lies beside them does not', async () => {
  const world = await uploadWorld()
  const folder = 'journal/blobs/00/0000000001'
  const names = ['01ARZ3NDEKTSV4RRFFQ69G5FAV.reply.zst', '01ARZ3NDEKTSV4RRFFQ69G5FAW.request.zst.sealed']
  world.files.put(`${folder}/${names[0]}`, Buffer.alloc(1000, 'a'))
  world.files.put(`${folder}/notes.txt`, Buffer.from('mine'))
  const job = world.start()
  await world.round(job)
  world.files.put(`${folder}/${names[1]}`, Buffer.from('late'))
  assert.equal(await world.round(job), undefined)
  const found = world.bucket.keys.filter(key => key.includes('/blobs/')).map(key => key.split('/').at(-1))
  assert.deepEqual(found, names)
  const entries = await uploadedSegments(world.files, 'journal', 0)
  assert.equal([...entries.values()][0]?.bodies, 2)
  await assertArchived(world, [0])
})

test('many bodies, short and long, whatever fails: each once, and nothing goes on behind a round', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 20 }),
      fc.array(fc.constantFrom(...FAULTS), { maxLength: 40 }),
      async (sizes, faults) => {
        const world = await uploadWorld([0], 7)
        for (const [i, size] of sizes.entries()) {
          const name = `01ARZ3NDEKTSV4RRFFQ69G5F${String(i).padStart(2, '0')}.reply.zst`
          world.files.put(`journal/blobs/00/0000000001/${name}`, Buffer.alloc(size, i))
        }
        let calls = 0
        world.bucket.fault = () => faults[calls++] ?? 'none'
        const job = world.start()
        for (let rounds = 0; (await world.round(job)) !== undefined; rounds++) {
          const before = world.bucket.calls.length
          await new Promise(resolve => setImmediate(resolve))
          assert.equal(world.bucket.calls.length, before)
          assert.ok(rounds < 100)
        }
        const bodies = world.bucket.keys.filter(key => key.includes('/blobs/'))
        assert.deepEqual(
          bodies.map(key => world.bucket.bytes(key)?.length),
          sizes,
        )
        for (const key of bodies) assert.equal(world.bucket.versions.get(key)?.length, 1)
        await assertArchived(world, [0])
      },
    ),
    { numRuns: 50 },
  )
})

test('the Parquet form stands by the day of the first event, and its draft is removed', async () => {
  const world = await uploadWorld()
  const settings = { parquet: true }
  const job = world.start(settings, {
    async writeParquet({ lane, segment }, target) {
      world.files.put(target, Buffer.from(`PAR1 ${lane} ${segment}`))
    },
  })
  assert.equal(await world.round(job), undefined)
  const found = world.bucket.keys.filter(key => key.startsWith('sallyport/events/'))
  assert.equal(found.length, (await sealed(world)).length)
  assert.match(found[0] ?? '', /^sallyport\/events\/day=2026-01-02\/[0-9a-f]{32}-00-0000000001\.parquet$/)
  assert.deepEqual(await world.files.list('archive/parquet'), [])
})

test('a segment whose Parquet form cannot be written is uploaded, but not noted; the others go on', async () => {
  const world = await uploadWorld()
  let isBroken = true
  const ports = {
    async writeParquet({ segment }: { segment: number }, target: string) {
      if (isBroken && segment === 1) throw new GateError('parquet-unwritten', 'not written')
      world.files.put(target, Buffer.from(`PAR1 ${segment}`))
    },
  }
  const job = world.start({ parquet: true }, ports)
  assert.equal(await world.round(job), 'parquet-unwritten')
  const noted = await uploadedSegments(world.files, 'journal', 0)
  assert.deepEqual(
    [...noted.values()].map(({ segment }) => segment),
    (await sealed(world)).slice(1),
  )
  assert.ok(world.bucket.bytes(keyOf(world, 1)))
  isBroken = false
  assert.equal(await world.round(job), undefined)
  await assertArchived(world, [0])
})

test('what is noted of another journal in the same lane, or of another bucket, counts for nothing', async () => {
  const lies: readonly ((entry: UploadedSegment) => UploadedSegment)[] = [
    entry => ({ ...entry, journal: '00'.repeat(16) }),
    entry => ({ ...entry, bucket: 'elsewhere' }),
    entry => ({ ...entry, key: `elsewhere/${entry.key}` }),
  ]
  for (const lie of lies) {
    const world = await uploadWorld()
    await world.round(world.start())
    const entries = [...(await uploadedSegments(world.files, 'journal', 0)).values()]
    world.files.put(uploadedPath('journal', 0), Buffer.alloc(0))
    for (const entry of entries) await noteUploaded(world.files, 'journal', lie(entry))
    world.bucket.versions.clear()
    assert.equal(await world.round(world.start()), undefined)
    for (const segment of await sealed(world)) assert.ok(world.bucket.bytes(keyOf(world, segment)))
  }
})

test('a segment whose header is not its own stops itself alone', async () => {
  const world = await uploadWorld()
  world.files.bytes(layout.segment('journal', 0, 1)).fill(0, 30, 31)
  const job = world.start()
  assert.equal(await world.round(job), 'journal-corrupt')
  const noted = [...(await uploadedSegments(world.files, 'journal', 0)).values()]
  assert.deepEqual(
    noted.map(({ segment }) => segment),
    (await sealed(world)).slice(1),
  )
})

test('clear text that a killed process left of a Parquet form goes with the next start, wanted or not', async () => {
  const { files, start, round } = await uploadWorld()
  for (const name of ['a.parquet', 'b.parquet.draft', 'note'])
    files.put(`archive/parquet/${name}`, Buffer.from('clear'))
  const job = start()
  assert.equal(await round(job), undefined)
  const left = [...files.contents.keys()].filter(path => path.startsWith('archive/parquet/'))
  assert.deepEqual(left, ['archive/parquet/note'])
})
