import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FACTS } from '../../record/export/facts.fixture.ts'
import { allowed, onDisk, STARTED_MS, steadyRandom } from '../../record/journal.fixture.ts'
import { MemoryFiles } from '../../record/memory-files.ts'
import { sessions } from '../sessions.ts'
import type { SessionsPorts } from './ports.ts'
import { noTerminal } from './terminal.fixture.ts'

async function recorded(): Promise<MemoryFiles> {
  const files = new MemoryFiles()
  const journal = await onDisk({ folder: 'data/journal', segmentBytes: 500 }, undefined, files).open()
  for (let at = 0; at < 10; at++) {
    await journal.append({ ...allowed(`e${at}`, STARTED_MS + at), effect: 'deny' })
  }
  await journal.close()
  return files
}

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function run(
  files: MemoryFiles,
  args: readonly string[],
  ports: Partial<SessionsPorts> = {},
): Promise<Ran> {
  let [out, err] = ['', '']
  const code = await sessions([...args, '--data', 'data'], {
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
    index: { random: steadyRandom('index'), key: async () => undefined },
    ...ports,
  })
  return { code, out, err }
}

function indexed(files: MemoryFiles): string[] {
  return [...files.contents.keys()].filter(name => name.startsWith('data/index/'))
}

test('a search brings the index up to date and finds what a scan finds', async () => {
  const files = await recorded()
  const scanned = await run(files, ['search', 'event:e3', '--scan', '--json'])
  assert.deepEqual(indexed(files), [])
  const found = await run(files, ['search', 'event:e3', '--json'])
  assert.deepEqual(found, scanned)
  assert.match(found.out, /"e3"/)
  assert.ok(indexed(files).includes('data/index/00/0000000001.idx'))
})

test('where another process keeps the index and is far behind, the journal is gone through', async () => {
  const files = await recorded()
  const lock = await files.lock('data/index/lock')
  const { code, out, err } = await run(files, ['search', 'event:e3'])
  assert.equal(code, 0)
  assert.match(out, /1 entry/)
  assert.match(err, /the index cannot be used now/)
  const busy = await run(files, ['index'])
  assert.equal(busy.code, 1)
  assert.match(busy.err, /another process keeps the index/)
  lock?.release()
})

test('index: up to date, anew, removed', async () => {
  const files = await recorded()
  assert.match((await run(files, ['index'])).out, /^10 events indexed/)
  const again = JSON.parse((await run(files, ['index', '--json'])).out)
  assert.ok(again.events < 10)
  assert.match((await run(files, ['index', '--rebuild'])).out, /^10 events indexed/)
  assert.match((await run(files, ['index', '--remove'])).out, /^0 events/)
  assert.deepEqual(
    indexed(files).filter(name => !name.endsWith('/lock')),
    [],
  )
})

test('index --follow goes on until the person wants no more', async () => {
  const files = await recorded()
  let left = 2
  const terminal = noTerminal({
    changes: () => ({ next: async () => left-- > 0, close: () => undefined }),
  })
  const { code, out } = await run(files, ['index', '--follow'], { terminal })
  assert.equal(code, 0)
  assert.match(out, /events indexed/)
  assert.ok(left < 0)
})

test('wrong usage', async () => {
  const files = await recorded()
  for (const args of [
    ['index', 'x'],
    ['index', '--follow', '--rebuild'],
    ['index', '--frob'],
  ]) {
    assert.equal((await run(files, args)).code, 2, args.join(' '))
  }
  assert.equal((await run(files, ['index', '--help'])).code, 0)
})
