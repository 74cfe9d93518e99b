import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Pair } from '../../core/decision.ts'
import { compile } from '../compile.ts'
import { decide, type PolicyLayer } from '../decide.ts'
import { parsePolicy } from '../parse.ts'
import { TEST_PRINCIPAL } from '../testing.ts'
import { REFERENCE_OPERATORS } from './condition.ts'
import { type ReferenceDocument, type ReferenceStatement, referenceDecide } from './evaluate.ts'

/** Small worlds of documents and requests that meet often, for comparing two evaluators. */

const some = <T>(of: fc.Arbitrary<T>, maxLength = 3): fc.Arbitrary<T[]> =>
  fc.array(of, { minLength: 1, maxLength })

const DATES = ['2026-01-01T00:00:00Z', '2026-01-01', '2026-01-02T00:30:00+01:00', '2027-01-01T00:00:00.500Z']
const NETWORKS = ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.3', '2001:db8::/32', '0.0.0.0/0', '10.1.2.4/31']

/** What operators of a kind compare: values of policies, and those of requests, some of another type. */
const VALUES = {
  String: {
    policy: [
      'a',
      'A',
      'ab',
      'a*',
      '?b',
      '*',
      '',
      '${*}',
      '${gate:Subject}',
      "x${aws:PrincipalTag/t, 'b'}*",
      '${aws:userid}',
    ],
    request: ['a', 'A', 'ab', 'b', '', '*', 'xb', 'xac'],
  },
  Arn: {
    policy: [
      'arn:aws:iam::*:role/*',
      'arn:*:iam::1:a?b',
      'arn:aws:iam::${gate:Subject}:role/a',
      'arn:aws:*:*:*:*',
      'arn:aws:iam:a*:1:*',
      'arn:aws:iam::1:role/${aws:PrincipalTag/t}',
    ],
    request: [
      'arn:aws:iam::1:role/a',
      'arn:aws:iam::1:a:b',
      'arn:aws:iam:a:1:role/a',
      'arn:aws:iam::a:role/a',
      'x',
      '',
    ],
  },
  Numeric: { policy: ['1', '1.0', '4', '-1'], request: ['0', '1', '1.00', '-1', '4', '5', 'x'] },
  Date: { policy: DATES, request: [...DATES, 'x'] },
  Bool: { policy: ['true', 'false', 'True'], request: ['true', 'false', 'FALSE', 'x'] },
  Binary: { policy: ['YQ==', 'YWI='], request: ['YQ==', 'YWI=', 'Yg=='] },
  IpAddress: { policy: NETWORKS, request: ['10.1.2.3', '10.2.0.1', '192.0.2.1', '2001:db8::1', 'x'] },
  Null: { policy: ['true', 'false'], request: ['a'] },
} as const

type Kind = keyof typeof VALUES

function kindOf(operator: string): Kind {
  const kinds = Object.keys(VALUES) as Kind[]
  return kinds.find(kind => operator.includes(kind)) ?? 'String'
}

const operator = fc
  .tuple(
    fc.constantFrom(...REFERENCE_OPERATORS),
    fc.constantFrom('', '', 'ForAllValues:', 'ForAnyValue:'),
    fc.constantFrom('', '', 'IfExists'),
  )
  .map(([name, set, suffix]) => (name === 'Null' ? name : `${set}${name}${suffix}`))

/** Each kind has two keys, so that some are there and some are not. */
const condition = operator.chain(name => {
  const kind = kindOf(name)
  const key = fc.constantFrom(
    `Request:${kind}`,
    `request:${kind}2`,
    ...(kind === 'Null' ? ['request:Date'] : []),
  )
  return fc.record({
    name: fc.constant(name),
    key,
    values: some(fc.constantFrom<string>(...VALUES[kind].policy)),
  })
})

const conditions = fc
  .array(condition, { maxLength: 2 })
  .map(list => Object.fromEntries(list.map(({ name, key, values }) => [name, { [key]: values }])))

const ACTIONS = ['*', 's3:*', 's3:Get*', 's3:GetObject', 'S3:getobject', 's3:Get?bject', 'sqs:*', 'sqs:Send*']

/** The end of an ARN, with so few characters that all of what it describes can be tried. */
const tail = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', ':'), minLength: 1, maxLength: 4 })
const resource = fc.oneof(
  fc.constantFrom(
    '*',
    'arn:aws:s3:*',
    'arn:aws:s3:::*',
    'arn:aws:s3:::${aws:PrincipalTag/t}/*',
    'arn:aws:s3:::${aws:userid}',
    'arn:aws:s3:*:*:a',
    'arn:aws:s3:a*:b:a',
    "arn:aws:s3:::${aws:PrincipalTag/t, 'a'}*",
    'arn:aws:s3:?:b:*',
  ),
  tail.map(text => `arn:aws:s3:::${text}`),
)

const statement: fc.Arbitrary<ReferenceStatement> = fc
  .record({
    Effect: fc.constantFrom('Allow', 'Allow', 'Deny'),
    notAction: fc.constantFrom(false, false, true),
    actions: some(fc.constantFrom(...ACTIONS), 2),
    notResource: fc.constantFrom(false, false, true),
    resources: some(resource),
    Condition: conditions,
  })
  .map(({ Effect, notAction, actions, notResource, resources, Condition }) => ({
    Effect: Effect as 'Allow' | 'Deny',
    ...(notAction ? { NotAction: actions } : { Action: actions }),
    ...(notResource ? { NotResource: resources } : { Resource: resources }),
    Condition,
  }))

const older = (text: string): string => text.replaceAll(/\$\{[^}]*\}/g, 'a')

/** In a document that knows no variables, a resource with one would be a text that no request here has. */
const referenceDocument: fc.Arbitrary<ReferenceDocument> = fc
  .record({
    Version: fc.constantFrom('2012-10-17', '2012-10-17', '2008-10-17'),
    Statement: some(statement, 4),
  })
  .map(({ Version, Statement }) => ({
    Version,
    Statement: Statement.map(each => ({
      ...each,
      ...(Version === '2008-10-17' && each.Resource && { Resource: each.Resource.map(older) }),
      ...(Version === '2008-10-17' && each.NotResource && { NotResource: each.NotResource.map(older) }),
    })),
  }))

/** Some or none of the keys, with none, one or several values. */
const referenceContext: fc.Arbitrary<ReadonlyMap<string, readonly string[]>> = fc
  .record(
    Object.fromEntries([
      ...(Object.keys(VALUES) as Kind[]).map(kind => [
        `request:${kind.toLowerCase()}`,
        fc.array(fc.constantFrom<string>(...VALUES[kind].request), { maxLength: 3 }),
      ]),
      ['gate:subject', fc.constantFrom(['a'], ['b:c'], ['*'], ['1'], ['a', 'b'])],
      ['aws:principaltag/t', fc.constantFrom(['a'], ['b'], ['?'])],
    ]) as Record<string, fc.Arbitrary<string[]>>,
    { requiredKeys: [] },
  )
  .map(keys => new Map(Object.entries(keys).map(([key, values]) => [key, values ?? []])))

/** One `*` at most, so that what it stands for can be tried in full. */
const unknown = fc.constantFrom(
  'arn:aws:s3:::a*',
  'arn:aws:s3:::*',
  'arn:aws:s3:::?',
  'arn:aws:s3:::a?',
  'arn:aws:s3:::?b*',
  'arn:aws:s3:*:a',
  'arn:aws:s3:a:b:*',
)
const known = fc.oneof(
  fc.constantFrom('*', 'arn:aws:s3:::a', 'arn:aws:s3:::a/a/b', 'arn:aws:s3:a:b:a', 'arn:aws:s3:::a/*/a'),
  fc
    .string({ unit: fc.constantFrom('a', 'b', ':'), minLength: 1, maxLength: 4 })
    .map(text => `arn:aws:s3:::${text}`),
)
const ofPair = fc.constantFrom(undefined, undefined, new Map([['request:string', ['ab']]]))
const orAs = fc.constantFrom(undefined, undefined, undefined, ['arn:aws:s3:::b*'])

const referencePair: fc.Arbitrary<Pair> = fc
  .record({
    action: fc.constantFrom('s3:GetObject', 's3:PutObject', 'sqs:SendMessage'),
    at: fc.oneof(
      known.map(resource => ({ resource, certainty: 'exact' as const })),
      unknown.map(resource => ({ resource, certainty: 'any' as const })),
    ),
    ofPair,
    orAs,
  })
  .map(({ action, at, ofPair: context, orAs: names }) => ({
    action,
    ...at,
    ...(context === undefined ? {} : { context }),
    ...(names === undefined ? {} : { orAs: names }),
  }))

/** Every text of up to four of these: enough for what the patterns of the arbitraries tell apart. */
const RUNS: string[] = ['']
for (let start = 0, length = 0; length < 4; length++) {
  const end = RUNS.length
  for (; start < end; start++) for (const letter of 'ab:?/') RUNS.push(`${RUNS[start]}${letter}`)
}

const expanded = new Map<string, readonly string[]>()

/** What a resource with unknown parts could be: all of it, character by character. */
function expansions(resource: string): readonly string[] {
  const found = expanded.get(resource) ?? expand(resource)
  expanded.set(resource, found)
  return found
}

function expand(resource: string): string[] {
  const at = resource.search(/[*?]/)
  if (at < 0) return [resource]
  const head = resource.slice(0, at)
  const ones = [...'ab:?/']
  const longer = head.split(':').length < 6 ? RUNS.map(run => `::${run}`) : []
  const middles = resource[at] === '*' ? [...RUNS, ...longer] : ones
  return expand(resource.slice(at + 1)).flatMap(rest => middles.map(middle => head + middle + rest))
}

function layers(documents: readonly ReferenceDocument[]): PolicyLayer[] {
  return documents.map((document, i) => ({
    kind: i === 0 ? 'role' : 'boundary',
    name: 'it',
    policies: compile([parsePolicy({ name: `${i}`, text: JSON.stringify(document) })]),
  }))
}

function compiled(
  pairs: Pair[],
  context: ReadonlyMap<string, readonly string[]>,
  documents: readonly ReferenceDocument[],
): string {
  const decision = decide({ principal: TEST_PRINCIPAL, pairs, context }, layers(documents))
  return decision.denial?.kind ?? 'allow'
}

describe('the compiled engine', () => {
  it('agrees with the reference on everything', () => {
    const answers = { allow: 0, explicit: 0, implicit: 0, boundary: 0 }
    fc.assert(
      fc.property(
        fc.array(referenceDocument, { minLength: 1, maxLength: 2 }),
        fc.array(referencePair, { minLength: 1, maxLength: 2 }),
        referenceContext,
        (documents, pairs, context) => {
          const expected = referenceDecide(pairs, context, documents, expansions)
          answers[expected]++
          assert.equal(compiled(pairs, context, documents), expected)
        },
      ),
      { numRuns: 6_000, seed: 20_261_123 },
    )
    for (const [answer, count] of Object.entries(answers)) {
      assert.ok(count > 100, `only ${count} requests were answered by ${answer}`)
    }
  })

  it('agrees with it on one condition after the other', () => {
    const one = referenceDocument.map(({ Version, Statement: [first] }) => ({
      Version,
      Statement: [
        { Effect: 'Allow' as const, Action: ['*'], Resource: ['*'], Condition: first?.Condition ?? {} },
      ],
    }))
    const pairs: Pair[] = [{ action: 's3:GetObject', resource: 'arn:aws:s3:::a', certainty: 'exact' }]
    fc.assert(
      fc.property(one, referenceContext, (allowing, context) => {
        const denying = {
          ...allowing,
          Statement: [
            { ...allowing.Statement[0], Effect: 'Deny' as const },
            { Effect: 'Allow' as const, Action: ['*'], Resource: ['*'] },
          ],
        }
        for (const document of [allowing, denying] as ReferenceDocument[]) {
          const expected = referenceDecide(pairs, context, [document], expansions)
          assert.equal(compiled(pairs, context, [document]), expected, JSON.stringify(document))
        }
      }),
      { numRuns: 6_000, seed: 20_261_123 },
    )
  })
})
