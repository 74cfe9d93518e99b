import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { DEFAULTS } from './defaults.ts'
import { allKeys } from './schema.ts'

const PAGE = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
const rows = new Map(
  PAGE.split('\n')
    .filter(line => line.startsWith('| `'))
    .map(line => [line.split('`')[1] ?? '', line]),
)

test('docs/configuration.md has a row for each key of the schema, and none besides', () => {
  assert.deepEqual([...rows.keys()].sort(), allKeys().sort())
})

test('docs/configuration.md gives the defaults that hold', () => {
  for (const [key, value] of Object.entries(DEFAULTS)) {
    const name = { stsRegion: 'region', logLevel: 'level', maskBody: 'masks.body' }[key] ?? key
    const row = [...rows].find(([path]) => path === name || path.endsWith(`.${name}`))?.[1]
    assert.ok(row?.includes(`\`${value}\``), `${key}: ${value}`)
  }
})
