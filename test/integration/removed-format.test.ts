import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readPublicKeys, writePublicKeys } from '../../src/record/checkpoint/signer.ts'
import { STARTED_MS, steadyRandom } from '../../src/record/journal.fixture.ts'
import { nodeFiles } from '../../src/record/node-files.ts'
import { addHoldWord } from '../../src/record/retention/holds.ts'
import { HOUR_MS, record, retainedDisk } from '../../src/record/retention/retention.fixture.ts'
import { verifyJournal } from '../../src/record/verify.ts'
import { execute, python, ROOT } from '../harness/process.ts'

/** A journal of this version from which segments were removed, and a second verifier. */
const VECTORS = join(ROOT, 'vectors/recording/removed')
const SAMPLE = join(VECTORS, 'sample')
const PUBLIC = join(VECTORS, 'public.pem')
const VERIFIER = join(VECTORS, 'verify.py')

/** Three lanes: gaps at the beginning and around a segment on hold, and a lane that is gone as a whole. */
async function writeVectors(): Promise<Map<string, Buffer>> {
  const disk = await retainedDisk([0, 1, 2])
  await record(disk.journals[1], 5, { name: 'a' })
  await record(disk.journals[1], 2, { name: 'b', session: 'HELD' })
  await record(disk.journals[1], 5, { name: 'c' })
  await record(disk.journals[0], 8, { name: 'd' })
  await record(disk.journals[2], 6, { name: 'e' })
  await disk.catchUp()
  await disk.journals[2]?.close()
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  await addHoldWord(disk.source, { what: 'hold', session: 'HELD', timeMs: STARTED_MS, by: 'ana' })
  await disk.settleDown(disk.retention({ writes: lane => lane < 2 }))
  await record(disk.journals[0], 4, { name: 'f', timeMs: disk.nowMs })
  await record(disk.journals[1], 4, { name: 'g', timeMs: disk.nowMs })
  await disk.catchUp()
  for (const journal of disk.journals) await journal.close()
  const written = new Map<string, Buffer>([['public.pem', Buffer.from(writePublicKeys(disk.keys))]])
  for (const [path, { bytes }] of disk.files.contents) written.set(path.replace('journal/', 'sample/'), bytes)
  return written
}

function filesOf(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
}

/** Numbers that look random and are the same in every run. */
function numbers(seed: string): (below: number) => number {
  const random = steadyRandom(seed)
  return below => random.bytes(6).readUIntBE(0, 6) % below
}

type Damage = (bytes: Buffer, below: (limit: number) => number) => Buffer | undefined

const DAMAGES: readonly Damage[] = [
  (bytes, below) => {
    const changed = Buffer.from(bytes)
    const at = below(bytes.length)
    changed.writeUInt8((changed.readUInt8(at) ^ (1 << below(8))) & 0xff, at)
    return changed
  },
  (bytes, below) => bytes.subarray(0, below(bytes.length)),
  (bytes, below) => Buffer.concat([bytes, Buffer.alloc(1 + below(200), below(256))]),
  (bytes, below) => {
    const lines = bytes.toString('latin1').split(/(?<=\n)/)
    return Buffer.from(lines.toSpliced(below(lines.length), 1).join(''), 'latin1')
  },
  () => undefined,
  () => undefined,
]

describe('the format of a recording from which segments were removed', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-removed-'))
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

  it('is proven by a second verifier', async () => {
    const keys = readPublicKeys(readFileSync(PUBLIC, 'utf8'))
    const report = await verifyJournal({ files: nodeFiles, folder: SAMPLE }, keys)
    assert.equal(report.whole, true, JSON.stringify(report, null, 1))
    const gaps = report.lanes.map(({ removed = [] }) => removed.length)
    assert.ok((gaps[0] ?? 0) >= 1 && (gaps[1] ?? 0) >= 2 && gaps[2] === 1, `${gaps}`)
    const { code, stdout, stderr } = await execute(python(), [VERIFIER, PUBLIC, SAMPLE])
    assert.equal(code, 0, stdout + stderr)
    const lines = report.lanes.map(({ lane, events, removed = [] }) => {
      const gone = removed.reduce((sum, { events: [first, last] }) => sum + last - first + 1, 0)
      return `${SAMPLE}: lane ${String(lane).padStart(2, '0')} whole ${events}, ${gone} removed`
    })
    assert.deepEqual(stdout.trim().split('\n'), lines)
  })

  it('leaves no doubt: both verifiers find the same lanes broken, whatever was changed or taken away', async () => {
    const keys = readPublicKeys(readFileSync(PUBLIC, 'utf8'))
    const below = numbers('damage')
    const expected: string[] = []
    const folders: string[] = []
    const told: string[] = []
    let broken = 0
    for (let round = 0; round < 100; round++) {
      const copy = join(folder, String(round))
      cpSync(SAMPLE, copy, { recursive: true })
      const paths = filesOf(copy)
        .filter(
          path => !/^(removed|holds)/.test(path.slice(copy.length + 1)) && readFileSync(path).length > 0,
        )
        .sort()
      const path = paths[below(paths.length)] ?? ''
      const changed = DAMAGES[below(DAMAGES.length)]?.(readFileSync(path), below)
      if (changed === undefined) rmSync(path)
      else writeFileSync(path, changed)
      folders.push(copy)
      for (const lane of (await verifyJournal({ files: nodeFiles, folder: copy }, keys)).lanes) {
        if (lane.break !== undefined) broken++
        told.push(`${path} (${changed?.length ?? 'gone'}): ${lane.break?.reason}`)
        const gone = (lane.removed ?? []).reduce(
          (sum, { events: [first, last] }) => sum + last - first + 1,
          0,
        )
        const answer = lane.break === undefined ? `whole ${lane.events}, ${gone} removed` : 'broken'
        expected.push(`${copy}: lane ${String(lane.lane).padStart(2, '0')} ${answer}`)
      }
    }
    const { stdout, stderr } = await execute(python(), [VERIFIER, PUBLIC, ...folders])
    assert.equal(stderr, '')
    const found = stdout
      .trim()
      .replaceAll(/ broken: .*$/gm, ' broken')
      .split('\n')
    for (const [at, line] of expected.entries())
      assert.equal(found[at], line, `${told[at]}\n${stdout.split('\n')[at]}`)
    assert.ok(broken > 80, `${broken} of the changes broke a lane`)
  })
})
