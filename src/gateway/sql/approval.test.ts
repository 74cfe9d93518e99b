import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TEST_PRINCIPAL } from '../../policy/testing.ts'
import { sqlApprovalCase } from './approval.ts'
import type { SqlQuestion, SqlRooms } from './ports.ts'

const ROOMS = { approvals: { digestKey: Buffer.alloc(32, 5) } } as unknown as SqlRooms

function question(isSecret: boolean, normalized?: string): SqlQuestion {
  return {
    request: { principal: TEST_PRINCIPAL, pairs: [], context: new Map() },
    engine: 'postgres',
    place: { region: 'r', account: '1', target: 't', database: 'd' },
    text: {
      message: 'Execute',
      sql: "update people set ssn = 'canary' where id = $1",
      tags: ['UPDATE'],
      ...(normalized === undefined ? {} : { normalized: { text: normalized, fingerprint: 'f' } }),
      parameters: ['canary'],
    },
    isSecret,
  }
}

const described = (asked: SqlQuestion) =>
  sqlApprovalCase('E', asked, ROOMS, { hold: async () => 'not-held', decideAgain: () => assert.fail() })
    .question([])
    .describe()

test('people see what they approve; the journal has a secret text without its constants', async () => {
  const form = 'update people set ssn = ? where id = $1'
  const secret = await described(question(true, form))
  assert.match(secret.commandLine, /canary/)
  assert.deepEqual(secret.recorded, {
    commandLine: form,
    parameters: { engine: 'postgres', target: 't', database: 'd' },
  })
  assert.equal((await described(question(true))).recorded?.commandLine, 'UPDATE: <redacted>')
  assert.equal((await described(question(false, form))).recorded, undefined)
})
