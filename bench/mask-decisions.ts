/**
 * What it costs a call that masks exist: the decision alone, and with what is masked by default and the plan of
 * it, for a role that may do everything and for one of fifty narrow statements, which may unmask nothing.
 * `node bench/mask-decisions.ts [--quick]`
 */
import { loadCatalog } from '../src/catalog/load.ts'
import type { Decision, DecisionRequest } from '../src/core/decision.ts'
import { decideMasked, planMasks } from '../src/gateway/aws/masking.ts'
import type { AwsQuestion } from '../src/gateway/aws/question.ts'
import { Masker } from '../src/mask/masker.ts'
import { compile } from '../src/policy/compile.ts'
import { decide, type PolicyLayer } from '../src/policy/decide.ts'
import { parsePolicy } from '../src/policy/parse.ts'
import { fastestUs, roundsOf } from './fastest.ts'

const ROUNDS = roundsOf(process.argv)
const STATEMENTS = 50
const ACCOUNT = '111122223333'

/** What is called: by the number of its fields that are masked by default. */
const CALLS: readonly (readonly [service: string, operation: string])[] = [
  ['dynamodb', 'GetItem'],
  ['secretsmanager', 'GetSecretValue'],
  ['lambda', 'ListFunctions'],
  ['quicksight', 'DescribeDashboardDefinition'],
]

const catalog = loadCatalog()
const nothing = { inForm: (text: string): string => text, detector: () => ({ mask: (text: string) => text }) }
const masking = new Masker({ catalog, builtIn: true, texts: nothing })

const principal: DecisionRequest['principal'] = {
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/agent/a`,
  roleArn: `arn:aws:iam::${ACCOUNT}:role/agent`,
  account: ACCOUNT,
  sessionName: 'a',
  sessionId: 's',
  issuer: 'ci',
  subject: 'agent-7',
  claims: {},
  tags: {},
  actingFor: [],
  issuedAtMs: 0,
  expiresAtMs: 1,
}

function layerOf(statements: readonly object[]): readonly PolicyLayer[] {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements })
  return [{ kind: 'role', name: 'the role', policies: compile([parsePolicy({ name: 'bench.json', text })]) }]
}

const ROLES: readonly (readonly [name: string, layers: readonly PolicyLayer[]])[] = [
  ['Allow of `*`', layerOf([{ Effect: 'Allow', Action: '*', Resource: '*' }])],
  [
    `${STATEMENTS} narrow statements`,
    layerOf(
      Array.from({ length: STATEMENTS }, (_, i) => ({
        Effect: 'Allow',
        Action: i === STATEMENTS - 1 ? CALLS.map(call => call.join(':')) : ['s3:GetObject', 'sqs:*Message*'],
        Resource: i === STATEMENTS - 1 ? '*' : [`arn:aws:s3:::bucket-${i}/*`, `arn:aws:sqs:*:*:queue-${i}-*`],
      })),
    ),
  ],
]

function questionOf(service: string, operation: string): AwsQuestion {
  const pair = { action: `${service}:${operation}`, resource: '*', certainty: 'exact' } as const
  const request = { principal, pairs: [pair], context: new Map([['aws:requestedregion', ['eu-west-1']]]) }
  const call = {
    service,
    operation,
    candidates: [],
    protocol: catalog.services.get(service)?.protocols[0] ?? 'json',
    region: 'eu-west-1',
    parameters: {},
    sensitive: [],
    pairs: [pair],
    context: new Map(),
    canonical: { method: 'POST', path: '/', query: '', headers: [], hostPrefix: '' },
    streamsIn: false,
    streamsOut: false,
  }
  return { call, request }
}

for (const [role, layers] of ROLES) {
  const ask = (request: DecisionRequest): Decision => decide(request, layers)
  for (const [service, operation] of CALLS) {
    const question = questionOf(service, operation)
    const planned = (): Decision => {
      const decision = decideMasked(question, { decide: ask, masking })
      planMasks(question.call, decision.obligations, masking)
      return decision
    }
    if (planned().effect !== 'allow') throw new Error(`${role} does not allow ${operation}`)
    const alone = await fastestUs(() => ask(question.request), ROUNDS)
    const whole = await fastestUs(planned, ROUNDS)
    const fields = masking.builtInFields(question.call).length
    console.log(
      `decided ${operation}, ${fields} fields, ${role}: alone ${alone.toFixed(2)} µs, masks ${whole.toFixed(2)} µs`,
    )
  }
}
