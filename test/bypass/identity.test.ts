import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { GateError } from '../../src/core/errors.ts'
import { login } from './identity/database-token.ts'
import { type Attack, exchange, makeWorld, rs256, session } from './identity/world.ts'

// Every file of the folder is an area with its attacks; from these, nothing is ever removed.
const folder = new URL('identity/', import.meta.url)
const files = readdirSync(folder).filter(name => name.endsWith('.ts') && name !== 'world.ts')
const names = new Set<string>()

for (const file of files.sort()) {
  const area = file.replace('.ts', '')
  const { attacks }: { attacks: readonly Attack[] } = await import(new URL(file, folder).href)
  for (const attack of attacks) {
    test(`${area}: ${attack.name}`, async () => {
      const world = makeWorld()
      const error = await Promise.resolve()
        .then(() => attack.run(world))
        .then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
      assert.ok(error !== undefined, 'the attack got through')
      assert.ok(error instanceof GateError, String(error))
      assert.equal(error.code, attack.code, error.message)
      assert.match(error.message, /^[^\n\r]{1,400}$/)
    })
    names.add(`${area}: ${attack.name}`)
  }
}

test('the corpus only grows', () => {
  assert.ok(names.size >= 150, `${names.size} attacks`)
})

test('without the attack, the same calls succeed: what is refused above is the attack', async () => {
  const world = makeWorld()
  await exchange(world, rs256())
  const { credentials } = await session(world)
  world.credentials.open(credentials.accessKeyId, credentials.sessionToken.reveal())
  assert.equal((await login(world, {})).target, 'orders')
})
