/**
 * Decisions a second on one core, for roles of 1, 50 and 500 statements: half of the calls are allowed, the
 * others denied by a Deny, by a condition, or because nothing allows them. `node bench/policy.ts`
 */

import type { DecisionRequest, Pair } from '../src/core/decision.ts'
import type { Principal } from '../src/core/principal.ts'
import { compile } from '../src/policy/compile.ts'
import { decide, type PolicyLayer } from '../src/policy/decide.ts'
import { parsePolicy } from '../src/policy/parse.ts'

const ROUNDS = 5
const PER_ROUND_MS = 300

const principal: Principal = {
  arn: 'arn:aws:sts::111122223333:assumed-role/agent/a',
  roleArn: 'arn:aws:iam::111122223333:role/agent',
  account: '111122223333',
  sessionName: 'a',
  sessionId: 's',
  issuer: 'ci',
  subject: 'agent-7',
  claims: {},
  tags: { team: 'shop' },
  actingFor: [],
  issuedAtMs: 0,
  expiresAtMs: 1,
}

const context = new Map([
  ['aws:sourceip', ['10.1.2.3']],
  ['aws:securetransport', ['true']],
  ['aws:requestedregion', ['eu-west-1']],
  ['aws:principaltag/team', ['shop']],
  ['gate:subject', ['agent-7']],
  ['request:maxcount', ['2']],
])

/** Statements as roles have them: some services several times, with lists, wildcards, conditions, variables. */
function statement(i: number): object {
  const bucket = `arn:aws:s3:::bucket-${i}`
  const kinds = [
    {
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject*'],
      Resource: [`${bucket}/*`, `${bucket}/reports/*.csv`],
    },
    {
      Effect: 'Allow',
      Action: 'dynamodb:*Item',
      Resource: `arn:aws:dynamodb:*:111122223333:table/orders-${i}`,
    },
    {
      Effect: 'Allow',
      Action: ['ec2:RunInstances', 'ec2:Describe*'],
      Resource: '*',
      Condition: {
        NumericLessThanEquals: { 'request:MaxCount': '4' },
        StringEquals: { 'aws:RequestedRegion': 'eu-west-1' },
      },
    },
    {
      Effect: 'Deny',
      Action: 's3:*',
      Resource: `arn:aws:s3:::secret-${i}/*`,
      Condition: { StringNotEquals: { 'aws:PrincipalTag/team': 'security' } },
    },
    { Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::home-${i}/\${gate:Subject}/*` },
    { Effect: 'Deny', Action: ['iam:*', 'organizations:*'], Resource: '*' },
    { Effect: 'Allow', Action: 'sqs:*Message*', Resource: `arn:aws:sqs:*:*:queue-${i}-*` },
    {
      Effect: 'Allow',
      Action: 'secretsmanager:GetSecretValue',
      Resource: `arn:aws:secretsmanager:*:*:secret:app-${i}/*`,
      Condition: { IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '192.168.0.0/16'] } },
    },
    { Effect: 'Allow', Action: 'logs:*', Resource: `arn:aws:logs:*:*:log-group:/app/${i}:*` },
    { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: `arn:aws:lambda:*:*:function:worker-${i}` },
  ]
  return kinds[i % kinds.length] ?? {}
}

const ASKED: readonly (readonly [action: string, resource: string])[] = [
  ['s3:GetObject', 'arn:aws:s3:::bucket-0/2026/03/09/build-4711.tar.gz'],
  ['s3:PutObject', 'arn:aws:s3:::bucket-0/reports/2026-03.csv'],
  ['dynamodb:GetItem', 'arn:aws:dynamodb:eu-west-1:111122223333:table/orders-1'],
  ['ec2:RunInstances', 'arn:aws:ec2:eu-west-1:111122223333:instance/i-0abcdef1234567890'],
  ['sqs:SendMessage', 'arn:aws:sqs:eu-west-1:111122223333:queue-6-jobs'],
  ['s3:GetObject', 'arn:aws:s3:::secret-3/keys.json'],
  ['iam:PutRolePolicy', 'arn:aws:iam::111122223333:role/admin'],
  ['s3:GetObject', 'arn:aws:s3:::elsewhere/a'],
  ['dynamodb:DeleteTable', 'arn:aws:dynamodb:eu-west-1:111122223333:table/orders-1'],
  ['kms:Decrypt', 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'],
]

const requests: readonly DecisionRequest[] = ASKED.map(([action, resource]) => {
  const pair: Pair = { action, resource, certainty: 'exact' }
  return { principal, pairs: [pair], context }
})

function layerOf(statements: number): PolicyLayer {
  const text = JSON.stringify({
    Version: '2012-10-17',
    Statement: Array.from({ length: statements }, (_, i) => statement(i)),
  })
  return { kind: 'role', name: 'the role', policies: compile([parsePolicy({ name: 'bench.json', text })]) }
}

/** The best of several rounds: what the machine does when nothing else is in the way. */
function perSecond(layers: readonly PolicyLayer[]): { rate: number; allowed: number } {
  let best = 0
  let allowed = 0
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    let decisions = 0
    let elapsedMs = 0
    while (elapsedMs < PER_ROUND_MS) {
      for (let i = 0; i < 100; i++) {
        allowed = 0
        for (const request of requests) if (decide(request, layers).effect === 'allow') allowed++
      }
      decisions += 100 * requests.length
      elapsedMs = performance.now() - start
    }
    best = Math.max(best, (decisions / elapsedMs) * 1000)
  }
  return { rate: best, allowed }
}

for (const statements of [1, 50, 500]) {
  const { rate, allowed } = perSecond([layerOf(statements)])
  const shown = Math.round(rate).toLocaleString('en')
  process.stdout.write(
    `${statements} statement(s): ${shown} decisions/s (${allowed} of ${requests.length} allowed)\n`,
  )
}
