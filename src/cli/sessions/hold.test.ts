import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writePublicKeys } from '../../record/checkpoint/signer.ts'
import { STARTED_MS } from '../../record/journal.fixture.ts'
import { addHoldWord, isHeld } from '../../record/retention/holds.ts'
import { HOUR_MS, type RetainedDisk, record, retainedDisk } from '../../record/retention/retention.fixture.ts'
import { sessions } from '../sessions.ts'
import { noTerminal } from './terminal.fixture.ts'

const SESSION = '01JGJVS4G80000000000000001'

async function run(
  disk: RetainedDisk,
  ...args: string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ['', '']
  const code = await sessions([...args, '--data', '.'], {
    files: disk.files,
    dataFolder: async path => path,
    out: async text => {
      out += text
    },
    err: text => {
      err += text
    },
    colored: false,
    terminal: noTerminal(),
    sleep: async () => undefined,
    facts: {
      signingName: () => undefined,
      accessLevel: () => undefined,
      lowerCamel: call => call.parameters,
    },
    operator: { user: () => 'ana', newId: () => 'id', now: () => STARTED_MS },
  })
  return { code, out, err }
}

test('hold, holds, release: who, when and why; and a warning where the journal has nothing of it', async () => {
  const disk = await retainedDisk()
  await record(disk.journals[0], 3, { session: SESSION })
  assert.deepEqual(await run(disk, 'hold', SESSION, '--reason', 'case \u001b[2J17'), {
    code: 0,
    out: `${SESSION} is on hold\n`,
    err: '',
  })
  assert.match((await run(disk, 'hold', 'TYPO', '--reason', 'x', '--by', 'bo')).out, /nothing of it now/)
  assert.equal(
    (await run(disk, 'holds')).out,
    `${SESSION}  since 2026-01-02 03:04:05 by ana: case \\x1b[2J17
TYPO  since 2026-01-02 03:04:05 by bo: x
2 sessions on hold
`,
  )
  assert.equal(JSON.parse((await run(disk, 'holds', '--json')).out).holds[0].by, 'ana')
  assert.equal(await isHeld(disk.source, SESSION), true)
  assert.match((await run(disk, 'release', SESSION)).out, /on hold no more/)
  assert.match((await run(disk, 'release', SESSION)).out, /is not on hold/)
  assert.equal(await isHeld(disk.source, SESSION), false)
})

test('what is said wrong holds nothing, and says so', async () => {
  const disk = await retainedDisk()
  for (const args of [
    ['hold', SESSION],
    ['hold', SESSION, '--reason', ' '],
    ['hold', '--reason', 'x'],
    ['hold', 'a b', '--reason', 'x'],
    ['hold', SESSION, 'OTHER', '--reason', 'x'],
    ['hold', SESSION, '--reason', 'x'.repeat(1_001)],
    ['holds', SESSION],
    ['release', SESSION, '--json'],
  ]) {
    assert.equal((await run(disk, ...args)).code, 2, args.join(' '))
  }
  assert.equal((await run(disk, 'holds')).out, '0 sessions on hold\n')
  disk.files.put('journal/holds.jsonl', Buffer.from('nonsense\n'))
  assert.equal((await run(disk, 'holds')).code, 1)
  assert.equal((await run(disk, 'hold', SESSION, '--reason', 'x')).code, 1)
})

test('verify says what was removed; the other commands say at their beginning that something was', async () => {
  const disk = await retainedDisk()
  await record(disk.journals[0], 3, { session: SESSION })
  await record(disk.journals[0], 9)
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  await addHoldWord(disk.source, { what: 'hold', session: SESSION, timeMs: 1, by: 'ana' })
  await disk.settleDown(disk.retention())
  const verified = await run(disk, 'verify')
  assert.equal(verified.code, 0, verified.out + verified.err)
  assert.match(
    verified.out,
    /events \d+ to \d+ \(segments \d+ to \d+\) were removed: \w{26} of 2026-01-02 05:04:05 vouches/,
  )
  for (const args of [['list'], ['show', SESSION], ['export', '--format', 'jsonl'], ['search', 'c1']]) {
    const { code, err } = await run(disk, ...args)
    assert.equal(code, 0, args.join(' ') + err)
    assert.match(err, /^sallyport: of lane 00, events \d+ to \d+ were removed by their age\n$/)
  }
})

test('verify --key does not take the word of a lane without checkpoints for long', async () => {
  const disk = await retainedDisk([0], { unsigned: true })
  await record(disk.journals[0], 3)
  await record(disk.journals[0], 3, { timeMs: STARTED_MS + 2 * HOUR_MS })
  await disk.journals[0]?.close()
  disk.files.put('key.pem', Buffer.from(writePublicKeys(disk.keys)))
  assert.equal((await run(disk, 'verify')).code, 0)
  const { code, out } = await run(disk, 'verify', '--key', 'key.pem')
  assert.equal(code, 1)
  assert.match(out, /it has no checkpoint, though its events are of 120 minutes/)
})
