import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Entry } from '../calls.ts'
import { cloudTrailRecord } from './cloudtrail.ts'
import { CSV_HEADER, csvRow } from './csv.ts'
import { FACTS } from './facts.fixture.ts'
import { ocsfEvent } from './ocsf.ts'
import { SAMPLES } from './samples.fixture.ts'

const read = (name: string): string =>
  readFileSync(join(import.meta.dirname, '..', '..', '..', 'vectors', 'export', name), 'utf8')

const lines = (name: string): unknown[] =>
  read(name)
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))

const entries = lines('entries.jsonl') as Entry[]

test('the entries of the vectors are those of the tests', () => {
  assert.deepEqual(entries, SAMPLES)
})

test('each format is what the vectors show: whoever reads exports finds them changed here first', () => {
  const events = entries.map(entry => ocsfEvent(entry, FACTS))
  assert.deepEqual(JSON.parse(JSON.stringify(events)), lines('entries.ocsf.jsonl'))
  const records = { Records: entries.map(entry => cloudTrailRecord(entry, FACTS)) }
  assert.deepEqual(JSON.parse(JSON.stringify(records)), JSON.parse(read('entries.cloudtrail.json')))
  assert.equal(CSV_HEADER + entries.map(csvRow).join(''), read('entries.csv'))
})
