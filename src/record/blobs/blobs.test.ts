import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../../test/harness/any-character.ts'
import { GateError } from '../../core/errors.ts'
import type { OutcomeEvent, RecordedBody } from '../event.ts'
import { fitEvent } from '../fit.ts'
import { MemoryFiles } from '../memory-files.ts'
import type { JournalSource } from '../read.ts'
import { roomToSeal } from '../seal/event.ts'
import type { LaneKeys } from '../seal/ports.ts'
import { inlineBody, inlineContents, inlineLength } from './inline.ts'
import { readBlobName, writeBlobName } from './name.ts'
import { type BlobSeal, blobSeal } from './ports.ts'
import { readBlob } from './read.ts'
import { SpaceGuard, type VolumeSpace } from './space.ts'
import { BlobStore } from './store.ts'
import { BodyTap, type TapOptions } from './tap.ts'

const ID = '01K0000000000000000000000A'
const OWNER = { sessionId: '01K0000000000000000000000S', roleArn: 'arn:aws:iam::111122223333:role/agent' }

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function openStore(files: MemoryFiles, over: { seal?: BlobSeal; calls?: number } = {}): Promise<BlobStore> {
  return BlobStore.open({ files, folder: 'j', lane: 0, segment: () => 3, durability: 'fsync', ...over })
}

/** Sends chunks through a tap; gives what came out, how it ended and what was recorded. */
async function through(
  chunks: readonly Buffer[],
  options: TapOptions,
): Promise<{ out: Buffer; error: Error | undefined; recorded: RecordedBody | undefined; tap: BodyTap }> {
  const tap = new BodyTap(options)
  const out: Buffer[] = []
  let error: Error | undefined
  try {
    await pipeline(Readable.from(chunks), tap, async source => {
      for await (const chunk of source as AsyncIterable<Buffer>) out.push(chunk)
    })
  } catch (failure) {
    error = failure as Error
  }
  return { out: Buffer.concat(out), error, recorded: await tap.recorded, tap }
}

async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function blobsIn(files: MemoryFiles): string[] {
  return [...files.contents.keys()].filter(path => path.startsWith('j/blobs/'))
}

const chunking = fc.array(fc.uint8Array({ minLength: 0, maxLength: 60 }), { maxLength: 20 })

test('whatever its chunks, a body passes unchanged and is kept whole or says what is missing', async () => {
  await fc.assert(
    fc.asyncProperty(
      chunking,
      fc.nat(200),
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 1, max: 300 }),
      async (parts, inlineBytes, hasBlob, always, beyond) => {
        const maxBlobBytes = inlineBytes + beyond
        const files = new MemoryFiles()
        const store = await openStore(files)
        const chunks = parts.map(part => Buffer.from(part))
        const whole = Buffer.concat(chunks)
        const { out, error, recorded } = await through(chunks, {
          inlineBytes,
          jsonBytes: 10_000,
          lengthBytes: whole.length,
          maxBlobBytes,
          ...(hasBlob ? { blob: { always, create: () => store.create(ID, 'reply', OWNER) } } : {}),
        })
        assert.equal(error, undefined)
        assert.ok(out.equals(whole))
        if (whole.length === 0) {
          assert.equal(recorded, undefined)
          return
        }
        assert.ok(recorded)
        assert.equal(recorded.bytes, whole.length)
        assert.equal(recorded.sha256, sha256(whole))
        const inline = inlineContents(recorded)
        assert.ok(inline.equals(whole.subarray(0, inline.length)))
        assert.equal(recorded.blob !== undefined, hasBlob && (always || whole.length > inlineBytes))
        if (recorded.blob !== undefined) {
          const read = await collect(readBlob({ files, folder: 'j' }, recorded, ID))
          assert.ok(read.equals(whole.subarray(0, maxBlobBytes)))
          assert.equal(recorded.cut === undefined, read.length === whole.length)
        } else {
          assert.equal(recorded.cut === undefined, inline.length === whole.length)
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('the last of an announced length passes when the file is on disk, not before', async () => {
  const files = new MemoryFiles()
  const store = await openStore(files)
  const tap = new BodyTap({
    inlineBytes: 2,
    jsonBytes: 100,
    lengthBytes: 8,
    blob: { always: false, create: () => store.create(ID, 'request', OWNER) },
  })
  const seen: [string, number][] = []
  tap.on('data', (chunk: Buffer) => seen.push([chunk.toString(), blobsIn(files).length]))
  files.fault = call => {
    if (call === 'rename')
      assert.deepEqual(
        seen.map(([text]) => text),
        ['abcd'],
      )
    return undefined
  }
  await pipeline(Readable.from([Buffer.from('abcd'), Buffer.from('efgh')]), tap)
  assert.deepEqual(
    seen.map(([text]) => text),
    ['abcd', 'efgh'],
  )
  assert.deepEqual(blobsIn(files), [`j/blobs/00/0000000003/${ID}.request.zst`])
  const renamed = files.calls.findIndex(call => call.startsWith('rename'))
  assert.ok(files.calls.findIndex(call => call.startsWith('sync ')) < renamed)
  assert.ok(files.calls.slice(renamed).includes('syncFolder j/blobs/00/0000000003'))
})

test('a body without an announced length passes at once: events are not kept waiting', async () => {
  const tap = new BodyTap({ inlineBytes: 100, jsonBytes: 100 })
  const seen = new Promise(resolve => tap.once('data', resolve))
  tap.write('event')
  assert.equal(String(await seen), 'event')
  tap.end()
  tap.resume()
  assert.deepEqual((await tap.recorded)?.text, 'event')
})

for (const fault of ['create', 'write', 'sync', 'rename', 'syncFolder']) {
  test(`a disk that fails at \`${fault}\` lets no body pass whole`, async () => {
    const files = new MemoryFiles()
    const store = await openStore(files)
    files.fault = call => {
      if (call === fault) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
      return undefined
    }
    const chunks = [Buffer.alloc(1000, 'a'), Buffer.alloc(1000, 'b')]
    const { out, error, recorded, tap } = await through(chunks, {
      inlineBytes: 10,
      jsonBytes: 100,
      lengthBytes: 2000,
      blob: { always: false, create: () => store.create(ID, 'reply', OWNER) },
    })
    assert.ok(error instanceof GateError)
    assert.equal(error.code, 'body-unrecorded')
    assert.equal(tap.failure?.code, 'body-unrecorded')
    assert.ok(out.length < 2000)
    assert.match(recorded?.cut ?? '', /a write failed with `ENOSPC`/)
    assert.equal(recorded?.blob, undefined)
    if (fault !== 'syncFolder') assert.deepEqual(blobsIn(files), [])
  })
}

test('what breaks off is kept as far as it went, and says so', async () => {
  const files = new MemoryFiles()
  const store = await openStore(files)
  const tap = new BodyTap({
    inlineBytes: 2,
    jsonBytes: 100,
    lengthBytes: 1000,
    blob: { always: false, create: () => store.create(ID, 'request', OWNER) },
  })
  async function* leaving(): AsyncGenerator<Buffer> {
    yield Buffer.from('half of it')
    throw new GateError('client-gone', 'the client left')
  }
  await assert.rejects(
    pipeline(Readable.from(leaving()), tap, new Transform({ transform: (_c, _e, done) => done() }).resume()),
  )
  const recorded = await tap.recorded
  assert.ok(recorded)
  assert.equal(recorded.bytes, 10)
  assert.match(recorded.cut ?? '', /broke off before its end: `client-gone`/)
  assert.equal((await collect(readBlob({ files, folder: 'j' }, recorded, ID))).toString(), 'half of it')
})

test('opening the lane removes what a crash left half-written, and nothing else', async () => {
  const files = new MemoryFiles()
  files.put(`j/blobs/00/parts/${ID}.reply`, Buffer.from('half'))
  files.put(`j/blobs/00/0000000001/${ID}.request.zst`, Buffer.from('whole'))
  files.put(`j/blobs/01/parts/${ID}.reply`, Buffer.from('of another lane'))
  await openStore(files)
  assert.deepEqual(blobsIn(files), [
    `j/blobs/00/0000000001/${ID}.request.zst`,
    `j/blobs/01/parts/${ID}.reply`,
  ])
})

test('only so many calls have their bodies written at once', async () => {
  const store = await openStore(new MemoryFiles(), { calls: 2 })
  const giveBack = store.reserve('ann')
  store.reserve('bob')
  assert.throws(() => store.reserve('eve'), { code: 'overloaded' })
  giveBack()
  giveBack()
  store.reserve('eve')
  assert.throws(() => store.reserve('ann'), { code: 'overloaded' })
})

test('who uploads slowly, many times at once, leaves the others room', async () => {
  const store = await openStore(new MemoryFiles(), { calls: 6 })
  const given = [1, 2, 3].map(() => store.reserve('eve'))
  assert.throws(() => store.reserve('eve'), { code: 'overloaded', message: /3 calls of one principal/ })
  store.reserve('ann')
  given[0]?.()
  given[0]?.()
  store.reserve('eve')
  assert.throws(() => store.reserve('eve'), { code: 'overloaded' })
})

test('an id that is none becomes no path', async () => {
  const store = await openStore(new MemoryFiles())
  for (const id of ['../../../etc/passwd', `${ID}/..`, '', ID.toLowerCase(), `${ID}\n`]) {
    await assert.rejects(store.create(id, 'reply', OWNER), { code: 'internal' }, id)
  }
})

test('a name that an event gives leads to a body of its own call, or nowhere', async () => {
  const files = new MemoryFiles()
  for (const blob of [
    '../../keys/journal.json',
    `00/0000000003/../../../${ID}.reply.zst`,
    `00/0000000003/${ID}.reply.zst/`,
    `00/0000000003/${ID}.other.zst`,
    `/00/0000000003/${ID}.reply.zst`,
    `00/0000000003/${ID}.reply.zst\n`,
    `00/0000000003/01K0000000000000000000000B.reply.zst`,
  ]) {
    const body = { bytes: 1, sha256: '', blob }
    await assert.rejects(collect(readBlob({ files, folder: 'j' }, body, ID)), { code: 'body-damaged' }, blob)
  }
})

test('a name is read as it was written', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 99 }),
      fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      fc.constantFrom('request' as const, 'reply' as const),
      fc.boolean(),
      (lane, segment, kind, sealed) => {
        const name = { lane, segment, eventId: ID, kind, sealed }
        assert.deepEqual(readBlobName(writeBlobName(name)), name)
      },
    ),
  )
})

/** A body in a file, and what its event says. */
async function stored(
  contents: Buffer,
  seal?: BlobSeal,
): Promise<{ files: MemoryFiles; body: RecordedBody; path: string }> {
  const files = new MemoryFiles()
  const store = await openStore(files, seal ? { seal } : {})
  const { recorded } = await through([contents], {
    inlineBytes: 0,
    jsonBytes: 0,
    blob: { always: true, create: () => store.create(ID, 'reply', OWNER) },
  })
  assert.ok(recorded?.blob)
  return { files, body: recorded, path: `j/blobs/${recorded.blob}` }
}

test('any byte of a file changed, and any end cut off, is found', async () => {
  const contents = Buffer.from('the quick brown fox jumps over the lazy dog, again and again, over and over')
  const { files, body, path } = await stored(contents)
  const packed = Buffer.from(files.bytes(path))
  for (let at = 0; at < packed.length; at++) {
    const changed = Buffer.from(packed)
    changed[at] = (changed[at] ?? 0) ^ 0x41
    for (const bytes of [changed, packed.subarray(0, at)]) {
      files.put(path, bytes)
      const read = collect(readBlob({ files, folder: 'j' }, body, ID))
      // A byte that means nothing to the unpacking leaves the body as it was.
      const found = await read.then(
        all => (all.equals(contents) ? 'body-damaged' : 'another body'),
        error => error.code,
      )
      assert.equal(found, 'body-damaged', `byte ${at}`)
    }
  }
})

test('a file that is gone, and one that unpacks to far more, are told apart', async () => {
  const { files, body, path } = await stored(Buffer.from('small'))
  files.put(path, zstdCompressSync(Buffer.alloc(50_000_000)))
  let read = 0
  await assert.rejects(
    async () => {
      for await (const bytes of readBlob({ files, folder: 'j' }, body, ID)) read += bytes.length
    },
    { code: 'body-damaged' },
  )
  assert.equal(read, 0)
  files.contents.delete(path)
  await assert.rejects(collect(readBlob({ files, folder: 'j' }, body, ID)), { code: 'body-missing' })
})

test('a sealed body is read with its key, and not without', async () => {
  const key = { id: '00.0000000001.1', key: Buffer.alloc(32, 7) }
  const owners: string[] = []
  const keys: LaneKeys = {
    current: async owner => {
      owners.push(`${owner.tenant} ${owner.sessionId}`)
      return key
    },
    known: () => undefined,
    find: async () => key,
    close: async () => undefined,
  }
  const tenantOf = (roleArn: string | undefined): string => `tenant of ${roleArn}`
  const seal = blobSeal({ keys, tenantOf }, { bytes: count => Buffer.alloc(count, 9) })
  const contents = Buffer.from('secret enough '.repeat(100))
  const { files, body, path } = await stored(contents, seal)
  assert.match(body.blob ?? '', /\.zst\.sealed$/)
  assert.deepEqual(owners, [`tenant of ${OWNER.roleArn} ${OWNER.sessionId}`])
  const source = (found: typeof key | undefined): JournalSource => {
    return { files, folder: 'j', keys: { find: async () => found } }
  }
  assert.ok((await collect(readBlob(source(key), body, ID))).equals(contents))
  await assert.rejects(collect(readBlob({ files, folder: 'j' }, body, ID)), { code: 'content-sealed' })
  await assert.rejects(collect(readBlob(source(undefined), body, ID)), { code: 'content-shredded' })

  // One body cannot stand in the place of another, though both are sealed with the same key.
  files.put(path.replace('.reply.', '.request.'), files.bytes(path))
  const moved = { ...body, blob: body.blob?.replace('.reply.', '.request.') ?? '' }
  await assert.rejects(collect(readBlob(source(key), moved, ID)), { code: 'body-damaged' })
})

test('an inline body is the same when it is read, and takes no more room than it may', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map(all => Buffer.from(all)),
    fc.string({ unit: ANY_CHARACTER, maxLength: 100 }).map(text => Buffer.from(text)),
    fc.constant(Buffer.alloc(300, 1)),
  )
  fc.assert(
    fc.property(bytes, fc.nat(600), (body, jsonBytes) => {
      const inline = inlineBody(body, true, jsonBytes)
      assert.ok(inlineContents({ bytes: 0, ...inline }).equals(body))
      assert.equal(inlineLength(inline), body.length)
      if (inline.text !== undefined) assert.ok(Buffer.byteLength(JSON.stringify(inline.text)) <= jsonBytes)
    }),
  )
})

test('text that is cut ends with a whole character', () => {
  const text = Buffer.from('aé€😀z')
  for (let end = 0; end <= text.length; end++) {
    const { text: kept } = inlineBody(text.subarray(0, end), false, 1000)
    assert.ok(kept !== undefined && 'aé€😀z'.startsWith(kept), `${end}`)
  }
})

test('an outcome that has bodies always fits into an event: what is left out says so', () => {
  const outcome = (replyBody: RecordedBody): OutcomeEvent => ({
    type: 'outcome',
    id: ID,
    timeMs: 0,
    decisionId: ID,
    bytesIn: 0,
    bytesOut: 0,
    durationMs: 0,
    requestBody: { bytes: 4096, sha256: 's', ...inlineBody(Buffer.alloc(4096, 1), true, 8 * 1024) },
    replyBody,
  })
  // The most that a rule can ask for, of bytes that take the most as JSON; sealed, an event has three quarters.
  const most = inlineBody(Buffer.alloc(128 * 1024, 1), true, 176 * 1024)
  const kept = fitEvent(outcome({ bytes: 131_072, sha256: 's', ...most }), roomToSeal(256 * 1024))
  assert.ok(kept.json.includes('"base64":"AQEB'))
  const { event } = fitEvent(outcome({ bytes: 9, sha256: 's', text: 'x'.repeat(300_000) }), 256 * 1024)
  assert.ok(event.type === 'outcome')
  assert.equal(event.replyBody?.text, undefined)
  assert.match(event.replyBody?.cut ?? '', /left out: the event was too large/)
})

test('bodies leave the journal its room, and are written again when there is more', async () => {
  let freeBytes = 60 * 2 ** 20
  let looks = 0
  const space = async (): Promise<VolumeSpace> => {
    looks++
    return { freeBytes, totalBytes: 1_000 * 2 ** 20 }
  }
  const guard = new SpaceGuard(space)
  for (let i = 0; i < 100; i++) await guard.take(64 * 1024)
  assert.equal(looks, 1)
  freeBytes = 50 * 2 ** 20
  await assert.rejects(guard.take(8 * 2 ** 20), /no more than 50 MiB left, which are the journal's/)
  const files = new MemoryFiles()
  const store = await BlobStore.open({
    files,
    folder: 'j',
    lane: 0,
    segment: () => 1,
    durability: 'fsync',
    space,
  })
  const send = (): ReturnType<typeof through> =>
    through([Buffer.from('body')], {
      inlineBytes: 0,
      jsonBytes: 0,
      blob: { always: true, create: () => store.create(ID, 'request', OWNER) },
    })
  const { error } = await send()
  assert.ok(error instanceof GateError && error.code === 'body-unrecorded')
  assert.deepEqual(blobsIn(files), [])
  freeBytes = 60 * 2 ** 20
  assert.equal((await send()).error, undefined)
})

test('a body lies beside the segment that is written when it is finished', async () => {
  const files = new MemoryFiles()
  let segment = 3
  const store = await BlobStore.open({
    files,
    folder: 'j',
    lane: 0,
    segment: () => segment,
    durability: 'os',
  })
  const writer = await store.create(ID, 'reply', OWNER)
  await writer.write(Buffer.from('body'))
  segment = 4
  files.makeFolder = async () => {
    segment = 5
  }
  assert.equal(await writer.finish(), `00/0000000005/${ID}.reply.zst`)
  assert.deepEqual(blobsIn(files), [`j/blobs/00/0000000005/${ID}.reply.zst`])
})
