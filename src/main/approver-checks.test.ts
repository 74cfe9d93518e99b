import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PolicyText } from '../config/model.ts'
import { approverProblems } from './approver-checks.ts'

const asking = (from: readonly string[]): PolicyText => ({
  name: 'p.yaml',
  file: '/etc/gate/p.yaml',
  text: JSON.stringify({
    Statement: { Effect: 'RequireApproval', Action: 's3:*', Resource: '*', Approval: { From: from } },
  }),
})

test('a demand that nobody can meet is told', () => {
  const told = (from: readonly string[], issuers: readonly string[]): number =>
    approverProblems(asking(from), 'policy', issuers).length
  assert.equal(told(['group/on-call'], []), 1)
  assert.equal(told(['group/on-call'], ['okta']), 0)
  assert.equal(told(['group/on-call', 'admin'], []), 0)
  assert.equal(told(['person/okta/ann'], ['entra']), 1)
  assert.equal(told(['person/okta/ann'], ['okta']), 0)
  const [problem] = approverProblems(asking(['group/x']), 'boundary', [])
  assert.equal(problem?.severity, 'warning')
  assert.match(problem?.message ?? '', /nobody can approve as `group\/x`/)
  assert.deepEqual(approverProblems(asking(['group/x']), 'trust', []), [])
})
