import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { ManualClock } from '../core/clock.ts'
import { AdminToken, type AdminTokenOptions } from './admin-token.ts'
import type { SecretFileFacts } from './secret-files.ts'
import { countingRandom, MemoryFiles, START_MS } from './testing.ts'

const PATH = '/data/keys/admin-token.json'

function world(): AdminTokenOptions & { readonly files: MemoryFiles } {
  const clock = new ManualClock(START_MS)
  return { path: PATH, files: new MemoryFiles(), clock, random: countingRandom(7) }
}

test('the first run makes a token and tells it once; later runs recognise it', () => {
  const options = world()
  const first = new AdminToken(options)
  const token = first.fresh?.reveal() ?? ''
  assert.match(token, /^sallyport_admin_[A-Za-z0-9_-]{43}$/)
  assert.ok(first.matches(token))
  const second = new AdminToken(options)
  assert.equal(second.fresh, undefined)
  assert.ok(second.matches(token))
})

test('neither the file nor the object shows the token', () => {
  const options = world()
  const admin = new AdminToken(options)
  const token = admin.fresh?.reveal() ?? 'none'
  const shown = `${options.files.read(PATH)}${inspect(admin, { depth: 9, showHidden: true })}${JSON.stringify(admin)}`
  assert.ok(!shown.includes(token.slice('sallyport_admin_'.length)))
})

test('nothing but the token is the token', () => {
  const admin = new AdminToken(world())
  const token = admin.fresh?.reveal() ?? ''
  const changed = fc
    .tuple(fc.nat({ max: token.length - 1 }), fc.constantFrom('A', 'B', '_', '\0', ' ', 'é'))
    .map(([at, other]) => token.slice(0, at) + other + token.slice(at + 1))
  fc.assert(fc.property(changed, other => assert.equal(admin.matches(other), other === token)))
  for (const other of ['', token.slice(1), `${token}A`, ` ${token}`, token.toUpperCase()]) {
    assert.equal(admin.matches(other), false)
  }
})

test('a rotation by another process counts at once, and the token before is void', () => {
  const options = world()
  const serving = new AdminToken(options)
  const old = serving.fresh?.reveal() ?? ''
  const rotated = new AdminToken(options).rotate().reveal()
  assert.notEqual(rotated, old)
  assert.equal(serving.matches(old), false)
  assert.ok(serving.matches(rotated))
})

test('a file that others can reach proves nothing, from the moment on that they can', () => {
  const options = world()
  const admin = new AdminToken(options)
  const token = admin.fresh?.reveal() ?? ''
  options.files.modes.file = 0o640
  assert.throws(() => admin.matches(token), { code: 'keyring-unsafe' })
  assert.throws(() => new AdminToken(options), { code: 'keyring-unsafe' })
  options.files.modes.file = 0o600
  options.files.modes.folder = 0o755
  assert.throws(() => admin.matches(token), { code: 'keyring-unsafe' })
})

test('a file that is gone or damaged lets nobody in', () => {
  const options = world()
  const admin = new AdminToken(options)
  const token = admin.fresh?.reveal() ?? ''
  options.files.remove(PATH)
  assert.throws(() => admin.matches(token), { code: 'admin-token-unreadable' })
  for (const text of ['', '{}', 'null', '{"version":2}', '{"version":1,"sha256":""}', ' '.repeat(2_000)]) {
    options.files.replace(PATH, text)
    assert.throws(() => admin.matches(token), { code: 'admin-token-unreadable' }, text)
  }
})

/** Runs what another process does between a look at the file and the attempt to make it. */
class RacingFiles extends MemoryFiles {
  meanwhile: (() => void) | undefined

  override facts(path: string): SecretFileFacts | undefined {
    const facts = super.facts(path)
    const { meanwhile } = this
    this.meanwhile = undefined
    meanwhile?.()
    return facts
  }
}

test('of two processes that start at once, one tells the token and both recognise it', () => {
  const files = new RacingFiles()
  const options = { ...world(), files }
  const others: AdminToken[] = []
  files.meanwhile = () => void others.push(new AdminToken({ ...options, random: countingRandom(8) }))
  const slow = new AdminToken(options)
  assert.equal(slow.fresh, undefined)
  assert.ok(slow.matches(others[0]?.fresh?.reveal() ?? ''))
})
