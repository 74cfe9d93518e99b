import assert from 'node:assert/strict'
import { test } from 'node:test'
import { masksValues } from './column-masks.ts'
import { compile } from './compile.ts'
import type { PolicyLayer } from './decide.ts'
import { parsePolicy } from './parse.ts'

function layer(...statements: readonly object[]): PolicyLayer {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements })
  return { kind: 'role', name: 'test', policies: compile([parsePolicy({ name: 'test.json', text })]) }
}

const ALLOW = { Effect: 'Allow', Action: 'sql:*', Resource: '*' }
const mask = (what: object): object => ({ Effect: 'Mask', Action: 'sql:Select', Resource: '*', Mask: what })

test('a policy masks values where it names columns or detectors, whatever else it says of them', () => {
  assert.equal(masksValues([]), false)
  assert.equal(masksValues([layer(ALLOW)]), false)
  assert.equal(masksValues([layer(ALLOW), layer(mask({ Columns: ['people.ssn'] }))]), true)
  const conditional = {
    ...mask({ Columns: ['people.ssn'] }),
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  }
  assert.equal(masksValues([layer(conditional)]), true)
})
