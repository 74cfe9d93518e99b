import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import {
  checkpointedDisk,
  fill,
  memoryKeyFiles,
  testSigner,
} from '../../record/checkpoint/checkpoint.fixture.ts'
import { openFileSigner } from '../../record/checkpoint/keys-signer.ts'
import { byId, writePublicKeys } from '../../record/checkpoint/signer.ts'
import { STARTED_MS, steadyRandom } from '../../record/journal.fixture.ts'
import type { MemoryFiles } from '../../record/memory-files.ts'
import { key, prove } from './prove.ts'
import { verify } from './verify.ts'
import { verifyProof } from './verify-proof.ts'

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

type Command = typeof prove | typeof verify | typeof verifyProof

async function run(command: Command, files: MemoryFiles, ...args: string[]): Promise<Ran> {
  let out = ''
  let err = ''
  const code = await command(args, {
    files,
    dataFolder: async () => '.',
    async out(text: string) {
      out += text
    },
    err(text: string) {
      err += text
    },
    colored: false,
  } as never)
  return { code, out, err }
}

/** The key file with the key of `testSigner`. */
function keyFile(): string {
  const written = new Map<string, string>()
  const ports = {
    files: memoryKeyFiles(written),
    clock: new ManualClock(STARTED_MS),
    random: steadyRandom('signer'),
  }
  openFileSigner({ path: 'journal.json', ...ports })
  return written.get('journal.json') ?? ''
}

/** A closed journal in the folder `.`, with its key file, and its public key beside it. */
async function disk(): Promise<MemoryFiles> {
  const made = checkpointedDisk({ folder: 'journal', events: 4 })
  const journal = await made.open()
  await fill(journal, 6)
  await journal.close()
  made.files.put('keys/journal.json', Buffer.from(keyFile()))
  made.files.put('public.pem', Buffer.from(writePublicKeys(made.keys)))
  made.files.put('thief.pem', Buffer.from(writePublicKeys(byId([testSigner('thief').publicKey]))))
  return made.files
}

test('prove writes a proof, verify-proof says what it proves, and of whom', async () => {
  const files = await disk()
  const proved = await run(prove, files, 'e2', '--out', 'e2.json')
  assert.deepEqual(proved, { code: 0, out: 'the proof of e2 is in e2.json\n', err: '' })
  const checked = await run(verifyProof, files, 'e2.json', '--key', 'public.pem')
  assert.equal(checked.code, 0, checked.err)
  assert.match(
    checked.out,
    /^the proof holds: event 3 of lane 00 is this, byte for byte\njournal [0-9a-f]{32}, /,
  )
  assert.match(
    checked.out,
    /checkpoint 1 over 4 events\nsigned 2026-01-02 03:04:05 UTC with the key [0-9a-f]{32}\n/,
  )
  assert.match(checked.out, /"id": "e2"/)
  const json = JSON.parse((await run(verifyProof, files, 'e2.json', '--key', 'public.pem', '--json')).out)
  assert.deepEqual([json.proven, json.number, json.event.id], [true, 3, 'e2'])
})

test('without --out the proof goes to standard output', async () => {
  const { code, out } = await run(prove, await disk(), 'e5')
  assert.equal(code, 0)
  assert.equal(JSON.parse(out).checkpoint.number, 2)
})

test('a proof that was altered, or that another key has signed, does not hold', async () => {
  const files = await disk()
  await run(prove, files, 'e2', '--out', 'e2.json')
  const thief = await run(verifyProof, files, 'e2.json', '--key', 'thief.pem')
  assert.equal(thief.code, 1)
  assert.match(
    thief.err,
    /the proof does not hold: it is signed with the key `\w{32}`, not with one that is given/,
  )
  files.put('e2.json', Buffer.from(files.bytes('e2.json').toString().replace('::1', '::2')))
  const altered = await run(verifyProof, files, 'e2.json', '--key', 'public.pem')
  assert.equal(altered.code, 1)
  assert.match(altered.err, /its event is not one that the checkpoint was signed over/)
})

test('key prints what verify and verify-proof take', async () => {
  const files = await disk()
  const { out } = await run(key, files)
  const [first, ...pem] = out.split('\n')
  assert.match(first ?? '', /^# key [0-9a-f]{32}, from 2026-01-02 03:04:05 UTC, signs now$/)
  assert.equal(pem.join('\n'), files.bytes('public.pem').toString())
  files.put('printed.pem', Buffer.from(out))
  assert.equal((await run(verify, files, '--key', 'printed.pem')).code, 0)
  files.contents.delete('keys/journal.json')
  const missing = await run(key, files)
  assert.equal(missing.code, 1)
  assert.match(missing.err, /has no `keys\/journal.json`/)
})

test('verify says how far checkpoints reach, and with which keys', async () => {
  const files = await disk()
  assert.match((await run(verify, files)).out, /2 checkpoints up to event 6\n/)
  assert.match((await run(verify, files, '--key', 'public.pem')).out, /2 checkpoints up to event 6\n/)
  const thief = await run(verify, files, '--key', 'thief.pem')
  assert.equal(thief.code, 1)
  assert.match(thief.out, /checkpoint 1: it is signed with the key `\w{32}`, which is not among those given/)
  files.contents.delete('keys/journal.json')
  assert.match((await run(verify, files)).out, /signatures not checked: there is no key, give one with --key/)
  assert.equal((await run(verify, files, '--key', 'nowhere.pem')).code, 1)
})

test('verify names the lane and the checkpoint that does not hold', async () => {
  const files = await disk()
  const path = 'journal/checkpoints/00.jsonl'
  files.put(path, Buffer.from(files.bytes(path).toString().replace('"last":6', '"last":5')))
  const { code, out } = await run(verify, files)
  assert.equal(code, 1)
  assert.match(
    out,
    /lane 00 {2}broken .*\n.*lane 00, segment 1, event 5, byte \d+: checkpoint 2: its signature does not hold/,
  )
})

test('wrong usage is told with the right one', async () => {
  const files = await disk()
  const wrong: readonly (readonly [Command, readonly string[], RegExp])[] = [
    [prove, [], /give the id of one event/],
    [prove, ['a', 'b'], /give the id of one event/],
    [prove, ['a', '--key', 'public.pem'], /it takes no --key/],
    [key, ['e1'], /it takes no id/],
    [key, ['--data', '.', '--config', 'x'], /--data or --config, not both/],
    [verify, ['--out', 'x'], /it takes no --out/],
    [verifyProof, ['e2.json'], /give the public key with --key/],
    [verifyProof, ['a', 'b', '--key', 'k'], /give the file of one proof/],
    [verifyProof, ['--nothing'], /Unknown option/],
  ]
  for (const [command, args, message] of wrong) {
    const ran = await run(command, files, ...args)
    assert.equal(ran.code, 2)
    assert.match(ran.err, message)
    assert.match(ran.err, /usage: sallyport/)
  }
  assert.equal((await run(prove, files, '--help')).code, 0)
  assert.equal((await run(verifyProof, files, '--help')).code, 0)
  assert.equal((await run(verifyProof, files)).code, 2)
})
