import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { loadCatalog } from '../../src/catalog/load.ts'
import { BuiltIn } from '../../src/mask/built-in.ts'
import { fieldNames } from '../../src/mask/check-fields.ts'
import { readPattern } from '../../src/mask/pattern.ts'
import { Place } from '../../src/mask/place.ts'

/** Secrets and presigned URLs that nothing masked by default before they were looked for by hand; only grows. */
const FOUND = JSON.parse(readFileSync(new URL('mask/by-default.json', import.meta.url), 'utf8')) as {
  readonly service: string
  readonly operation: string
  readonly member: string
}[]

const catalog = loadCatalog()
const builtIn = new BuiltIn(catalog)

for (const { service, operation, member } of FOUND) {
  test(`${service} ${operation}: ${member} is masked by default`, () => {
    assert.ok(fieldNames(catalog, { service, operation }, member), 'there is such a member')
    const patterns = builtIn.of(service, operation).all.map(field => {
      return { steps: readPattern(field), treatment: 'full' as const }
    })
    const names = readPattern(member).map(step => (step.kind === 'name' ? step.name : ''))
    const place = names.reduce((at, name) => at.key(name), Place.root(patterns))
    assert.ok(place.treatment)
  })
}

test('the corpus only grows', () => assert.ok(FOUND.length >= 61, `${FOUND.length} members`))
