import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KeepRule } from '../../config/model-record.ts'
import { compileKeeping, type KeepLevel } from './keep.ts'

const ROLE = 'arn:aws:iam::111122223333:role/team/agent'

function rule(level: KeepLevel, over: Partial<KeepRule> = {}): KeepRule {
  return { roles: [], actions: [], level, replyBytes: 1024, ...over }
}

function levelOf(rules: readonly KeepRule[], actions: readonly string[], role = ROLE): KeepLevel {
  return compileKeeping(rules)(
    role,
    actions.map(action => ({ action })),
  ).level
}

test('without a rule that fits, parameters are kept', () => {
  assert.equal(levelOf([], ['s3:GetObject']), 'parameters')
  assert.equal(levelOf([rule('bodies', { actions: ['s3:Put*'] })], ['s3:GetObject']), 'parameters')
  assert.equal(levelOf([rule('bodies', { roles: ['other'] })], ['s3:GetObject']), 'parameters')
})

test('the first rule that fits holds, and tells how much of a reply is kept', () => {
  const rules = [
    rule('metadata', { actions: ['secretsmanager:*'] }),
    rule('bodies', { replyBytes: 4096 }),
    rule('replies'),
  ]
  const keeping = compileKeeping(rules)
  assert.deepEqual(keeping(ROLE, [{ action: 'secretsmanager:GetSecretValue' }]), {
    level: 'metadata',
    replyBytes: 1024,
  })
  assert.deepEqual(keeping(ROLE, [{ action: 's3:GetObject' }]), { level: 'bodies', replyBytes: 4096 })
})

test('a role fits by its ARN or by its name', () => {
  for (const pattern of [ROLE, 'agent', 'ag?nt', '*:role/team/*']) {
    assert.equal(levelOf([rule('bodies', { roles: [pattern] })], ['s3:GetObject']), 'bodies', pattern)
  }
  for (const pattern of ['team', 'team/agent', 'Agent', 'agent*x']) {
    assert.equal(levelOf([rule('bodies', { roles: [pattern] })], ['s3:GetObject']), 'parameters', pattern)
  }
})

test('a client that adds something to a call can only have more of it kept', () => {
  const more = [rule('bodies', { actions: ['s3:PutObject'] })]
  assert.equal(levelOf(more, ['s3:PutObject', 's3:PutObjectTagging']), 'bodies')
  assert.equal(levelOf(more, ['s3:PutObjectTagging']), 'parameters')
  const less = [rule('metadata', { actions: ['s3:PutObject'] })]
  assert.equal(levelOf(less, ['s3:PutObject', 's3:PutObject']), 'metadata')
  assert.equal(levelOf(less, ['s3:PutObject', 's3:PutObjectTagging']), 'parameters')
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a:X', 'a:Y', 'b:X')),
      fc.constantFrom('a:*', '*:X', 'b:X'),
      (actions, fits) => {
        const before = levelOf([rule('bodies', { actions: [fits] })], actions)
        if (before === 'bodies') {
          assert.equal(levelOf([rule('bodies', { actions: [fits] })], [...actions, 'c:Z']), 'bodies')
        }
      },
    ),
  )
})

test('the case of an action is no way around a rule', () => {
  const rules = [rule('bodies', { actions: ['S3:Getobject'] })]
  for (const action of ['s3:GetObject', 'S3:GETOBJECT', 's3:getobject']) {
    assert.equal(levelOf(rules, [action]), 'bodies', action)
  }
})

test('a call without actions fits only what names none', () => {
  assert.equal(levelOf([rule('bodies', { actions: ['*'] })], []), 'parameters')
  assert.equal(levelOf([rule('bodies')], []), 'bodies')
})

test('what was answered before is answered the same, in whatever order, however much was asked', () => {
  const action = fc.constantFrom('s3:GetObject', 's3:PutObject', 'ec2:RunInstances', 'iam:PassRole')
  const pattern = fc.constantFrom('*', 's3:*', 's3:Get*', '*:P*', 'ec2:RunInstance?', 'iam:PassRole')
  const role = fc.constantFrom(ROLE, 'arn:aws:iam::111122223333:role/deploy')
  const rules = fc.array(
    fc.record({
      roles: fc.subarray(['agent', 'deploy', '*']),
      actions: fc.array(pattern, { maxLength: 3 }),
      level: fc.constantFrom<KeepLevel>('metadata', 'parameters', 'replies', 'bodies'),
      replyBytes: fc.constant(1024),
    }),
    { maxLength: 4 },
  )
  fc.assert(
    fc.property(
      rules,
      fc.array(fc.tuple(role, fc.array(action, { maxLength: 3 })), { maxLength: 20 }),
      (some, calls) => {
        const keeping = compileKeeping(some)
        for (const [arn, actions] of calls) {
          const pairs = actions.map(one => ({ action: one }))
          assert.deepEqual(keeping(arn, pairs), compileKeeping(some)(arn, pairs))
        }
      },
    ),
  )
})

test('a pattern with many stars is answered', () => {
  const keeping = compileKeeping([rule('bodies', { actions: [`${'*a'.repeat(40)}b`] })])
  assert.equal(keeping(ROLE, [{ action: 'a'.repeat(2_000) }]).level, 'parameters')
  assert.equal(keeping(ROLE, [{ action: `${'a'.repeat(2_000)}b` }]).level, 'bodies')
})
