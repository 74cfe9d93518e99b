import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock, systemRandom } from '../core/clock.ts'
import type { GateError } from '../core/errors.ts'
import { Keyring } from './keyring.ts'
import { secretFiles } from './secret-files.ts'

const root = mkdtempSync(join(tmpdir(), 'sallyport-keys-'))
after(() => rmSync(root, { recursive: true }))

function keyring(name: string): Keyring {
  return new Keyring({
    path: join(root, name, 'keys', 'credentials.json'),
    files: secretFiles,
    clock: systemClock,
    random: systemRandom,
    maxSessionMs: 3_600_000,
    checkEveryMs: 0,
  })
}

test('the key file is made for its owner alone, once, and nothing else is left behind', () => {
  const one = keyring('fresh')
  const two = keyring('fresh')
  assert.equal(one.sealing().id, two.sealing().id)
  const folder = join(root, 'fresh', 'keys')
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  assert.equal(statSync(join(folder, 'credentials.json')).mode & 0o777, 0o600)
  one.rotate()
  assert.deepEqual(readdirSync(folder), ['credentials.json'])
})

test('a rotation of one process is seen by another', () => {
  const one = keyring('shared')
  const two = keyring('shared')
  const added = one.rotate()
  assert.deepEqual(two.find(added.id)?.secret.reveal(), added.secret.reveal())
})

test('a file or folder that others can enter is refused', () => {
  keyring('open')
  const folder = join(root, 'open', 'keys')
  chmodSync(folder, 0o750)
  assert.throws(() => keyring('open'), { code: 'keyring-unsafe' })
  chmodSync(folder, 0o700)
  chmodSync(join(folder, 'credentials.json'), 0o604)
  assert.throws(() => keyring('open'), { code: 'keyring-unsafe' })
})

test('trouble of the file system is told by the name of the key file', () => {
  const path = join(root, 'file-for-a-folder')
  secretFiles.publish(path, '')
  assert.throws(
    () => keyring('file-for-a-folder'),
    (error: GateError) => {
      assert.equal(error.code, 'keyring-unreadable')
      return error.message.includes('credentials.json') && /`E[A-Z]+`/.test(error.message)
    },
  )
})

test('of two who create a file one succeeds, and a published file is for everybody', () => {
  const path = join(root, 'one')
  assert.equal(secretFiles.create(path, 'a'), true)
  assert.equal(secretFiles.create(path, 'b'), false)
  assert.equal(secretFiles.read(path), 'a')
  secretFiles.publish(path, 'c')
  assert.equal(statSync(path).mode & 0o777, 0o644)
  assert.equal(secretFiles.read(path), 'c')
})
