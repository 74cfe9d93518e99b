import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { BlobStore } from '../../record/blobs/store.ts'
import { verifyBlobs } from '../../record/blobs/verify.ts'
import type { JournalEvent, OutcomeEvent, RecordedBody } from '../../record/event.ts'
import { openJournal } from '../../record/journal.ts'
import { MemoryFiles } from '../../record/memory-files.ts'
import { sessions } from '../sessions.ts'
import { bodyLines } from './kept-bodies.ts'
import { noTerminal } from './terminal.fixture.ts'

const TIME_MS = Date.UTC(2026, 0, 2, 3, 4, 5)
const SESSION = '01JGJVS4G80000000000000001'
const CALL = '01JGJVS4G8000000000000000A'
const OTHER = '01JGJVS4G8000000000000000B'
const CONTENTS = Buffer.from('first line\nsecond \u001b[31mline\n'.repeat(500))

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')

function call(id: string, bodies: Pick<OutcomeEvent, 'requestBody' | 'replyBody'>): JournalEvent[] {
  return [
    {
      type: 'decision',
      id,
      timeMs: TIME_MS,
      sessionId: SESSION,
      clientAddress: '192.0.2.7',
      effect: 'allow',
      statements: [],
      call: {
        service: 's3',
        operation: 'GetObject',
        region: 'us-east-1',
        parameters: {},
        redacted: [],
        truncated: false,
        leftOut: 'parameters',
        pairs: [],
      },
    },
    outcome(id, bodies),
  ]
}

function outcome(id: string, bodies: Pick<OutcomeEvent, 'requestBody' | 'replyBody'>): OutcomeEvent {
  return {
    type: 'outcome',
    id: `${id.slice(0, -1)}Z`,
    timeMs: TIME_MS + 5,
    sessionId: SESSION,
    decisionId: id,
    status: 200,
    bytesIn: 0,
    bytesOut: 1,
    durationMs: 5,
    ...bodies,
  }
}

/** A journal with two calls: one whose reply lies in a file, and one of which a beginning is kept. */
async function disk(change: (body: RecordedBody) => RecordedBody = body => body): Promise<MemoryFiles> {
  const files = new MemoryFiles()
  let seed = 0
  const random = { bytes: (length: number) => Buffer.alloc(length, seed++) }
  const ports = { files, clock: new ManualClock(TIME_MS), random, after: () => () => {} }
  const journal = await openJournal({ folder: 'data/journal', lane: 0 }, ports)
  const folder = 'data/journal'
  const store = await BlobStore.open({
    files,
    folder,
    lane: 0,
    segment: () => journal.segment,
    durability: 'fsync',
  })
  const writer = await store.create(CALL, 'reply', { sessionId: SESSION, roleArn: 'r' })
  await writer.write(CONTENTS)
  const blob = await writer.finish()
  const whole = { bytes: CONTENTS.length, sha256: sha256(CONTENTS), blob, text: 'first line' }
  const cut = { bytes: 100, sha256: sha256('x'), text: '{"a":1', cut: 'the first 6 of 100 bytes are kept' }
  const events = [
    ...call(CALL, {
      replyBody: change(whole),
      requestBody: { bytes: 4, sha256: sha256('sent'), text: 'sent' },
    }),
    ...call(OTHER, { replyBody: cut, requestBody: { bytes: 9, cut: 'it is left out: it holds secrets' } }),
  ]
  await Promise.all([...events.map(event => journal.append(event)), journal.close()])
  return files
}

const BLOB = `data/journal/blobs/00/0000000001/${CALL}.reply.zst`

async function run(
  files: MemoryFiles,
  args: readonly string[],
  columns?: number,
): Promise<{ code: number; out: string; err: string; bytes: Buffer }> {
  let out = ''
  let err = ''
  const pieces: Buffer[] = []
  const code = await sessions([...args, '--data', 'data'], {
    files,
    dataFolder: async () => 'data',
    out: async text => {
      out += text
    },
    err: text => {
      err += text
    },
    colored: false,
    sleep: async () => undefined,
    terminal: noTerminal({ columns, bytes: async bytes => void pieces.push(bytes) }),
    facts: {
      signingName: () => undefined,
      accessLevel: () => undefined,
      lowerCamel: ({ parameters }) => parameters,
    },
  })
  return { code, out, err, bytes: Buffer.concat(pieces) }
}

test('a body goes to a pipe as it was, and to a file', async () => {
  const files = await disk()
  const piped = await run(files, ['body', CALL])
  assert.equal(piped.err, '')
  assert.equal(piped.code, 0)
  assert.ok(piped.bytes.equals(CONTENTS))
  const written = await run(files, ['body', CALL, '--reply', '-o', 'reply.txt'])
  assert.equal(written.code, 0)
  assert.ok(files.bytes('reply.txt').equals(CONTENTS))
  assert.equal(files.contents.has('reply.txt.part'), false)
  const request = await run(files, ['body', CALL, '--request'])
  assert.equal(request.bytes.toString(), 'sent')
})

test('a terminal is shown text that cannot speak to it', async () => {
  const { out, bytes } = await run(await disk(), ['body', CALL], 80)
  assert.equal(bytes.length, 0)
  assert.ok(out.startsWith('first line\nsecond \\x1b[31mline\n'))
})

test('a body that is not what was recorded leaves nothing behind, and nothing of it is written', async () => {
  const files = await disk()
  const bytes = files.bytes(BLOB)
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  for (const args of [
    ['body', CALL],
    ['body', CALL, '--out', 'reply.txt'],
  ]) {
    const ran = await run(files, args)
    assert.equal(ran.code, 1)
    assert.match(ran.err, /is not what was recorded/)
    assert.equal(ran.bytes.length, 0)
  }
  assert.equal(files.contents.has('reply.txt'), false)
  assert.equal(files.contents.has('reply.txt.part'), false)
})

test('what was not kept, or not whole, is said', async () => {
  const files = await disk()
  const cut = await run(files, ['body', OTHER])
  assert.equal(cut.code, 0)
  assert.equal(cut.bytes.toString(), '{"a":1')
  assert.match(cut.err, /the reply is not whole: the first 6 of 100 bytes are kept/)
  const leftOut = await run(files, ['body', OTHER, '--request'])
  assert.equal(leftOut.code, 1)
  assert.match(leftOut.err, /was kept: it is left out: it holds secrets/)
  assert.equal((await run(files, ['body', SESSION])).code, 1)
  assert.equal((await run(files, ['body'])).code, 2)
  assert.equal((await run(files, ['body', CALL, '--request', '--reply'])).code, 2)
})

test('an event that names a file of another call, or anything else, leads to none', async () => {
  for (const blob of ['../../keys/journal.json', `00/0000000001/${OTHER}.reply.zst`]) {
    const files = await disk(body => ({ ...body, blob }))
    files.put(`data/journal/blobs/00/0000000001/${OTHER}.reply.zst`, files.bytes(BLOB))
    const ran = await run(files, ['body', CALL])
    assert.equal(ran.code, 1)
    assert.match(ran.err, /is none of the call/)
  }
})

test('verifying finds what is missing and what is another; what went with its segment is told apart', async () => {
  const source = (files: MemoryFiles): { files: MemoryFiles; folder: string } => ({
    files,
    folder: 'data/journal',
  })
  const files = await disk()
  const report = await verifyBlobs(source(files))
  assert.equal(report.whole, true)
  assert.equal(report.bodies, 1)
  assert.equal(report.bytes, CONTENTS.length)

  const damaged = await disk()
  damaged.put(BLOB, damaged.bytes(BLOB).subarray(0, 20))
  assert.equal((await verifyBlobs(source(damaged))).faults[0]?.code, 'body-damaged')

  const missing = await disk()
  missing.contents.delete(BLOB)
  const found = await verifyBlobs(source(missing))
  assert.equal(found.whole, false)
  assert.deepEqual(
    found.faults.map(({ code, decisionId }) => [code, decisionId]),
    [['body-missing', CALL]],
  )

  const removed = await disk(body => ({ ...body, blob: `00/0000000000/${CALL}.reply.zst` }))
  assert.equal((await verifyBlobs(source(removed))).removed, 1)
})

test('`verify --bodies` says so, and its exit code does', async () => {
  const files = await disk()
  const whole = await run(files, ['verify', '--bodies'])
  assert.equal(whole.code, 0, whole.out + whole.err)
  assert.match(whole.out, /the bodies are whole: 1 body as recorded, 14 kB\n$/)
  files.put(BLOB, files.bytes(BLOB).subarray(1))
  const damaged = await run(files, ['verify', '--bodies'])
  assert.equal(damaged.code, 1)
  assert.match(damaged.out, /body-damaged {2}00\/0000000001\/.*1 body is not what was recorded/s)
  const json = JSON.parse((await run(files, ['verify', '--bodies', '--json'])).out) as {
    bodies: { faulty: number }
  }
  assert.equal(json.bodies.faulty, 1)
  assert.equal((await run(files, ['verify'])).code, 0)
})

test('a recording shows bodies in a few lines, with what is missing of them', async () => {
  const { out } = await run(await disk(), ['show', SESSION])
  assert.match(out, /reply: 14 kB · kept whole\n +first line\n/)
  assert.match(out, /request: 9 B · it is left out: it holds secrets\n/)
  assert.match(out, /reply: 100 B · the first 6 of 100 bytes are kept\n +\{\n +"a": 1\n/)
  assert.match(out, /parameters are left out/)
  const one = (await run(await disk(), ['show', CALL])).out
  assert.match(one, /SHA-256 [0-9a-f]{64} · in 00\/0000000001\/01JGJVS4G8000000000000000A\.reply\.zst/)
})

test('JSON is laid out as it stands; lines are bounded in number and length, and cannot speak to a terminal', () => {
  const shown = (text: string): string[] => {
    const replyBody = { bytes: text.length, sha256: '', text }
    return bodyLines(outcome(CALL, { replyBody }), 'recording').slice(1)
  }
  assert.deepEqual(shown('{"a":[1,{}],"a":"x\\",y","n":12345678901234567890, "e":[]}'), [
    '  {',
    '    "a": [',
    '      1,',
    '      {}',
    '    ],',
    '    "a": "x\\",y",',
    '    "n": 12345678901234567890,',
    '    "e": []',
    '  …',
  ])
  assert.deepEqual(shown('<a><b>1</b></a>'), ['  <a>', '  <b>1</b>', '  </a>'])
  assert.deepEqual(shown(`${'x'.repeat(500)}\u001b[2J`), [`  ${'x'.repeat(400)}… 104 characters more`])
  assert.deepEqual(shown('\u001b[2J'), ['  \\x1b[2J'])
  const binary = { bytes: 20, sha256: '', base64: Buffer.alloc(20, 0xab).toString('base64') }
  assert.deepEqual(
    bodyLines(outcome(CALL, { replyBody: binary }), 'recording')[1],
    `  ${'ab'.repeat(16)}… (no text)`,
  )
})
