import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { compareAnchored } from '../../src/record/anchored/compare.ts'
import { checkpointedDisk, fill } from '../../src/record/checkpoint/checkpoint.fixture.ts'
import { encodeCheckpoint } from '../../src/record/checkpoint/checkpoint.ts'
import { steadyRandom } from '../../src/record/journal.fixture.ts'
import { nodeFiles } from '../../src/record/node-files.ts'
import { execute, python, ROOT } from '../harness/process.ts'

const SECOND = join(ROOT, 'vectors/recording/anchors/compare.py')
const ROUNDS = 16

/** Numbers that look random and are the same in every run. */
function numbers(seed: string): (below: number) => number {
  const random = steadyRandom(seed)
  return below => random.bytes(6).readUIntBE(0, 6) % below
}

type Change = (lines: readonly string[], below: (limit: number) => number) => string[]

const CHANGES: readonly Change[] = [
  lines => [...lines],
  (lines, below) => lines.toSpliced(below(lines.length), 1),
  (lines, below) => lines.slice(0, 1 + below(lines.length)),
  (lines, below) => [...lines, ...lines.slice(below(lines.length))],
  (lines, below) => lines.toSpliced(below(lines.length), 0, '{"version":1', '', 'x'.repeat(2000)),
  (lines, below) => {
    const at = below(lines.length)
    const line = lines[at] ?? ''
    const byte = below(line.length)
    return lines.with(at, `${line.slice(0, byte)}${line[byte] === '1' ? '2' : '1'}${line.slice(byte + 1)}`)
  },
]

describe('a second reader of anchors', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-anchors-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  function write(path: string, lines: readonly string[]): void {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, lines.map(line => `${line}\n`).join(''))
  }

  it('finds what the first one finds, whatever happens to journal and anchor', async () => {
    const lanes = new Map<number, string[]>()
    for (const lane of [0, 7]) {
      const disk = checkpointedDisk({ events: 2, lane })
      const journal = await disk.open()
      await fill(journal, 9)
      await journal.close()
      lanes.set(lane, (await disk.checkpoints()).map(encodeCheckpoint))
    }
    let found = 0
    for (let round = 0; round < ROUNDS; round++) {
      const below = numbers(`anchors ${round}`)
      const change = (lines: readonly string[]): string[] =>
        CHANGES[below(CHANGES.length)]?.(lines, below) ?? []
      const place = join(folder, String(round))
      for (const [lane, lines] of lanes)
        write(join(place, `journal/checkpoints/0${lane}.jsonl`), change(lines))
      const anchored = change([...lanes.values()].flat())
      const isFolder = below(2) === 1
      const anchor = join(place, isFolder ? 'anchor' : 'anchor.jsonl')
      if (isFolder) for (const [i, line] of anchored.entries()) write(join(anchor, `${100 + i}.json`), [line])
      else write(anchor, anchored)
      const report = await compareAnchored({ files: nodeFiles, folder: join(place, 'journal') }, anchor)
      const second = await execute(python(), [SECOND, join(place, 'journal'), anchor])
      assert.equal(second.stderr, '')
      const first = report.faults.map(({ lane, checkpoint }) => `${lane} ${checkpoint}\n`).join('')
      assert.equal(second.stdout, first, `round ${round}`)
      assert.equal(second.code, report.whole ? 0 : 1)
      if (!report.whole) found++
    }
    assert.ok(found > ROUNDS / 4 && found < ROUNDS)
  })
})
