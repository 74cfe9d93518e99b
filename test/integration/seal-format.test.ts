import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ManualClock } from '../../src/core/clock.ts'
import type { DecisionEvent } from '../../src/record/event.ts'
import { allowed, ended, STARTED_MS, steadyRandom } from '../../src/record/journal.fixture.ts'
import { openJournal } from '../../src/record/journal.ts'
import { MemoryFiles } from '../../src/record/memory-files.ts'
import { nodeFiles } from '../../src/record/node-files.ts'
import { type JournalSource, readJournal } from '../../src/record/read.ts'
import { openKeyFinder } from '../../src/record/seal/key-finder.ts'
import { openLaneKeys } from '../../src/record/seal/lane-keys.ts'
import { openFileMasterKey } from '../../src/record/seal/master-file.ts'
import type { MasterKey } from '../../src/record/seal/ports.ts'
import type { SealPorts } from '../../src/record/seal/sealer.ts'
import { shred } from '../../src/record/seal/shred.ts'
import { sealStream } from '../../src/record/seal/stream.ts'
import { verifyJournal } from '../../src/record/verify.ts'
import { execute, python, ROOT } from '../harness/process.ts'

/** A sealed journal of this version, and a second reader that was written from docs/recording-format.md alone. */
const VECTORS = join(ROOT, 'vectors/seal')
const SAMPLE = join(VECTORS, 'sample')
const MASTER = join(VECTORS, 'master.json')
const STREAM = join(VECTORS, 'stream.sealed')
const STREAM_NAME = '01KDYAK348XSW5Z8PCB54ZSRPS.reply'
const PLAIN = Buffer.alloc(65_536 + 5, 'Straße ')
const READER = join(VECTORS, 'unseal.py')
const CLOCK = new ManualClock(STARTED_MS)

/** A master key file that stands in memory; `text` is what was written, or what is there. */
function masterIn(file: { text?: string }): MasterKey {
  return openFileMasterKey({
    path: 'keys/master.json',
    clock: CLOCK,
    random: steadyRandom('master'),
    make: true,
    files: {
      facts: () => (file.text === undefined ? undefined : { mode: 0o600, folderMode: 0o700 }),
      read: () => file.text ?? '',
      makeFolder: () => undefined,
      create: (_path, text) => {
        file.text = text
        return true
      },
    },
  })
}

function call(id: string, session: string | undefined, role: string): DecisionEvent {
  const roleArn = `arn:aws:iam::111122223333:role/${role}`
  const principal = { arn: roleArn, roleArn, issuer: 'i', subject: 'ä€𝄞', actingFor: [] }
  return { ...allowed(id), principal, ...(session === undefined ? {} : { sessionId: session }) }
}

/** Two lanes; of one tenant a session was shredded, and another tenant altogether. */
async function writeVectors(): Promise<Map<string, Buffer>> {
  const files = new MemoryFiles()
  const folder = 'sample'
  const file: { text?: string } = {}
  const random = steadyRandom('vectors')
  const options = { files, folder, master: masterIn(file), clock: CLOCK, random }
  const written = new Map<string, Buffer>()
  const tenantOf = (role: string | undefined): string => role?.split('/')[1] ?? 'default'
  for (const lane of [0, 7]) {
    const seal = async (): Promise<SealPorts> => {
      return {
        keys: await openLaneKeys({ ...options, lane, tenants: ['default'], keysPerFile: 3 }),
        tenantOf,
      }
    }
    const ports = { files, clock: CLOCK, random, after: () => () => {}, seal }
    const journal = await openJournal({ folder, lane, segmentBytes: 3_000 }, ports)
    for (const [number, session] of ['s1', 's2', undefined].entries()) {
      await journal.append(call(`${lane}-${number}`, session, 'acme'))
      const outcome = {
        ...ended(`${lane}-${number}`),
        awsRequestId: 'r',
        ...(session && { sessionId: session }),
      }
      // An outcome waits for something to share its write with.
      await Promise.all([
        journal.append(outcome),
        journal.append(call(`${lane}-${number}i`, `i${number}`, 'initech')),
      ])
    }
    await journal.close()
  }
  const key = await (await openLaneKeys({ ...options, lane: 8, tenants: [] })).current({ tenant: 'acme' })
  const pieces: Buffer[] = []
  for await (const piece of sealStream([PLAIN], key, STREAM_NAME, random)) pieces.push(piece)
  const order = { by: 'ann', reason: 'asked for', timeMs: STARTED_MS }
  const ports = { files, folder, isHeld: async () => false }
  await shred(ports, { ...order, what: 'session', of: 's1', id: '01JD9Q3V7T5W8ZK2M4N6P8R0SA' })
  await shred(ports, { ...order, what: 'tenant', of: 'initech', id: '01JD9Q3V7T5W8ZK2M4N6P8R0SB' })
  for (const [path, { bytes }] of files.contents) written.set(path, bytes)
  written.set('master.json', Buffer.from(file.text ?? ''))
  written.set('stream.sealed', Buffer.concat(pieces))
  return written
}

function filesOf(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
}

function sourceOf(folder: string): JournalSource {
  const master = masterIn({ text: readFileSync(MASTER, 'utf8') })
  const options = { files: nodeFiles, folder, master, clock: CLOCK, random: steadyRandom('') }
  return { files: nodeFiles, folder, keys: openKeyFinder(options) }
}

/** Each event as one text, whatever the order of its members; what is nobody's any more as what is left of it. */
async function textsOf(source: JournalSource): Promise<string[]> {
  const texts: string[] = []
  for await (const { event } of readJournal(source)) {
    const { type, id, timeMs, sessionId, shredded } = event
    const effect = 'effect' in event ? event.effect : undefined
    const { decisionId, awsRequestId } = { decisionId: undefined, awsRequestId: undefined, ...event }
    const left = { type, id, timeMs, sessionId, effect, decisionId, awsRequestId, shredded }
    texts.push(canonical(shredded === true ? left : event))
  }
  return texts.sort()
}

function canonical(value: object): string {
  const sorted = (_key: string, each: unknown): unknown =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each
  return JSON.stringify(value, sorted)
}

describe('the format of sealed recordings', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-seal-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('is that of the vectors, byte for byte', async () => {
    const vectors = await writeVectors()
    // A new format: a new version, and new vectors.
    if (process.env['WRITE_SAMPLE'] !== undefined) {
      for (const [name, bytes] of vectors) {
        mkdirSync(dirname(join(VECTORS, name)), { recursive: true })
        writeFileSync(join(VECTORS, name), bytes)
      }
    }
    const names = filesOf(VECTORS).map(path => path.slice(VECTORS.length + 1))
    assert.deepEqual(names.filter(name => !/\.py/.test(name)).sort(), [...vectors.keys()].sort())
    for (const [name, bytes] of vectors) assert.deepEqual(readFileSync(join(VECTORS, name)), bytes, name)
  })

  it('is verified by the verifiers of any journal: they need no key, and do not see that something was shredded', async () => {
    const report = await verifyJournal({ files: nodeFiles, folder: SAMPLE })
    assert.equal(report.whole, true)
    const { code, stdout } = await execute(python(), [join(ROOT, 'vectors/journal/verify.py'), SAMPLE])
    assert.equal(code, 0, stdout)
  })

  it('is opened by a second reader, to the same events', async () => {
    const { code, stdout, stderr } = await execute(python(), [
      READER,
      MASTER,
      SAMPLE,
      `${STREAM_NAME}=${STREAM}`,
    ])
    assert.equal(code, 0, stdout + stderr)
    const lines = stdout.trim().split('\n')
    assert.equal(lines.pop(), `${STREAM_NAME} ${createHash('sha256').update(PLAIN).digest('hex')}`)
    const theirs = lines.map(line => canonical(JSON.parse(line) as object)).sort()
    const ours = await textsOf(sourceOf(SAMPLE))
    assert.deepEqual(theirs, ours)
    assert.equal(ours.filter(text => text.includes('"shredded":true')).length, 10)
    assert.equal(ours.filter(text => text.includes('ä€𝄞')).length, 4)
  })

  it('leaves no doubt: both readers refuse a key that was changed', async () => {
    const changes: readonly (readonly [name: string, at: number])[] = [
      ['keys/00/0000000001.keys', 512 * 3 + 30],
      ['keys/00/0000000001.keys', 512 * 3 + 120],
      ['keys/00/tenants/acme.1.json', 20],
      ['keys/00/tenants/acme.1.json', 150],
    ]
    for (const [number, [name, at]] of changes.entries()) {
      const copy = join(folder, String(number))
      cpSync(SAMPLE, copy, { recursive: true })
      const bytes = readFileSync(join(copy, name))
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
      writeFileSync(join(copy, name), bytes)
      await assert.rejects(textsOf(sourceOf(copy)), { code: /journal-corrupt|master-key-unavailable/ }, name)
      const { code, stdout } = await execute(python(), [READER, MASTER, copy])
      assert.equal(code, 1, `${name}: ${stdout}`)
    }
  })
})
