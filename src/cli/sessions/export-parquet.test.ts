import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GateError } from '../../core/errors.ts'
import { FACTS } from '../../record/export/facts.fixture.ts'
import { allowed, onDisk } from '../../record/journal.fixture.ts'
import { MemoryFiles } from '../../record/memory-files.ts'
import { sessions } from '../sessions.ts'
import { noTerminal } from './terminal.fixture.ts'

/** Runs `sessions export`; `calls` are those of the port that writes. */
async function run(
  ...args: readonly string[]
): Promise<{ code: number; out: string; err: string; calls: string[] }> {
  const files = new MemoryFiles()
  const journal = await onDisk({ folder: 'data/journal', segmentBytes: 400 }, undefined, files).open()
  for (const id of ['a', 'b', 'c']) await journal.append({ ...allowed(id), effect: 'deny' })
  await journal.close()
  let [out, err] = ['', '']
  const calls: string[] = []
  const code = await sessions(['export', '--data', 'data', ...args], {
    files,
    dataFolder: async path => path,
    async out(text) {
      out += text
    },
    err(text) {
      err += text
    },
    colored: false,
    sleep: async () => undefined,
    terminal: noTerminal(),
    facts: FACTS,
    async parquet(_source, lane, segment, path) {
      if (segment === 99) throw new GateError('segment-missing', 'lane 0 has no segment 99')
      calls.push(`${lane}/${segment} ${path}`)
      return 2
    },
  })
  return { code, out, err, calls }
}

test('a file for each segment, or for one', async () => {
  const all = await run('--format', 'parquet', '--out', 'to')
  assert.equal(all.code, 0, all.err)
  assert.equal(all.calls[0], '0/1 to/00-0000000001.parquet')
  assert.match(all.out, new RegExp(`${2 * all.calls.length} entries in ${all.calls.length} files in to`))
  const one = await run('--format=parquet', '--segment', '00/1', '--out', 'x.parquet', '--json')
  assert.deepEqual(one.calls, ['0/1 x.parquet'])
  assert.deepEqual(JSON.parse(one.out), { format: 'parquet', out: 'x.parquet', files: 1, entries: 2 })
})

test('wrong usage, and a segment that is not there', async () => {
  const parquet = ['--format', 'parquet'] as const
  for (const [message, ...args] of [
    [/say with --out/, ...parquet],
    [/--segment takes LANE\/NUMBER/, ...parquet, '--out', 'x', '--segment', '1'],
    [/takes no `more`/, ...parquet, '--out', 'x', 'more'],
  ] as const) {
    const { code, err } = await run(...args)
    assert.equal(code, 2)
    assert.match(err, message)
  }
  const missing = await run(...parquet, '--segment', '0/99', '--out', 'x')
  assert.equal(missing.code, 1)
  assert.match(missing.err, /no segment 99/)
  assert.equal((await run(...parquet, '--help')).code, 0)
})
