import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadCatalog } from '../catalog/load.ts'
import { DATA_EVENTS } from '../record/reconcile/unlogged.ts'
import { trailFiles } from './trail-files.ts'

async function inTempFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-trail-'))
  try {
    await run(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function found(path: string): Promise<{ names: string[]; texts: string[]; skipped: number }> {
  const names: string[] = []
  const texts: string[] = []
  let skipped = 0
  for await (const file of trailFiles(path, () => skipped++)) {
    names.push(file.path.slice(path.length + 1))
    let text = ''
    for await (const chunk of file.bytes()) text += chunk.toString()
    texts.push(text)
  }
  return { names, texts, skipped }
}

test('a delivery: its events in order of their names; digests, links and what is no JSON are passed over', () =>
  inTempFolder(async folder => {
    const day = join(folder, 'AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/02')
    await mkdir(day, { recursive: true })
    await mkdir(join(folder, 'AWSLogs/111122223333/CloudTrail-Digest'))
    await writeFile(join(folder, 'AWSLogs/111122223333/CloudTrail-Digest/a.json'), '{}')
    await writeFile(join(day, 'b.json.gz'), 'b')
    await writeFile(join(day, 'a.json'), 'a')
    await writeFile(join(day, 'note.txt'), 'c')
    await symlink(folder, join(day, 'circle'))
    const { names, texts, skipped } = await found(folder)
    assert.deepEqual(
      names.map(name => name.split('/').at(-1)),
      ['a.json', 'b.json.gz'],
    )
    assert.deepEqual([texts, skipped], [['a', 'b'], 3])
  }))

test('a file that is named is read whatever it is called; one that is not there is an error', () =>
  inTempFolder(async folder => {
    await writeFile(join(folder, 'events'), 'x')
    assert.deepEqual((await found(join(folder, 'events'))).texts, ['x'])
    await assert.rejects(found(join(folder, 'nothing')), {
      code: 'events-unreadable',
      message: /`ENOENT`$/,
    })
  }))

test('the catalog has every service and operation that CloudTrail is known to log only when asked', () => {
  const { services } = loadCatalog()
  for (const [service, operations] of DATA_EVENTS) {
    const known = services.get(service)
    assert.ok(known, service)
    if (operations === 'all') continue
    for (const operation of operations) assert.ok(known.operations.has(operation), `${service} ${operation}`)
  }
})
