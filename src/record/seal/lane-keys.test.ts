import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import type { KeyFiles } from '../checkpoint/key-file.ts'
import { allowed, STARTED_MS, steadyRandom } from '../journal.fixture.ts'
import { MemoryFiles } from '../memory-files.ts'
import { openIndexKey } from './index-key.ts'
import { unusedKeyFiles } from './key-files.ts'
import { encodeShredded, TENANT_FILE_BYTES } from './key-record.ts'
import { openLaneKeys } from './lane-keys.ts'
import { type MasterFileOptions, openFileMasterKey } from './master-file.ts'
import type { LaneKeys } from './ports.ts'
import { FOLDER, memoryMaster, sealedDisk } from './sealed-disk.fixture.ts'

const clock = new ManualClock(STARTED_MS)

function world(keysPerFile = 3): {
  files: MemoryFiles
  master: ReturnType<typeof memoryMaster>
  open: (tenants?: readonly string[]) => Promise<LaneKeys>
} {
  const files = new MemoryFiles()
  const master = memoryMaster()
  const random = steadyRandom('lane keys')
  const options = { files, folder: FOLDER, master, clock, random, lane: 0, keysPerFile }
  return { files, master, open: (tenants = []) => openLaneKeys({ ...options, tenants }) }
}

const owner = (sessionId: string, tenant = 'acme'): { sessionId: string; tenant: string } => ({
  sessionId,
  tenant,
})

test('keys that are asked for at once are written at once, and each owner has one', async () => {
  const { files, open } = world(100)
  const keys = await open(['acme'])
  const asked = await Promise.all(['a', 'b', 'a', 'c', 'b'].map(session => keys.current(owner(session))))
  assert.deepEqual(
    asked.map(({ id }) => id.slice(-1)),
    ['1', '2', '1', '3', '2'],
  )
  // Of the file, of the first key alone, and of those that came meanwhile.
  assert.equal(files.calls.filter(call => /^sync .*keys\.new$/.test(call)).length, 3)
  for (const { id, key } of asked) assert.deepEqual(await keys.find(id), { id, key })
  assert.deepEqual(keys.known(owner('a')), asked[0] && { ...keys.known(owner('a')) })
  assert.equal(keys.known(owner('a', 'initech')), undefined)
})

test('a full key file gets a successor, and its keys seal nothing more', async () => {
  const { open } = world(2)
  const keys = await open()
  const first = await keys.current(owner('a'))
  await keys.current(owner('b'))
  assert.equal(first.id, '00.0000000001.1')
  assert.equal((await keys.current(owner('c'))).id, '00.0000000002.1')
  assert.equal(keys.known(owner('a')), undefined)
  assert.equal((await keys.current(owner('a'))).id, '00.0000000002.2')
  assert.deepEqual((await keys.find(first.id))?.key, first.key)
})

test('a process takes up no key file of another, nor one that a write failed in', async () => {
  const { files, open } = world()
  await (await open()).current(owner('a'))
  const keys = await open()
  assert.equal((await keys.current(owner('a'))).id, '00.0000000002.1')
  files.fault = call => {
    if (call !== 'sync') return undefined
    throw Object.assign(new Error('the disk says no'), { code: 'EIO' })
  }
  await assert.rejects(keys.current(owner('b')), { code: 'EIO' })
  files.fault = () => undefined
  assert.equal((await keys.current(owner('b'))).id, '00.0000000003.1')
})

test('the master key is asked once for each tenant, and each file is bound to its place', async () => {
  const { files, master, open } = world(1)
  const keys = await open(['acme', 'initech', 'acme'])
  assert.equal(master.asked, 2)
  const ids = []
  for (const session of ['a', 'b', 'c']) ids.push((await keys.current(owner(session))).id)
  await keys.current(owner('d', 'initech'))
  assert.equal(master.asked, 2)
  const path = (name: string): string => `${FOLDER}/keys/00/${name}`
  const swapped = files.bytes(path('0000000002.keys'))
  files.put(path('0000000001.keys'), Buffer.from(swapped))
  await assert.rejects((await open()).find(ids[0] ?? ''), { code: 'journal-corrupt' })
  files.put(path('tenants/initech.1.json'), Buffer.from(files.bytes(path('tenants/acme.1.json'))))
  await assert.rejects((await open()).find('00.0000000004.1'), { code: 'journal-corrupt' })
  for (const id of [
    '',
    '00.0000000001',
    '00.0000000001.0',
    '00.1.1',
    '../../../etc.1.1',
    `00.0000000001.9999999`,
  ]) {
    await assert.rejects(keys.find(id), { code: 'journal-corrupt' }, id)
  }
})

test('files of the last numbers, which somebody has put there, are followed by none that nobody would find', async () => {
  const { files, open } = world(1)
  await (await open(['acme'])).current(owner('a'))
  const folder = `${FOLDER}/keys/00`
  files.put(`${folder}/9999999999.keys`, Buffer.alloc(0))
  await assert.rejects((await open(['acme'])).current(owner('b')), { code: 'journal-corrupt' })
  const note = { tenant: 'acme', shredded: 1, by: 'x', reason: 'x' }
  files.put(`${folder}/tenants/acme.999999.json`, encodeShredded(note, TENANT_FILE_BYTES))
  await assert.rejects(open(['acme']), { code: 'journal-corrupt' })
  assert.ok(![...files.contents.keys()].some(path => /10000000000|1000000\.json/.test(path)))
})

test('key files that nothing names any more can be told', async () => {
  const disk = sealedDisk({ keysPerFile: 1, segmentBytes: 600 })
  const journal = await disk.open()
  for (let number = 0; number < 12; number++)
    await journal.append({ ...allowed(`${number}`), sessionId: `s${number}` })
  await journal.close()
  assert.deepEqual(await unusedKeyFiles(disk.source, 0), [])
  // Retention has removed the first segments.
  for (const segment of [1, 2, 3]) await disk.files.remove(`${FOLDER}/00/000000000${segment}.seg`)
  const unused = await unusedKeyFiles(disk.source, 0)
  assert.ok(unused.length > 0)
  for (const number of unused)
    await disk.files.remove(`${FOLDER}/keys/00/${String(number).padStart(10, '0')}.keys`)
  assert.deepEqual(await unusedKeyFiles(disk.source, 0), [])
  assert.deepEqual(await unusedKeyFiles(disk.source, 5), [])
})

test('the key of the index is made once, and damaged it is told', async () => {
  const { files, master } = world()
  const options = { files, folder: FOLDER, master, clock, random: steadyRandom('index') }
  const key = await openIndexKey(options)
  assert.equal(key.length, 32)
  assert.deepEqual(await openIndexKey({ ...options, random: steadyRandom('other') }), key)
  files.bytes(`${FOLDER}/keys/index.json`).write('x', 9)
  await assert.rejects(openIndexKey(options), { code: 'journal-corrupt' })
})

function masterIn(
  file: { text?: string; mode?: number },
  options: Partial<MasterFileOptions> = {},
): MasterFileOptions {
  const files: KeyFiles = {
    facts: () => (file.text === undefined ? undefined : { mode: file.mode ?? 0o600, folderMode: 0o700 }),
    read: () => file.text ?? '',
    makeFolder: () => undefined,
    create: (_path, text) => {
      file.text = text
      return true
    },
  }
  return { path: 'master.json', files, clock, random: steadyRandom('master'), make: true, ...options }
}

test('a master key in a file is made once, by the gate alone, and opens what it wrapped for its context', async () => {
  const file: { text?: string } = {}
  const missing = { code: 'master-key-unavailable', message: /it does not exist/ }
  assert.throws(() => openFileMasterKey(masterIn(file, { make: false })), missing)
  const wrapped = await openFileMasterKey(masterIn(file)).wrap(Buffer.from('key'), 'context')
  const again = openFileMasterKey(masterIn(file, { make: false }))
  assert.deepEqual(await again.unwrap(wrapped, 'context'), Buffer.from('key'))
  await assert.rejects(again.unwrap(wrapped, 'other'), { code: 'master-key-unavailable' })
  const another = openFileMasterKey(masterIn({}, { random: steadyRandom('another') }))
  await assert.rejects(another.unwrap(wrapped, 'context'), /it has no key `[0-9a-f]{32}`/)
})

test('a key file of which others may have read is not used, nor one that is none; no error holds a key', () => {
  const file: { text?: string; mode?: number } = {}
  openFileMasterKey(masterIn(file))
  const { key } = (JSON.parse(file.text ?? '') as { keys: { key: string }[] }).keys[0] ?? { key: '' }
  const bad: readonly (readonly [text: string, mode: number])[] = [
    [file.text ?? '', 0o640],
    [key, 0o600],
    ['{}', 0o600],
    [(file.text ?? '').replace('"version": 1', '"version": 2'), 0o600],
    [(file.text ?? '').replace(key, key.slice(4)), 0o600],
    [(file.text ?? '').replace(/"id": "../, '"id": "zz'), 0o600],
    [`${' '.repeat(40_000)}${file.text}`, 0o600],
  ]
  for (const [text, mode] of bad) {
    const refused = (error: Error & { code?: string }): boolean =>
      error.code === 'master-key-unavailable' && !error.message.includes(key.slice(4, 20))
    assert.throws(() => openFileMasterKey(masterIn({ text, mode })), refused, text.slice(0, 40))
  }
})

test('a tenant whose key has to be waited for holds up nobody else', async () => {
  const { master, open } = world()
  const keys = await open(['initech'])
  let answer = (): void => undefined
  const { wrap } = master
  master.wrap = async (key, context) => {
    await new Promise<void>(resolve => {
      answer = resolve
    })
    return wrap(key, context)
  }
  const waiting = [keys.current(owner('a')), keys.current(owner('b'))]
  assert.equal((await keys.current(owner('c', 'initech'))).id, '00.0000000001.1')
  answer()
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ id }) => id),
    ['00.0000000001.2', '00.0000000001.3'],
  )
  assert.equal(master.asked, 2)
})
