import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DecisionEvent } from '../event.ts'
import { allowed } from '../journal.fixture.ts'
import { verifyJournal } from '../verify.ts'
import { FOLDER, type SealedDisk, sealedDisk } from './sealed-disk.fixture.ts'
import { type ShredOrder, type ShredReport, shred } from './shred.ts'

const CANARY = 'correct-horse-battery-staple'

function call(id: string, sessionId: string | undefined, role: string): DecisionEvent {
  const arn = `arn:aws:iam::111122223333:role/${role}`
  const principal = { arn, roleArn: arn, issuer: 'i', subject: CANARY, actingFor: [] }
  return { ...allowed(id), principal, userAgent: CANARY, ...(sessionId === undefined ? {} : { sessionId }) }
}

const ORDER: ShredOrder = {
  what: 'session',
  of: 's1',
  by: 'ann',
  reason: 'asked for by its owner',
  id: '01JD9Q3V7T5W8ZK2M4N6P8R0SA',
  timeMs: 1_767_323_045_000,
}
const TENANT: ShredOrder = { ...ORDER, what: 'tenant', of: 'acme' }

function run(
  disk: SealedDisk,
  order: ShredOrder = ORDER,
  held: readonly string[] = [],
): Promise<ShredReport> {
  const isHeld = async (session: string): Promise<boolean> => held.includes(session)
  return shred({ files: disk.files, folder: FOLDER, isHeld }, order)
}

/** Two lanes that are written still. */
async function recorded(): Promise<{ disk: SealedDisk; close: () => Promise<void> }> {
  const disk = sealedDisk({ keysPerFile: 2 })
  const journals = [await disk.open(0), await disk.open(1)]
  for (const [lane, journal] of journals.entries()) {
    await journal.append(call(`${lane}a`, 's1', 'acme'))
    await journal.append(call(`${lane}b`, 's2', 'acme'))
    await journal.append(call(`${lane}c`, 's3', 'initech'))
    await journal.append(call(`${lane}d`, undefined, 'acme'))
    await journal.append(call(`${lane}e`, undefined, 'initech'))
  }
  return { disk, close: async () => void (await Promise.all(journals.map(journal => journal.close()))) }
}

async function readable(disk: SealedDisk): Promise<string> {
  const events = await disk.events()
  assert.ok(
    events.every(
      event => event.type === 'shred' || (event.shredded === true) !== JSON.stringify(event).includes(CANARY),
    ),
  )
  return events.flatMap(({ id, shredded }) => (shredded === true ? [] : [id])).join(' ')
}

test('a session is shredded in all lanes beside gates that write; the chain still verifies, and says so', async () => {
  const { disk, close } = await recorded()
  const report = await run(disk)
  assert.deepEqual(report, { shredded: 2, before: 0, sessions: ['s1'] })
  assert.equal(await readable(disk), '0b 0c 0d 0e 1b 1c 1d 1e')
  await close()
  await (await disk.open(0)).close()
  const events = await disk.events()
  const { what, of, by, reason } = ORDER
  assert.deepEqual(
    events.filter(({ type }) => type === 'shred'),
    [{ type: 'shred', id: ORDER.id, timeMs: ORDER.timeMs, what, of, by, reason }],
  )
  assert.equal((await verifyJournal({ files: disk.files, folder: FOLDER })).whole, true)
  await (await disk.open(0)).close()
  assert.equal((await disk.events()).filter(({ type }) => type === 'shred').length, 1)
  assert.deepEqual(await run(disk), { shredded: 0, before: 2, sessions: ['s1'] })
})

test('what a gate goes on to record of a shredded session is readable again when it has started anew, and not before', async () => {
  const { disk, close } = await recorded()
  const journal = await disk.open(2)
  await journal.append(call('2a', 's1', 'acme'))
  await run(disk)
  await journal.append(call('2b', 's1', 'acme'))
  await journal.close()
  const again = await disk.open(2)
  await again.append(call('2c', 's1', 'acme'))
  await again.close()
  await close()
  assert.match(await readable(disk), /(^| )2c/)
  assert.doesNotMatch(await readable(disk), /2a|2b/)
})

test('a tenant is shredded with all of its sessions, and may begin anew', async () => {
  const { disk, close } = await recorded()
  const report = await run(disk, TENANT)
  assert.deepEqual(report, { shredded: 8, before: 0, sessions: ['s1', 's2'] })
  assert.equal(await readable(disk), '0c 0e 1c 1e')
  const journal = await disk.open(2)
  await journal.append(call('2a', 's4', 'acme'))
  await journal.close()
  assert.equal(await readable(disk), `0c 0e 1c 1e ${ORDER.id} 2a`)
  await close()
  const again = await disk.open(0)
  await again.append(call('0z', 's4', 'acme'))
  await again.close()
  assert.match(await readable(disk), / 0z/)
  assert.equal((await verifyJournal({ files: disk.files, folder: FOLDER })).whole, true)
})

test('whoever has the master key and a shredded journal has nothing: its keys are nowhere', async () => {
  const { disk, close } = await recorded()
  const path = `${FOLDER}/keys/00/0000000001.keys`
  const wrapped = (): string[] =>
    [
      ...disk.files
        .bytes(path)
        .toString()
        .matchAll(/"wrapped":"([^"]+)"/g),
    ].map(([, b]) => b ?? '')
  const [key = ''] = wrapped()
  await close()
  await run(disk)
  assert.equal(wrapped().includes(key), false)
  for (const [name, { bytes }] of disk.files.contents) assert.equal(bytes.includes(key), false, name)
  const note = JSON.parse(disk.files.bytes(path).toString('utf8', 512, 1_024)) as object
  assert.deepEqual(note, {
    session: 's1',
    tenant: 'acme',
    shredded: ORDER.timeMs,
    by: 'ann',
    reason: ORDER.reason,
  })
})

test('what is held is not shredded, nor is what is unknown; long reasons are cut in the note', async () => {
  const { disk, close } = await recorded()
  const before = await readable(disk)
  await assert.rejects(run(disk, ORDER, ['s1']), { code: 'session-held' })
  await assert.rejects(run(disk, TENANT, ['s2']), { code: 'session-held' })
  await assert.rejects(run(disk, { ...ORDER, of: 'nobody' }), { code: 'session-unknown' })
  await assert.rejects(run(disk, { ...TENANT, of: 'nobody' }), { code: 'session-unknown' })
  assert.equal(await readable(disk), before)
  await run(disk, { ...ORDER, by: '𝄞'.repeat(500), reason: '"\\'.repeat(500) })
  assert.doesNotMatch(await readable(disk), /[01]a/)
  await close()
})

test('cut off by a crash at any call of the disk, shredding again finishes it', async () => {
  for (let calls = 1; calls < 80; calls++) {
    const { disk, close } = await recorded()
    await close()
    let left = calls
    let failed = false
    disk.files.fault = (call, _path, bytes) => {
      left--
      if (left > 0) return undefined
      failed = true
      // A part of the line may be there when the power goes.
      if (left === 0 && call === 'write') return Math.min(bytes, 60)
      throw Object.assign(new Error('the disk says no'), { code: 'EIO' })
    }
    await run(disk, TENANT).catch(() => undefined)
    disk.files.crash()
    await run(disk, { ...TENANT, id: '01JD9Q3V7T5W8ZK2M4N6P8R0SB' })
    assert.equal(await readable(disk), '0c 0e 1c 1e', `after ${calls} calls`)
    if (!failed) return
  }
  assert.fail('it takes more calls than expected')
})

test('a reader that meets a key while it is overwritten looks again', async () => {
  const { disk, close } = await recorded()
  await close()
  const path = `${FOLDER}/keys/00/0000000001.keys`
  const whole = Buffer.from(disk.files.bytes(path))
  const torn = Buffer.from(whole)
  torn.write('"shredded":17', 512 + 30)
  const { open } = disk.files
  let looks = 0
  disk.files.open = async name => {
    const file = await open.call(disk.files, name)
    if (file === undefined || name !== path) return file
    return {
      ...file,
      read: async (target, position) => (looks++ === 0 ? torn : whole).copy(target, 0, position),
    }
  }
  assert.match(await readable(disk), /^0a /)
  assert.ok(looks > 1)
})
