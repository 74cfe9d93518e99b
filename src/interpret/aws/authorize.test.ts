import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { loadCatalog } from '../../catalog/load.ts'
import type { ServiceShapes, ShapeRef } from '../../catalog/model.ts'
import { GateError } from '../../core/errors.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { fillArn } from './arn-template.ts'
import { canKnow } from './context.ts'
import { asked, lines } from './services/asked.fixture.ts'

const catalog = loadCatalog()
const own = (service: string, resource: string): string =>
  `arn:aws:${service}:us-east-1:111122223333:${resource}`

/** Values that could be taken for a pattern, for another part of an ARN, or for a variable. */
const text = fc.constantFrom(
  'plain-1',
  '',
  '*',
  'a?b',
  'a:b',
  'a/b',
  '${Account}',
  '${Partition',
  'arn:',
  'arn:aws:iam::444455556666:role/x',
  'arn:aws:s3:us-east-1:444455556666:accesspoint/one-ap',
  'alias/x',
  'i-0123456789abcdef0',
  '__proto__',
  'ü\u0000',
)

/** A value of a shape; deep members are left out. */
function anyOf(shapes: ServiceShapes, ref: ShapeRef | undefined, depth: number): fc.Arbitrary<Json> {
  const shape = ref === undefined ? undefined : shapes.shapes.get(ref.shape)
  if (shape === undefined || depth === 0) return text
  switch (shape.type) {
    case 'structure': {
      const members = [...(shape.members ?? [])].slice(0, 12)
      const model = Object.fromEntries(
        members.map(([name, member]) => [name, anyOf(shapes, member, depth - 1)]),
      )
      return fc.record(model, { requiredKeys: [] }).map(value => ({ ...value }) as JsonObject)
    }
    case 'list':
      return fc.array(anyOf(shapes, shape.member, depth - 1), { maxLength: 2 })
    case 'map':
      return fc.dictionary(text, anyOf(shapes, shape.value, depth - 1), { maxKeys: 2 })
    case 'boolean':
      return fc.boolean()
    case 'integer':
    case 'long':
      return fc.nat()
    default:
      return text
  }
}

const operations = [...catalog.services.values()].flatMap(service =>
  [...service.operations.keys()].map(operation => [service.id, operation] as const),
)

const call = fc.constantFrom(...operations).chain(([service, operation]) => {
  const shapes = catalog.shapes(service)
  const input = anyOf(shapes, shapes.operations.get(operation)?.input, 4)
  return fc.tuple(fc.constant(service), fc.constant(operation), input)
})

test('whatever a call says, its pairs are of IAM, its keys are known, and no pattern is called exact', () => {
  fc.assert(
    fc.property(call, ([service, operation, parameters]) => {
      fc.pre(typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters))
      let found: ReturnType<typeof asked>
      try {
        found = asked(service, operation, parameters as Record<string, Json>)
      } catch (error) {
        assert.ok(error instanceof GateError, String(error))
        assert.notEqual(error.code, 'internal')
        return
      }
      assert.ok(found.pairs.length > 0)
      for (const { action, resource, certainty } of found.pairs) {
        const [prefix = '', name = ''] = action.split(':')
        assert.ok(catalog.iam(prefix)?.actions.get(name) !== undefined, action)
        assert.ok(resource === '*' || resource.startsWith('arn:'), resource)
        // Keys of objects are any text, and policies name a log group with `:*`.
        const literal = resource === '*' || service === 's3' || resource.endsWith(':*')
        if (certainty === 'exact' && !literal) assert.doesNotMatch(resource, /[*?]/)
      }
      for (const key of found.context.keys()) {
        assert.equal(key, key.toLowerCase())
        // A tag with an empty key is AWS's to refuse.
        assert.ok(canKnow(/[/:]$/.test(key) ? `${key}x` : key), key)
      }
    }),
    { numRuns: 3_000 },
  )
})

test('a template is filled in one pass, and what is not clear makes it inexact', () => {
  const template = 'arn:${Partition}:x:${Region}:${Account}:thing/${A}/${B}'
  const values = new Map([
    ['Partition', 'aws'],
    ['Region', 'r'],
    ['Account', '1'],
    ['A', '${B}'],
    ['B', 'b'],
  ])
  assert.deepEqual(fillArn(template, values), { arn: 'arn:aws:x:r:1:thing/${B}/b', exact: true })
  assert.deepEqual(fillArn(template, new Map([...values, ['B', 'b:c']])), {
    arn: 'arn:aws:x:r:1:thing/${B}/*',
    exact: false,
  })
  assert.equal(fillArn('arn:x:*', values).exact, false)
  assert.deepEqual(fillArn('arn:${A', values), { arn: 'arn:${A', exact: true })
})

test('a resource comes by its whole ARN, by its parts, or may be any', () => {
  const arn = own('sns', 'news')
  assert.deepEqual(lines('sns', 'DeleteTopic', { TopicArn: arn }), [`sns:DeleteTopic ${arn}`])
  assert.deepEqual(lines('sns', 'DeleteTopic', { TopicArn: 'news' }), [
    `sns:DeleteTopic ${own('sns', '*')} (any)`,
  ])
  assert.deepEqual(lines('sns', 'DeleteTopic', { TopicArn: 'arn:aws' }), ['sns:DeleteTopic * (any)'])
  assert.deepEqual(lines('ec2', 'DescribeInstances', {}), ['ec2:DescribeInstances *'])
})

test('an operation without an IAM action is refused', () => {
  assert.throws(() => lines('bedrock-runtime', 'InvokeModelWithBidirectionalStream', {}), {
    code: 'operation-unmapped',
  })
})

test('more resources than can be decided are refused', () => {
  const InstanceIds = Array.from({ length: 2_001 }, (_, i) => `i-${i.toString(16).padStart(17, '0')}`)
  assert.throws(() => lines('ec2', 'TerminateInstances', { InstanceIds }), { code: 'too-many-resources' })
  assert.equal(lines('ec2', 'TerminateInstances', { InstanceIds: InstanceIds.slice(1) }).length, 2_000)
})

test('a role by name is passed under any path, one by ARN as it is, a profile as any', () => {
  const passed = (role: string): readonly unknown[] =>
    asked('lambda', 'UpdateFunctionConfiguration', { FunctionName: 'f', Role: role })
      .pairs.filter(({ action }) => action === 'iam:PassRole')
      .map(({ resource, certainty, orAs }) => [resource, certainty, orAs])
  const role = 'arn:aws:iam::111122223333:role/'
  assert.deepEqual(passed('deploy'), [[`${role}deploy`, 'exact', [`${role}*/deploy`]]])
  assert.deepEqual(passed(`${role}ci/deploy`), [[`${role}ci/deploy`, 'exact', undefined]])
  assert.deepEqual(passed(`${role}*`), [[`${role}*`, 'any', undefined]])
  assert.deepEqual(passed('arn:aws:iam::111122223333:instance-profile/web'), [[`${role}*`, 'any', undefined]])
  assert.deepEqual(passed(''), [])
})
