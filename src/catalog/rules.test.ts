import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evaluate, type RawPartition, type Ruleset } from '../../tools/catalog/rules.ts'

const PARTITIONS: readonly RawPartition[] = [
  {
    id: 'aws',
    regionRegex: '^(us|eu)\\-\\w+\\-\\d+$',
    regions: { 'us-east-1': {} },
    outputs: {
      name: 'aws',
      dnsSuffix: 'amazonaws.com',
      dualStackDnsSuffix: 'api.aws',
      implicitGlobalRegion: 'us-east-1',
      supportsDualStack: true,
      supportsFIPS: false,
    },
  },
]

const RULES: Ruleset = {
  parameters: { Region: {}, UseFIPS: { default: false }, Bucket: {} },
  rules: [
    {
      type: 'tree',
      conditions: [
        { fn: 'isSet', argv: [{ ref: 'Region' }] },
        { fn: 'aws.partition', argv: [{ ref: 'Region' }], assign: 'P' },
      ],
      rules: [
        {
          type: 'tree',
          conditions: [{ fn: 'booleanEquals', argv: [{ ref: 'UseFIPS' }, true] }],
          rules: [
            {
              type: 'endpoint',
              conditions: [
                {
                  fn: 'booleanEquals',
                  argv: [{ fn: 'getAttr', argv: [{ ref: 'P' }, 'supportsFIPS'] }, true],
                },
              ],
              endpoint: { url: 'https://fips.{Region}.{P#dnsSuffix}' },
            },
            { type: 'error', conditions: [], error: 'no FIPS here' },
          ],
        },
        {
          type: 'endpoint',
          conditions: [
            { fn: 'substring', argv: [{ ref: 'Region' }, 0, 3, false], assign: 'Start' },
            { fn: 'stringEquals', argv: [{ ref: 'Start' }, 'eu-'] },
          ],
          endpoint: {
            url: 'https://{Region}.{P#dualStackDnsSuffix}/path',
            properties: { authSchemes: [{ name: 'sigv4a' }, { name: 'sigv4', signingRegion: '{Region}-x' }] },
          },
        },
        { type: 'endpoint', conditions: [], endpoint: { url: 'https://svc.{P#dnsSuffix}' } },
      ],
    },
    { type: 'error', conditions: [], error: 'no region' },
  ],
}

test('the first rule whose conditions hold wins', () => {
  const run = (parameters: Readonly<Record<string, string | boolean>>) =>
    evaluate(RULES, PARTITIONS, parameters)
  assert.deepEqual(run({ Region: 'us-east-1' }), { host: 'svc.amazonaws.com' })
  assert.deepEqual(run({ Region: 'eu-west-9' }), { host: 'eu-west-9.api.aws', signingRegion: 'eu-west-9-x' })
  assert.equal(run({ Region: 'us-east-1', UseFIPS: true }), undefined)
  assert.equal(run({}), undefined)
})

test('a function that the catalog has no need for stops the generator instead of guessing', () => {
  const rules = (fn: string): Ruleset => ({
    parameters: { Bucket: {} },
    rules: [
      {
        type: 'endpoint',
        conditions: [{ fn, argv: [{ ref: 'Bucket' }] }],
        endpoint: { url: 'https://x.amazonaws.com' },
      },
    ],
  })
  assert.throws(() => evaluate(rules('aws.parseArn'), PARTITIONS, { Bucket: 'b' }), /not evaluated/)
  assert.equal(evaluate(rules('aws.parseArn'), PARTITIONS, {}), undefined)
  assert.throws(() => evaluate(rules('aws.newFunction'), PARTITIONS, {}), /no function/)
})
