import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccessRequest } from './model.ts'
import { openingOf } from './opening.ts'
import { cutCall } from './questions.ts'
import { CALL, REQUESTER } from './requests.fixture.ts'

const SECRET = 'hunter2'
const SECRET_CALL = {
  ...CALL,
  commandLine: `alter user ann password '${SECRET}'`,
  parameters: { sql: SECRET },
  recorded: { commandLine: 'alter user ann password ?', parameters: { target: 'orders' } },
}

test('the journal has what it may, and people what they approve', () => {
  const call = { requester: REQUESTER, call: SECRET_CALL, demands: [] } as unknown as AccessRequest
  const opening = JSON.stringify(openingOf(call))
  assert.ok(!opening.includes(SECRET))
  assert.match(opening, /"commandLine":"alter user ann password \?","parameters":\{"target":"orders"\}/)
})

test('of a call that is cut neither says more than its beginning', () => {
  const cut = cutCall({ ...SECRET_CALL, parameters: { sql: 'x'.repeat(2_000_000) } }, {
    shownCharacters: 1_000,
  } as never)
  assert.deepEqual(cut.parameters, {})
  assert.deepEqual(cut.recorded, { commandLine: 'alter user ann password ?…', parameters: {} })
})
