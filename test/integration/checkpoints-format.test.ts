import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { checkpointedDisk } from '../../src/record/checkpoint/checkpoint.fixture.ts'
import { checkProof, encodeProof, prove } from '../../src/record/checkpoint/proof.ts'
import { readPublicKeys, writePublicKeys } from '../../src/record/checkpoint/signer.ts'
import { allowed, ended, STARTED_MS, steadyRandom } from '../../src/record/journal.fixture.ts'
import { MemoryFiles } from '../../src/record/memory-files.ts'
import { nodeFiles } from '../../src/record/node-files.ts'
import type { JournalSource } from '../../src/record/read.ts'
import { verifyJournal } from '../../src/record/verify.ts'
import { execute, python, ROOT } from '../harness/process.ts'

/** A journal with checkpoints of this version, and a second verifier written from docs/recording-format.md alone. */
const VECTORS = join(ROOT, 'vectors/recording/checkpoints')
const SAMPLE = join(VECTORS, 'sample')
const PUBLIC = join(VECTORS, 'public.pem')
const VERIFIER = join(VECTORS, 'verify.py')
const PROVEN = ['0-0', '0-3-end', '7-5']

/** Two closed lanes in several segments, a key, and some proofs. */
async function writeVectors(): Promise<Map<string, Buffer>> {
  const files = new MemoryFiles()
  const written = new Map<string, Buffer>()
  let source: JournalSource = { files, folder: 'journal' }
  for (const lane of [0, 7]) {
    const disk = checkpointedDisk({ events: 5, segmentBytes: 700, lane }, files)
    source = disk.source
    const journal = await disk.open()
    for (let call = 0; call < 6; call++) {
      const decision = { ...allowed(`${lane}-${call}`, STARTED_MS + call), userAgent: 'ä€𝄞' }
      const outcome = journal.append(ended(`${lane}-${call}`, STARTED_MS + call))
      await Promise.all([outcome, journal.append(decision)])
    }
    await journal.close()
    written.set('public.pem', Buffer.from(writePublicKeys(disk.keys)))
  }
  for (const id of PROVEN) {
    written.set(`proofs/${id}.json`, Buffer.from(encodeProof(await prove(source, id))))
  }
  for (const [path, { bytes }] of files.contents) written.set(path.replace('journal/', 'sample/'), bytes)
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

const linesOf = (bytes: Buffer): string[] => bytes.toString('latin1').split(/(?<=\n)/)
const joined = (lines: readonly string[]): Buffer => Buffer.from(lines.join(''), 'latin1')

/** What may have happened to a file of checkpoints, by a bad disk or by somebody. */
const DAMAGES: readonly Damage[] = [
  (bytes, below) => {
    const changed = Buffer.from(bytes)
    const at = below(bytes.length)
    changed.writeUInt8((changed.readUInt8(at) ^ (1 << below(8))) & 0xff, at)
    return changed
  },
  (bytes, below) => bytes.subarray(0, below(bytes.length)),
  (bytes, below) => Buffer.concat([bytes, Buffer.alloc(1 + below(200), below(256))]),
  (bytes, below) => joined(linesOf(bytes).toSpliced(below(3), 1)),
  (bytes, below) => joined(linesOf(bytes).toSpliced(below(3), 0, linesOf(bytes)[below(3)] ?? '')),
  bytes => joined(linesOf(bytes).reverse()),
  () => undefined,
]

describe('the format of checkpoints and proofs', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-checkpoints-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('is that of the vectors, byte for byte', async () => {
    const vectors = await writeVectors()
    // A new format: a new version in the line, and new vectors.
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

  it('is proven by a second verifier, lanes and proofs', async () => {
    const keys = readPublicKeys(readFileSync(PUBLIC, 'utf8'))
    const report = await verifyJournal({ files: nodeFiles, folder: SAMPLE }, keys)
    assert.equal(report.whole, true)
    const proofs = PROVEN.map(id => join(VECTORS, 'proofs', `${id}.json`))
    const { code, stdout, stderr } = await execute(python(), [VERIFIER, PUBLIC, SAMPLE, ...proofs])
    assert.equal(code, 0, stdout + stderr)
    const lanes = report.lanes.map(({ lane, checkpoints }) => {
      const { count, lastEvent } = checkpoints ?? {}
      return `${SAMPLE}: lane ${String(lane).padStart(2, '0')} ${count} checkpoints up to event ${lastEvent}`
    })
    const proven = proofs.map(
      path => `${path}: proves ${checkProof(readFileSync(path, 'utf8'), keys).event.id}`,
    )
    assert.deepEqual(stdout.trim().split('\n'), [...lanes, ...proven])
  })

  it('leaves no doubt: both verifiers find the same lanes broken, whatever was changed', async () => {
    const keys = readPublicKeys(readFileSync(PUBLIC, 'utf8'))
    const below = numbers('damage')
    const expected: string[] = []
    const folders: string[] = []
    let broken = 0
    for (let round = 0; round < 120; round++) {
      const copy = join(folder, String(round))
      cpSync(SAMPLE, copy, { recursive: true })
      const path = join(copy, 'checkpoints', below(2) === 0 ? '00.jsonl' : '07.jsonl')
      const changed = DAMAGES[below(DAMAGES.length)]?.(readFileSync(path), below)
      if (changed === undefined) rmSync(path)
      else writeFileSync(path, changed)
      folders.push(copy)
      for (const lane of (await verifyJournal({ files: nodeFiles, folder: copy }, keys)).lanes) {
        if (lane.break !== undefined) broken++
        const { count, lastEvent } = lane.checkpoints ?? { count: 0, lastEvent: 0 }
        const answer = lane.break === undefined ? `${count} checkpoints up to event ${lastEvent}` : 'broken'
        expected.push(`${copy}: lane ${String(lane.lane).padStart(2, '0')} ${answer}`)
      }
    }
    const { stdout } = await execute(python(), [VERIFIER, PUBLIC, ...folders])
    assert.deepEqual(
      stdout
        .trim()
        .replaceAll(/ broken: .*$/gm, ' broken')
        .split('\n'),
      expected,
    )
    assert.ok(broken > 90, `${broken} of the changes broke a lane`)
  })
})
