import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readEntries } from '../calls.ts'
import type { DecisionEvent } from '../event.ts'
import { JournalFollower } from '../follow/journal.ts'
import { allowed, ended } from '../journal.fixture.ts'
import { readJournal } from '../read.ts'
import { parseQuery } from '../search/parse.ts'
import { searchJournal } from '../search/search.ts'
import { hasFailed } from '../sessions.ts'
import { sqlCall, sqlDecision, sqlOutcome } from '../sql.fixture.ts'
import { FOLDER, type SealedDisk, sealedDisk } from './sealed-disk.fixture.ts'

const CANARY = 'correct-horse-battery-staple'

/** A call of a session in a role, with something that nobody without a key shall see. */
function call(id: string, sessionId: string, role = 'acme'): DecisionEvent {
  const arn = `arn:aws:iam::111122223333:role/${role}`
  return {
    ...allowed(id),
    sessionId,
    principal: { arn, roleArn: arn, issuer: 'i', subject: CANARY, actingFor: [] },
    userAgent: CANARY,
  }
}

function filesWith(disk: SealedDisk, text: string): string[] {
  return [...disk.files.contents].flatMap(([path, { bytes }]) => (bytes.includes(text) ? [path] : []))
}

test('nothing of what is sealed lies on the disk, and it is found by whoever has the keys alone', async () => {
  const disk = sealedDisk()
  const journal = await disk.open()
  await journal.append(call('1', 's1'))
  await journal.append({ ...ended('1'), sessionId: 's1', error: CANARY })
  await journal.close()
  assert.deepEqual(filesWith(disk, CANARY), [])
  const search = async (source: Parameters<typeof searchJournal>[0]): Promise<number> => {
    let found = 0
    for await (const _ of searchJournal(source, parseQuery(CANARY, 0), { limit: 10 })) found++
    return found
  }
  assert.equal(await search(disk.source), 1)
  assert.equal(await search({ files: disk.files, folder: FOLDER }), 0)
  const blind = []
  for await (const { event } of readJournal({ files: disk.files, folder: FOLDER })) blind.push(event)
  assert.deepEqual(
    blind.map(({ id, sealed, sessionId }) => [id, sealed, sessionId]),
    [
      ['1', true, 's1'],
      ['1-end', true, 's1'],
    ],
  )
})

test('of a statement to a database neither text nor parameters, fingerprint or results lie on the disk', async () => {
  const disk = sealedDisk()
  const journal = await disk.open()
  const said = {
    text: CANARY,
    normalized: `${CANARY}-form`,
    fingerprint: 'fedcba9876543210',
    target: `${CANARY}-t`,
  }
  const call = sqlCall({ parameters: { $1: CANARY }, operation: CANARY }, said)
  const result = { tables: [{ columns: [CANARY], rows: [[CANARY]] }] }
  await journal.append(sqlDecision('1', 1, call))
  await journal.append(sqlOutcome('1', 2, { result, error: CANARY, rows: 7_654_321 }))
  await journal.close()
  for (const text of [CANARY, 'fedcba9876543210', '7654321', 'protocol'])
    assert.deepEqual(filesWith(disk, text), [], text)
  const found = []
  for await (const { event } of readJournal(disk.source)) found.push(event)
  const [decision, outcome] = found
  assert.ok(decision?.type === 'decision' && outcome?.type === 'outcome')
  assert.deepEqual([decision.call, outcome.result, outcome.protocol], [call, result, 'sql'])
  const blind = []
  for await (const entry of readEntries({ files: disk.files, folder: FOLDER }, 'all')) blind.push(entry)
  assert.equal(blind.length, 1)
  assert.ok(blind[0]?.kind === 'call' && blind[0].ending.kind === 'outcome')
  // Nobody without a key can tell whether it failed.
  assert.equal(hasFailed(blind[0].ending.outcome), false)
})

test('calls that were in flight are found after a crash without any key', async () => {
  const disk = sealedDisk()
  const journal = await disk.open()
  await journal.append(call('1', 's1'))
  await journal.append(call('2', 's1'))
  await journal.append({ ...ended('1'), sessionId: 's1' })
  disk.files.crash()
  await (await disk.open()).close()
  const recovery = (await disk.events()).at(-1)
  assert.deepEqual(recovery?.type === 'recovery' && recovery.inFlight, ['2'])
})

test('each session of a lane has a key of its own, and an outcome that of its call', async () => {
  const disk = sealedDisk()
  const journal = await disk.open()
  await Promise.all([journal.append(call('1', 's1')), journal.append(call('2', 's2', 'initech'))])
  await journal.append({ ...ended('2'), sessionId: 's2' })
  await journal.append({ ...ended('1'), sessionId: 's1' })
  await journal.append(allowed('3'))
  await journal.close()
  const records = disk.files.bytes(`${FOLDER}/keys/00/0000000001.keys`).toString().split('\n').slice(1, -1)
  const owners = records.map(line => {
    const { session, tenant } = JSON.parse(line) as { session?: string; tenant: string }
    return [session, tenant]
  })
  assert.deepEqual(owners.sort(), [
    [undefined, 'default'],
    ['s1', 'acme'],
    ['s2', 'initech'],
  ])
})

test('where the master key does not answer, a journal does not open; later, only what is new to it is refused', async () => {
  const disk = sealedDisk()
  disk.master.gone = true
  await assert.rejects(disk.open(), { code: 'master-key-unavailable' })
  disk.master.gone = false
  const journal = await disk.open()
  disk.master.gone = true
  await journal.append(call('1', 's1', 'default'))
  const refused = { code: 'journal-unavailable', message: /: the master key cannot be used$/ }
  await assert.rejects(journal.append(call('2', 's2')), refused)
  await journal.append(call('3', 's3', 'default'))
  disk.master.gone = false
  await journal.append(call('4', 's2'))
  await journal.close()
  assert.deepEqual(
    (await disk.events()).map(({ id }) => id),
    ['1', '3', '4'],
  )
})

test('a key whose record is damaged is no shredded one: the event is named', async () => {
  const disk = sealedDisk()
  const journal = await disk.open()
  await journal.append(call('1', 's1'))
  await journal.close()
  const path = `${FOLDER}/keys/00/0000000001.keys`
  const whole = Buffer.from(disk.files.bytes(path))
  for (let at = 512; at < 1_024; at++) {
    for (const bit of [1, 2, 32, 128]) {
      const changed = Buffer.from(whole)
      changed.writeUInt8(changed.readUInt8(at) ^ bit, at)
      disk.files.put(path, changed)
      await assert.rejects(
        disk.events(),
        /event 1, byte 76: .*(`00\.0000000001\.1`|key \d+ of tenant)/,
        `${at}`,
      )
    }
  }
  disk.files.put(path, whole)
  const tenant = `${FOLDER}/keys/00/tenants/acme.1.json`
  disk.files.bytes(tenant).write('"x', 50)
  await assert.rejects(disk.events(), { code: 'journal-corrupt' })
  await disk.files.remove(path)
  await assert.rejects(
    disk.events(),
    /event 1, byte 76: the content key `00\.0000000001\.1` is missing or damaged/,
  )
})

test('who follows a journal is given opened events, also of keys that were made meanwhile', async () => {
  const disk = sealedDisk({ segmentBytes: 1_000 })
  const journal = await disk.open()
  const follower = new JournalFollower(disk.source, payload => payload.includes(CANARY))
  const seen: string[] = []
  for (const [number, session] of ['s1', 's2', 's1', 's3'].entries()) {
    await journal.append(call(`${number}`, session))
    for await (const { event } of follower.look()) {
      seen.push(event.id)
      assert.match(JSON.stringify(event), new RegExp(CANARY))
    }
  }
  assert.deepEqual(seen, ['0', '1', '2', '3'])
  await follower.close()
  await journal.close()
})
