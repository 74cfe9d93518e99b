import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowed, STARTED_MS, steadyRandom } from '../../record/journal.fixture.ts'
import { addHoldWord } from '../../record/retention/holds.ts'
import { FOLDER, type SealedDisk, sealedDisk } from '../../record/seal/sealed-disk.fixture.ts'
import { sessions } from '../sessions.ts'
import type { SessionsPorts } from './ports.ts'
import { noTerminal } from './terminal.fixture.ts'

const ID = '01JD9Q3V7T5W8ZK2M4N6P8R0SA'

/** Two sessions, of one of which something was recorded before there was encryption. */
async function recorded(): Promise<SealedDisk> {
  const disk = sealedDisk()
  const clear = await disk.openClear()
  await clear.append({ ...allowed('before'), sessionId: 's1' })
  await clear.close()
  const journal = await disk.open()
  await journal.append({ ...allowed('1'), sessionId: 's1' })
  await journal.append({ ...allowed('2'), sessionId: 's2' })
  await journal.close()
  return disk
}

async function run(
  disk: SealedDisk,
  args: readonly string[],
  parts: Partial<SessionsPorts> = {},
): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const code = await sessions(['shred', ...args], {
    files: disk.files,
    dataFolder: async () => '.',
    contentKeys: async () => disk.source.keys,
    out: async text => {
      out += text
    },
    err: text => {
      err += text
    },
    colored: false,
    sleep: async () => undefined,
    terminal: noTerminal(),
    facts: {} as SessionsPorts['facts'],
    operator: { user: () => 'ann', newId: () => ID, now: () => STARTED_MS },
    index: { random: steadyRandom('index'), key: async () => undefined },
    ...parts,
  })
  return { code, out, err }
}

async function withheld(disk: SealedDisk): Promise<string> {
  return (await disk.events()).flatMap(({ id, shredded }) => (shredded === true ? [id] : [])).join(' ')
}

test('a session is shredded when a reason is given and it is said that there is no way back', async () => {
  const disk = await recorded()
  const wrong: readonly (readonly string[])[] = [
    [],
    ['s1', 's2', '--reason', 'x', '--yes'],
    ['s1', '--tenant', 'acme', '--reason', 'x', '--yes'],
    ['s1', '--reason', 'x'],
    ['s1', '--yes'],
    ['s1', '--reason', '', '--yes'],
    ['s1', '--reason', 'x'.repeat(1_001), '--yes'],
    ['s1', '--reason', 'x', '--yes', '--unknown'],
  ]
  for (const args of wrong) assert.equal((await run(disk, args)).code, 2, args.join(' '))
  assert.equal(await withheld(disk), '')
  const { code, out, err } = await run(disk, ['s1', '--reason', 'asked for', '--yes'])
  assert.equal(code, 0, err)
  assert.match(
    out,
    /^shredded: session s1, 1 key\nrecorded as event 01JD9Q3V7T5W8ZK2M4N6P8R0SA; the journal still verifies\n/,
  )
  assert.match(out, /- 1 event recorded in the clear, before there was encryption: they can still be read/)
  assert.equal(await withheld(disk), '1')
  const again = await run(disk, ['s1', '--reason', 'to be sure', '--yes'])
  assert.match(again.out, /^nothing was left to shred of session s1: 1 key gone before\n/)
})

test('a tenant is shredded with its sessions, and the answer can be read by programs', async () => {
  const disk = await recorded()
  const { code, out } = await run(disk, [
    '--tenant',
    'default',
    '--reason',
    'x',
    '--by',
    'bob',
    '--yes',
    '--json',
  ])
  assert.equal(code, 0)
  const report = JSON.parse(out) as object
  const sessionsOf = { sessions: ['s1', 's2'], shredded: 3, before: 0 }
  assert.deepEqual(report, { id: ID, what: 'tenant', of: 'default', ...sessionsOf, index: 'clean' })
  assert.equal(await withheld(disk), '1 2')
  assert.match(disk.files.bytes(`${FOLDER}/keys/shredded/${ID}.json`).toString(), /"by":"bob"/)
})

test('what is on legal hold, and what nobody knows, is not shredded', async () => {
  const disk = await recorded()
  const place = { files: disk.files, folder: FOLDER }
  await addHoldWord(place, { what: 'hold', session: 's2', timeMs: STARTED_MS, by: 'court' })
  const held = await run(disk, ['s2', '--reason', 'x', '--yes'])
  assert.equal(held.code, 1)
  assert.match(held.err, /session `s2` is on legal hold: nothing was shredded/)
  assert.equal((await run(disk, ['--tenant', 'default', '--reason', 'x', '--yes'])).code, 1)
  assert.equal((await run(disk, ['s3', '--reason', 'x', '--yes'])).code, 1)
  assert.equal((await run(disk, ['s1', '--reason', 'x', '--yes'], { operator: undefined } as never)).code, 2)
  assert.equal(await withheld(disk), '')
})
