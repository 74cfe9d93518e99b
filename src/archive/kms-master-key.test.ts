import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type KmsStub, startKmsStub } from './kms.fixture.ts'
import { openKmsMasterKey } from './kms-master-key.ts'

const ARN = 'arn:aws:kms:eu-west-1:111122223333:key/1234'

let kms: KmsStub
let endpoint = ''

before(async () => {
  process.env['AWS_ACCESS_KEY_ID'] = 'AKIDEXAMPLE'
  process.env['AWS_SECRET_ACCESS_KEY'] = 'secret'
  kms = await startKmsStub()
  endpoint = kms.endpoint
})
after(() => kms.stop())

test('a key is wrapped and unwrapped by the key that is named, for its context alone', async () => {
  const master = openKmsMasterKey({ arn: ARN, region: 'eu-west-1', endpoint })
  assert.equal(master.id, ARN)
  const key = Buffer.alloc(32, 7)
  const wrapped = await master.wrap(key, 'tenant acme')
  assert.deepEqual(await master.unwrap(wrapped, 'tenant acme'), key)
  assert.deepEqual(
    kms.asked.map(({ target }) => target),
    ['TrentService.Encrypt', 'TrentService.Decrypt'],
  )
  assert.deepEqual(
    kms.asked.map(({ body }) => [body.KeyId, body.EncryptionContext]),
    [
      [ARN, { sallyport: 'tenant acme' }],
      [ARN, { sallyport: 'tenant acme' }],
    ],
  )
  await assert.rejects(master.unwrap(wrapped, 'tenant initech'), {
    code: 'master-key-unavailable',
    message: /`Decrypt` failed with `InvalidCiphertextException`/,
  })
})

test('what KMS refuses, and that it cannot be reached, are told by name', async () => {
  const master = openKmsMasterKey({ arn: ARN, region: 'eu-west-1', endpoint })
  kms.refuse('AccessDeniedException')
  await assert.rejects(master.wrap(Buffer.alloc(32), 'x'), {
    code: 'master-key-unavailable',
    message: `the master key \`${ARN}\` cannot be used: \`Encrypt\` failed with \`AccessDeniedException\``,
  })
  kms.refuse(undefined)
  const nowhere = openKmsMasterKey({ arn: ARN, region: 'eu-west-1', endpoint: 'http://127.0.0.1:1' })
  await assert.rejects(nowhere.wrap(Buffer.alloc(32), 'x'), /`Encrypt` failed with `ECONNREFUSED`/)
})
