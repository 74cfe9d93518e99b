import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { checkpointedDisk, testSigner } from '../../record/checkpoint/checkpoint.fixture.ts'
import type { KeyFiles } from '../../record/checkpoint/key-file.ts'
import { openFileSigner, openRemoteSigner, type RemoteKey } from '../../record/checkpoint/keys-signer.ts'
import { allowed, STARTED_MS, steadyRandom } from '../../record/journal.fixture.ts'
import { MemoryFiles } from '../../record/memory-files.ts'
import { key, prove } from './prove.ts'
import { rotateKey } from './rotate.ts'
import { verify } from './verify.ts'
import { verifyProof } from './verify-proof.ts'

const PATH = 'keys/journal.json'
const KMS = { arn: 'arn:aws:kms:eu-west-1:111122223333:key/1', region: 'eu-west-1' }

/** Files of keys on the same disk as the journal. */
function keyFiles(files: MemoryFiles): KeyFiles {
  return {
    facts: path => (files.contents.has(path) ? { mode: 0o600, folderMode: 0o700 } : undefined),
    read: path => files.bytes(path).toString(),
    makeFolder: () => undefined,
    create(path, text) {
      files.put(path, Buffer.from(text))
      return true
    },
  }
}

/** A gate's disk, whose configuration names `remote`, or no key in KMS. */
function world() {
  const files = new MemoryFiles()
  const clock = new ManualClock(STARTED_MS)
  const made = checkpointedDisk({ folder: 'journal', events: 4 }, files)
  let events = 0
  const self = {
    files,
    clock,
    remote: undefined as RemoteKey | undefined,
    /** The one that the configuration named before. */
    former: undefined as RemoteKey | undefined,
    signer: () => {
      const options = { path: PATH, files: keyFiles(files), clock, random: steadyRandom('first') }
      return self.remote === undefined ? openFileSigner(options) : openRemoteSigner(options, self.remote)
    },
    /** A gate runs, and writes so many events. */
    async gate(count: number): Promise<void> {
      const journal = await made.open({ signer: await self.signer() })
      for (let left = count; left > 0; left--) await journal.append(allowed(`e${events++}`))
      await journal.close()
    },
    async run(
      command: typeof verify,
      ...args: string[]
    ): Promise<{ code: number; out: string; err: string }> {
      const result = { code: 0, out: '', err: '' }
      result.code = await command(args, {
        files,
        dataFolder: async () => '.',
        async out(text: string) {
          result.out += text
        },
        err(text: string) {
          result.err += text
        },
        colored: false,
        rotate: {
          clock,
          random: steadyRandom(`key ${events}`),
          configured: async () => self.remote,
          remote: () => self.remote ?? self.former,
        },
      } as never)
      return result
    },
  }
  return self
}

test('who holds the old public key alone follows to the new one; the old private key is gone', async () => {
  const disk = world()
  await disk.gate(6)
  disk.files.put('old.pem', Buffer.from((await disk.run(key as typeof verify)).out))
  const before = disk.files.bytes(PATH).toString()
  const secret = JSON.parse(before).keys[0].privateKey
  const rotated = await disk.run(rotateKey as typeof verify)
  assert.deepEqual([rotated.code, rotated.err], [0, ''])
  await disk.gate(6)
  disk.clock.advance(1_000)
  assert.equal((await disk.run(rotateKey as typeof verify)).code, 0)
  await disk.gate(3)
  assert.ok(!disk.files.bytes(PATH).toString().includes(secret))
  const printed = await disk.run(key as typeof verify)
  assert.equal(printed.out.match(/until 2026-01-02/g)?.length, 2)
  assert.equal(printed.out.match(/signs now/g)?.length, 1)
  const verified = await disk.run(verify, '--key', 'old.pem')
  assert.deepEqual([verified.code, verified.err], [0, ''])
  assert.match(verified.out, /checkpoints up to event 15/)
  assert.equal((await disk.run(verify)).code, 0)
  await disk.run(prove as typeof verify, 'e13', '--out', 'proof.json')
  const proofArgs = ['proof.json', '--key', 'old.pem']
  assert.equal((await disk.run(verifyProof as typeof verify, ...proofArgs)).code, 1)
  const successions = ['--successions', 'journal/checkpoints/successions.jsonl']
  assert.equal((await disk.run(verifyProof as typeof verify, ...proofArgs, ...successions)).code, 0)
})

test('a succession that is forged or gone is found', async () => {
  const disk = world()
  await disk.gate(6)
  disk.files.put('old.pem', Buffer.from((await disk.run(key as typeof verify)).out))
  await disk.run(rotateKey as typeof verify)
  await disk.gate(6)
  const path = 'journal/checkpoints/successions.jsonl'
  const line = disk.files.bytes(path).toString()
  disk.files.put(path, Buffer.from(line.replace(/"timeMs":\d/, '"timeMs":9')))
  assert.match(
    (await disk.run(verify, '--key', 'old.pem')).err,
    /succession 1 of the journal's keys does not hold/,
  )
  disk.files.contents.delete(path)
  const unknown = await disk.run(verify, '--key', 'old.pem')
  assert.equal(unknown.code, 1)
  assert.match(unknown.out, /which is not among those given/)
  disk.files.put('new.pem', Buffer.from((await disk.run(key as typeof verify)).out))
  assert.equal((await disk.run(verify, '--key', 'old.pem', '--key', 'new.pem')).code, 0)
})

test('whoever took a key that was retired cannot go on with it', async () => {
  const disk = world()
  await disk.gate(6)
  const stolen = disk.files.bytes(PATH)
  await disk.run(rotateKey as typeof verify)
  await disk.gate(6)
  const keys = disk.files.bytes(PATH)
  disk.files.put(PATH, stolen)
  await disk.gate(6)
  disk.files.put(PATH, keys)
  const verified = await disk.run(verify)
  assert.equal(verified.code, 1)
  assert.match(verified.out, /had been followed by another/)
})

test('to a key in KMS and back: whichever was there before signs', async () => {
  const disk = world()
  await disk.gate(6)
  disk.files.put('old.pem', Buffer.from((await disk.run(key as typeof verify)).out))
  const kms = testSigner('kms')
  disk.remote = { kms: KMS, open: async () => kms }
  assert.equal((await disk.run(rotateKey as typeof verify)).code, 0)
  assert.match((await disk.run(rotateKey as typeof verify)).err, /has signed before/)
  await disk.gate(6)
  disk.former = disk.remote
  disk.remote = undefined
  const gone = await disk.run(rotateKey as typeof verify)
  assert.equal(gone.code, 0)
  await disk.gate(6)
  assert.equal((await disk.run(verify, '--key', 'old.pem')).code, 0)
})

test('where the old key is gone, a new one is not vouched for: its public part is handed out again', async () => {
  const disk = world()
  disk.remote = { kms: KMS, open: async () => testSigner('kms') }
  await disk.gate(6)
  disk.files.put('old.pem', Buffer.from((await disk.run(key as typeof verify)).out))
  disk.remote = undefined
  assert.equal((await disk.run(rotateKey as typeof verify, '--unsigned')).code, 0)
  await disk.gate(6)
  assert.equal((await disk.run(verify, '--key', 'old.pem')).code, 1)
  assert.equal((await disk.run(verify)).code, 0)
})

test('killed between its two writes, the old key signs on, and the next rotation is a whole one', async () => {
  const disk = world()
  await disk.gate(6)
  disk.files.put('old.pem', Buffer.from((await disk.run(key as typeof verify)).out))
  disk.files.fault = (call, path) => {
    if (call === 'rename' && path === PATH) throw Object.assign(new Error('gone'), { code: 'EIO' })
    return undefined
  }
  assert.equal((await disk.run(rotateKey as typeof verify)).code, 1)
  disk.files.fault = () => undefined
  await disk.gate(6)
  assert.equal((await disk.run(verify, '--key', 'old.pem')).code, 0)
  assert.equal((await disk.run(rotateKey as typeof verify)).code, 0)
  await disk.gate(6)
  assert.equal((await disk.run(verify, '--key', 'old.pem')).code, 0)
})

test('without a configuration, a key in KMS is not given up by mistake', async () => {
  const disk = world()
  disk.remote = { kms: KMS, open: async () => testSigner('kms') }
  await disk.gate(6)
  assert.match(
    (await disk.run(rotateKey as typeof verify, '--data', '.')).err,
    /a key in KMS signs: give --config/,
  )
})
