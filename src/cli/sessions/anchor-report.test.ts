import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkpointedDisk, fill } from '../../record/checkpoint/checkpoint.fixture.ts'
import { encodeCheckpoint } from '../../record/checkpoint/checkpoint.ts'
import { checkpointPath } from '../../record/checkpoint/lane-file.ts'
import type { MemoryFiles } from '../../record/memory-files.ts'
import { layout } from '../../record/segment.ts'
import { verify } from './verify.ts'

async function run(
  files: MemoryFiles,
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const ports = {
    files,
    dataFolder: async () => '.',
    async out(text: string) {
      out += text
    },
    err(text: string) {
      err += text
    },
    colored: false,
  }
  return { code: await verify(args, ports as never), out, err }
}

/** A closed journal of so many events, and its checkpoints as lines. */
async function disk(events: number): Promise<{ files: MemoryFiles; lines: string[] }> {
  const made = checkpointedDisk({ folder: 'journal', events: 4 })
  const journal = await made.open()
  await fill(journal, events)
  await journal.close()
  return { files: made.files, lines: (await made.checkpoints()).map(encodeCheckpoint) }
}

const text = (lines: readonly string[]): Buffer => Buffer.from(lines.map(line => `${line}\n`).join(''))

test('verify --anchor says how far the journal is anchored', async () => {
  const { files, lines } = await disk(8)
  files.put('ledger.jsonl', text([...lines.slice(1), 'torn']))
  const { code, out, err } = await run(files, '--anchor', 'ledger.jsonl')
  assert.deepEqual([code, err], [0, ''])
  assert.match(out, /the journal is whole: 8 events in 1 lane\n/)
  assert.match(out, /lane 00 {2}anchored up to checkpoint 2, event 8; of 2 checkpoints, the anchor lacks 1\n/)
  assert.match(out, /1 line of the anchor is no checkpoint\nthe journal has all that was anchored\n$/)
})

test('verify --anchor names what was anchored and is not there any more; exit code 1', async () => {
  const before = await disk(12)
  const { files } = await disk(5)
  files.put('ledger.jsonl', text(before.lines))
  assert.equal((await run(files)).code, 0)
  const { code, out } = await run(files, '--anchor', 'ledger.jsonl')
  assert.equal(code, 1)
  assert.match(out, /lane 00 {2}not as anchored {2}checkpoint 2 \(events 5 to 8\): another one is anchored\n/)
  assert.match(out, / at ledger\.jsonl, line 3\n/)
  assert.match(out, /checkpoint 3 \(events 9 to 12\): it is anchored, and missing in the journal\n/)
  assert.match(out, /the journal is not what was anchored: 2 checkpoints of the anchor not in it\n$/)
  const json = JSON.parse((await run(files, '--json', '--anchor', 'ledger.jsonl')).out)
  assert.equal(json.whole, false)
  assert.deepEqual(
    json.anchored.faults.map((fault: { checkpoint: number }) => fault.checkpoint),
    [2, 3],
  )
})

test('verify --anchor of a place without an anchor, or with the wrong one, is no success', async () => {
  const { files } = await disk(5)
  const missing = await run(files, '--anchor', 'nowhere')
  assert.equal(missing.code, 1)
  assert.match(missing.err, /there is no anchor at `nowhere`/)
  assert.equal((await run(files, '--anchor')).code, 2)
  await files.remove(checkpointPath('journal', 0))
  files.put('ledger.jsonl', text((await disk(5)).lines))
  const gone = await run(files, '--anchor', 'ledger.jsonl')
  assert.equal(gone.code, 1)
  assert.match(gone.out, /the lane has no checkpoints here/)
  assert.ok(files.bytes(layout.head('journal', 0)).length > 0)
})

test('what an anchor holds does not reach the terminal', async () => {
  const { files, lines } = await disk(5)
  files.put('led\u001bger.jsonl', text([lines[0]?.replace('"timeMs":1', '"timeMs":2') ?? '']))
  const { code, out } = await run(files, '--anchor', 'led\u001bger.jsonl')
  assert.equal(code, 1)
  assert.ok(!out.includes('\u001b'))
})
