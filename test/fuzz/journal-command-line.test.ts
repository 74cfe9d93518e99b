import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { loadCatalog } from '../../src/catalog/load.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { parseCommandLine } from '../../src/interpret/aws/command-line.ts'
import { commandLine } from '../../src/record/command-line.ts'
import { ANY_CHARACTER } from '../harness/any-character.ts'

const catalog = loadCatalog()

/** A command line as a shell splits it: its words. */
function words(lines: readonly string[]): string[][] {
  const script = lines.map(line => `printf '%s\\0' ${line}; printf '\\0'`).join('\n')
  const output = execFileSync('bash', ['-c', script], {
    env: { LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // An empty word looks like the end of a line, so no case below has one.
  return output
    .toString()
    .split('\0\0')
    .slice(0, -1)
    .map(line => line.split('\0'))
}

function lineOf(service: string, operation: string, parameters: JsonObject): string {
  return commandLine({
    service,
    operation,
    region: 'us-east-1',
    parameters,
    redacted: [],
    truncated: false,
    pairs: [],
  })
}

test('a recorded call, printed, pasted and read again, is the same call', () => {
  const vectors: { service: string; operation: string; parameters: JsonObject }[] = JSON.parse(
    readFileSync(new URL('../../vectors/cli/command-lines.json', import.meta.url), 'utf8'),
  )
  const cases = vectors.filter(({ parameters }) => !Object.values(parameters).includes(''))
  const split = words(cases.map(each => lineOf(each.service, each.operation, each.parameters)))
  assert.ok(cases.length > 30)
  cases.forEach(({ service, operation, parameters }, i) => {
    if ('PaginationConfig' in parameters) return
    const call = parseCommandLine(split[i] ?? [], catalog)
    assert.deepEqual(call, { service, operation, region: 'us-east-1', parameters })
  })
})

test('and so it is with whatever text a client may have sent', () => {
  const text = fc
    .string({ unit: ANY_CHARACTER, minLength: 1, maxLength: 20 })
    .map(value => value.toWellFormed())
    .filter(value => !/^(?:file|fileb):\/\//.test(value))
  const tags = fc.array(fc.record({ Key: text, Value: text }, { noNullPrototype: true }), { minLength: 1 })
  const parameters = fc.record(
    { UserName: text, Path: text, Tags: tags },
    { noNullPrototype: true, requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.array(parameters, { minLength: 1, maxLength: 40 }), cases => {
      const split = words(cases.map(each => lineOf('iam', 'CreateUser', each)))
      assert.deepEqual(
        split.map(argv => parseCommandLine(argv, catalog).parameters),
        cases,
      )
    }),
    { numRuns: 20 },
  )
})
