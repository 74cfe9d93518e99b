import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ManualClock } from '../../src/core/clock.ts'
import type { JournalEvent } from '../../src/record/event.ts'
import { allowed, ended, STARTED_MS, steadyRandom } from '../../src/record/journal.fixture.ts'
import { openJournal } from '../../src/record/journal.ts'
import { MemoryFiles } from '../../src/record/memory-files.ts'
import { nodeFiles } from '../../src/record/node-files.ts'
import { verifyJournal } from '../../src/record/verify.ts'
import { execute, python, ROOT } from '../harness/process.ts'

/** Journals of this version, and a second verifier that was written from docs/recording-format.md alone. */
const VECTORS = join(ROOT, 'vectors/journal')
const SAMPLE = join(VECTORS, 'sample')

/** Writes the sample: two lanes, several segments, one closed in good order and one not. */
async function writeSample(): Promise<Map<string, Buffer>> {
  const files = new MemoryFiles()
  for (const lane of [0, 7]) {
    const ports = {
      files,
      clock: new ManualClock(STARTED_MS),
      random: steadyRandom(`lane ${lane}`),
      after: () => () => {},
    }
    const journal = await openJournal({ folder: 'sample', lane, segmentBytes: 700 }, ports)
    for (let call = 0; call < 6; call++) {
      const decision: JournalEvent = { ...allowed(`${lane}-${call}`, STARTED_MS + call), userAgent: 'ä€𝄞' }
      const outcome = journal.append(ended(`${lane}-${call}`, STARTED_MS + call))
      await Promise.all([outcome, journal.append(decision)])
    }
    if (lane === 0) await journal.close()
  }
  return new Map([...files.contents].map(([path, { bytes }]) => [path.slice('sample/'.length), bytes]))
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

/** What may have happened to a file, by a bad disk or by somebody. */
const DAMAGES: readonly ((bytes: Buffer, below: (limit: number) => number) => Buffer | undefined)[] = [
  (bytes, below) => {
    const changed = Buffer.from(bytes)
    const at = below(bytes.length)
    changed.writeUInt8((changed.readUInt8(at) ^ (1 << below(8))) & 0xff, at)
    return changed
  },
  (bytes, below) => bytes.subarray(0, below(bytes.length)),
  (bytes, below) => Buffer.concat([bytes, Buffer.alloc(1 + below(200), below(256))]),
  (bytes, below) => {
    const at = below(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(40))])
  },
  bytes => Buffer.concat([bytes, bytes.subarray(76)]),
  () => undefined,
]

describe('the format of a recording', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-format-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('is that of the sample, byte for byte', async () => {
    const sample = await writeSample()
    // A new format: a new version in the header, and a new sample.
    if (process.env['WRITE_SAMPLE'] !== undefined) {
      for (const [name, bytes] of sample) {
        mkdirSync(dirname(join(SAMPLE, name)), { recursive: true })
        writeFileSync(join(SAMPLE, name), bytes)
      }
    }
    const names = filesOf(SAMPLE).map(path => path.slice(SAMPLE.length + 1))
    assert.deepEqual(names.sort(), [...sample.keys()].sort())
    for (const [name, bytes] of sample) assert.deepEqual(readFileSync(join(SAMPLE, name)), bytes, name)
  })

  it('is proven by a second verifier: both say of the sample that it is whole', async () => {
    const report = await verifyJournal({ files: nodeFiles, folder: SAMPLE })
    assert.equal(report.whole, true)
    const { code, stdout, stderr } = await execute(python(), [join(VECTORS, 'verify.py'), SAMPLE])
    assert.equal(code, 0, stdout + stderr)
    const lines = report.lanes.map(({ lane, events, link }) => {
      return `${SAMPLE}: lane ${String(lane).padStart(2, '0')} whole ${events} ${link}`
    })
    assert.deepEqual(stdout.trim().split('\n'), lines)
  })

  it('leaves no doubt: both verifiers find the same lanes broken, whatever was changed', async () => {
    const below = numbers('damage')
    const expected: string[] = []
    const folders: string[] = []
    let broken = 0
    for (let round = 0; round < 150; round++) {
      const copy = join(folder, String(round))
      cpSync(SAMPLE, copy, { recursive: true })
      const paths = filesOf(copy).sort()
      const path = paths[below(paths.length)] ?? ''
      const changed = DAMAGES[below(DAMAGES.length)]?.(readFileSync(path), below)
      if (changed === undefined) rmSync(path)
      else writeFileSync(path, changed)
      folders.push(copy)
      for (const lane of (await verifyJournal({ files: nodeFiles, folder: copy })).lanes) {
        const answer = lane.break === undefined ? `whole ${lane.events} ${lane.link}` : 'broken'
        if (lane.break !== undefined) broken++
        expected.push(`${copy}: lane ${String(lane.lane).padStart(2, '0')} ${answer}`)
      }
    }
    const { stdout } = await execute(python(), [join(VECTORS, 'verify.py'), ...folders])
    assert.deepEqual(
      stdout
        .trim()
        .replaceAll(/ broken: .*$/gm, ' broken')
        .split('\n'),
      expected,
    )
    assert.ok(broken > 100, `${broken} of the changes broke a lane`)
  })
})
