import assert from 'node:assert/strict'
import { generateKeyPairSync, verify } from 'node:crypto'
import { test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { STARTED_MS, steadyRandom } from '../journal.fixture.ts'
import { memoryKeyFiles, testSigner } from './checkpoint.fixture.ts'
import { publicKeysOf } from './key-file.ts'
import { openFileSigner } from './keys-signer.ts'
import { byId, readPublicKeys, writePublicKeys } from './signer.ts'

const PATH = 'keys/journal.json'

function opened(written: Map<string, string>, seed = 'key'): ReturnType<typeof openFileSigner> {
  const ports = {
    files: memoryKeyFiles(written),
    clock: new ManualClock(STARTED_MS),
    random: steadyRandom(seed),
  }
  return openFileSigner({ path: PATH, ...ports })
}

test('the key is made once; whoever opens the file signs with it', async () => {
  const written = new Map<string, string>()
  const first = opened(written)
  const second = opened(written, 'another')
  assert.equal(second.keyId, first.keyId)
  const bytes = Buffer.from('what is signed')
  assert.ok(verify(null, bytes, first.publicKey, await second.sign(bytes)))
  assert.deepEqual([...publicKeysOf(PATH, written.get(PATH) ?? '').keys()], [first.keyId])
})

test('of several keys the newest signs, and all of them verify', () => {
  const written = new Map<string, string>()
  const old = opened(written)
  const other = new Map<string, string>()
  opened(other, 'newer')
  const keys = [written, other].map(each => JSON.parse(each.get(PATH) ?? '').keys[0])
  keys[1].created = new Date(STARTED_MS + 1).toISOString()
  const text = JSON.stringify({ version: 1, keys: keys.toReversed() })
  const newest = opened(new Map([[PATH, text]]))
  assert.equal(newest.keyId, keys[1].id)
  assert.deepEqual(new Set(publicKeysOf(PATH, text).keys()), new Set([old.keyId, newest.keyId]))
})

const UNUSABLE: readonly [string, string][] = [
  ['{', 'it is not JSON'],
  ['{"version":3}', 'its version is not 1 or 2'],
  ['{"version":1,"keys":[]}', 'it must hold 1 to 64 keys'],
  ['{"version":1,"keys":[{}]}', '`created` of key 1 is not a time'],
  ['{"version":1,"keys":[{"created":"2026-01-02","privateKey":"AAAA"}]}', 'key 1 is not an Ed25519 key'],
  [' '.repeat(65_537), 'it has more than 65536 characters'],
]

for (const [text, why] of UNUSABLE) {
  test(`a key file is refused: ${why}`, () => {
    assert.throws(() => opened(new Map([[PATH, text]])), {
      code: 'journal-key-unusable',
      message: `the key file \`${PATH}\` cannot be used: ${why}`,
    })
  })
}

test('a key under the name of another is refused', () => {
  const written = new Map<string, string>()
  const { keyId } = opened(written)
  const text = (written.get(PATH) ?? '').replace(keyId, '0'.repeat(32))
  assert.throws(() => opened(new Map([[PATH, text]])), { message: /the id of key 1 is another's/ })
})

test('a key file that others can read, or that fails, is refused', () => {
  const files = memoryKeyFiles()
  const ports = { clock: new ManualClock(STARTED_MS), random: steadyRandom('key'), path: PATH }
  for (const [mode, folderMode] of [
    [0o640, 0o700],
    [0o600, 0o755],
  ] as const) {
    const wide = { ...files, facts: () => ({ mode, folderMode }) }
    assert.throws(() => openFileSigner({ ...ports, files: wide }), {
      message: /others than its owner have access/,
    })
  }
  const failing = {
    ...files,
    makeFolder: () => {
      throw Object.assign(new Error('/secret/path'), { code: 'EROFS' })
    },
  }
  assert.throws(() => openFileSigner({ ...ports, files: failing }), {
    code: 'journal-key-unusable',
    message: `the key file \`${PATH}\` cannot be used: \`EROFS\``,
  })
})

test('public keys are read as they were written, and nothing else is', () => {
  const keys = byId([testSigner('a').publicKey, testSigner('b').publicKey])
  const text = writePublicKeys(keys)
  assert.deepEqual([...readPublicKeys(text).keys()], [...keys.keys()])
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const refused: readonly [string, RegExp][] = [
    ['', /do not begin with/],
    [`a note\n${text}`, /do not begin with/],
    [text.replace('MCow', 'MCox'), /one of them cannot be read/],
    [String(p256.publicKey.export({ type: 'spki', format: 'pem' })), /not an Ed25519 key/],
    [String(p256.privateKey.export({ type: 'pkcs8', format: 'pem' })), /do not begin with/],
    [text.repeat(33), /more than 64/],
    [' '.repeat(65_537), /more than 65536 bytes/],
  ]
  for (const [pem, message] of refused) {
    assert.throws(() => readPublicKeys(pem), { code: 'journal-key-unusable', message })
  }
})
