import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { STARTED_MS, steadyRandom } from '../journal.fixture.ts'
import { memoryKeyFiles, testSigner } from './checkpoint.fixture.ts'
import { parseKeyFile } from './key-file.ts'
import { openFileSigner, openRemoteSigner, type RemoteKey } from './keys-signer.ts'
import type { CheckpointSigner } from './signer.ts'

const PATH = 'keys/journal.json'
const KMS = { arn: 'arn:aws:kms:eu-west-1:111122223333:key/1', region: 'eu-west-1' }

const remote = (open: () => Promise<CheckpointSigner>): RemoteKey => ({ kms: KMS, open })

function options(written: Map<string, string>, seed = 'key'): Parameters<typeof openFileSigner>[0] {
  return {
    path: PATH,
    files: memoryKeyFiles(written),
    clock: new ManualClock(STARTED_MS),
    random: steadyRandom(seed),
  }
}

test('a key that was rotated signs from the next checkpoint on, without a restart', async () => {
  const written = new Map<string, string>()
  const signer = openFileSigner(options(written))
  assert.equal((await signer.renew?.())?.keyId, signer.keyId)
  const other = new Map<string, string>()
  openFileSigner(options(other, 'other'))
  written.set(PATH, other.get(PATH) ?? '')
  assert.notEqual((await signer.renew?.())?.keyId, signer.keyId)
  await assert.rejects(signer.sign(Buffer.from('x')), /was retired/)
})

test('a gate whose key is in KMS starts without KMS, once it knows the key, and signs when KMS is back', async () => {
  const written = new Map<string, string>()
  const kms = testSigner('kms')
  const away = remote(async () => {
    throw new Error('away')
  })
  await assert.rejects(openRemoteSigner(options(written), away), /away/)
  assert.equal(
    (
      await openRemoteSigner(
        options(written),
        remote(async () => kms),
      )
    ).keyId,
    kms.keyId,
  )
  const [key] = parseKeyFile(PATH, written.get(PATH) ?? '').keys
  assert.deepEqual([key?.id, key?.kms, key?.privateKey], [kms.keyId, KMS, undefined])
  let isAway = true
  const later = await openRemoteSigner(
    options(written),
    remote(async () => (isAway ? Promise.reject(new Error('away')) : kms)),
  )
  assert.equal(later.keyId, kms.keyId)
  await assert.rejects(async () => later.renew?.(), /away/)
  isAway = false
  assert.equal(await later.renew?.(), kms)
})

test('another key than the one that signs is not taken silently', async () => {
  const written = new Map<string, string>()
  const own = openFileSigner(options(written))
  const withKms = await openRemoteSigner(
    options(written),
    remote(async () => testSigner('kms')),
  )
  assert.equal(withKms.keyId, own.keyId)
  await assert.rejects(
    async () => withKms.renew?.(),
    /the configuration names one in KMS; `sallyport sessions rotate-key`/,
  )
  written.clear()
  await openRemoteSigner(
    options(written),
    remote(async () => testSigner('kms')),
  )
  await assert.rejects(async () => openFileSigner(options(written)).renew?.(), /the configuration names none/)
  const another = await openRemoteSigner(
    options(written),
    remote(async () => testSigner('other')),
  )
  await assert.rejects(async () => another.renew?.(), /the one that the configuration names is another/)
})
