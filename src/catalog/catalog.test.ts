import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadCatalog } from './load.ts'
import type { ServiceShapes, Shape, ShapeRef } from './model.ts'

const catalog = loadCatalog()

/** Runs a check over the shapes of every service, each decoded in full. */
function overall(check: (service: string, shapes: ServiceShapes) => void): void {
  for (const id of catalog.services.keys()) check(id, catalog.shapes(id))
}

function refsOf(shape: Shape): readonly ShapeRef[] {
  return [...(shape.members?.values() ?? []), shape.member, shape.key, shape.value].filter(
    ref => ref !== undefined,
  )
}

test('every reference leads to a shape', () => {
  let references = 0
  overall((id, { shapes, operations }) => {
    for (const [name, shape] of shapes) {
      for (const ref of refsOf(shape)) {
        references++
        assert.ok(shapes.has(ref.shape), `${id} ${name} -> ${ref.shape}`)
      }
    }
    for (const [name, { input, output, errors }] of operations) {
      for (const ref of [input, output]) {
        if (ref === undefined) continue
        assert.equal(shapes.get(ref.shape)?.type, 'structure', `${id} ${name}`)
      }
      for (const error of errors) assert.equal(shapes.get(error)?.type, 'structure', `${id} ${name} ${error}`)
    }
  })
  assert.ok(references > 200_000)
})

test('every shape has what its type needs, and nothing of another', () => {
  overall((id, { shapes }) => {
    for (const [name, shape] of shapes) {
      const where = `${id} ${name}`
      const isStructure = shape.type === 'structure' || shape.members !== undefined
      assert.equal(shape.members !== undefined, shape.type === 'structure', where)
      assert.equal(shape.member !== undefined, shape.type === 'list', where)
      assert.equal(shape.key !== undefined && shape.value !== undefined, shape.type === 'map', where)
      for (const required of shape.required ?? [])
        assert.ok(isStructure && shape.members?.has(required), where)
      if (shape.payload !== undefined) assert.ok(shape.members?.has(shape.payload), where)
    }
  })
})

test('a route has a label for each member in the path, and a member for each label', () => {
  let labels = 0
  for (const [id, { operations, protocols }] of catalog.services) {
    const shapes = catalog.shapes(id)
    if (!protocols.some(protocol => protocol.startsWith('rest-'))) continue
    for (const [name, { uri }] of operations) {
      const input = shapes.operations.get(name)?.input
      const members = input === undefined ? undefined : shapes.shapes.get(input.shape)?.members
      const inPath = [...(members ?? [])].filter(([, ref]) => ref.location === 'uri')
      const expected = inPath.map(([member, ref]) => ref.locationName ?? member).sort()
      const found = [...uri.matchAll(/\{([^{}+]+)\+?\}/g)].map(([, label]) => label).sort()
      assert.deepEqual(found, expected, `${id} ${name} ${uri}`)
      labels += found.length
    }
  }
  assert.ok(labels > 8000)
})

test('every label of a host prefix is a required member', () => {
  for (const [id, { operations }] of catalog.services) {
    for (const [name, { hostPrefix }] of operations) {
      for (const [, label = ''] of hostPrefix?.matchAll(/\{([^{}]+)\}/g) ?? []) {
        const shapes = catalog.shapes(id)
        const input = shapes.operations.get(name)?.input
        const shape = shapes.shapes.get(input?.shape ?? '')
        assert.equal(shape?.members?.get(label)?.hostLabel, true, `${id} ${name}`)
      }
    }
  }
})

test('services and their operations are those of botocore 1.43.11', () => {
  const operations = [...catalog.services.values()].reduce((sum, { operations: { size } }) => sum + size, 0)
  assert.equal(catalog.services.size, 424)
  assert.equal(operations, 18_378)
  assert.deepEqual([...catalog.services.keys()], [...catalog.services.keys()].sort())
})

test('heads say what routing asks', () => {
  const s3 = catalog.services.get('s3')
  assert.deepEqual(s3?.protocols, ['rest-xml'])
  assert.deepEqual(s3?.operations.get('PutObject'), {
    name: 'PutObject',
    method: 'PUT',
    uri: '/{Bucket}/{Key+}',
    unsigned: false,
    unsignedBody: false,
    streamsIn: true,
    streamsOut: false,
    eventsIn: false,
  })
  const head = (service: string, operation: string) =>
    catalog.services.get(service)?.operations.get(operation)
  assert.equal(head('s3', 'GetObject')?.streamsOut, true)
  assert.equal(head('s3', 'SelectObjectContent')?.streamsOut, true)
  assert.equal(head('s3', 'WriteGetObjectResponse')?.unsignedBody, true)
  assert.equal(head('sts', 'AssumeRoleWithWebIdentity')?.unsigned, true)
  assert.equal(head('cognito-idp', 'InitiateAuth')?.unsigned, true)
  assert.equal(head('stepfunctions', 'StartSyncExecution')?.hostPrefix, 'sync-')
  assert.equal(head('s3control', 'CreateAccessPoint')?.hostPrefix, '{AccountId}.')
  assert.equal(head('transcribe', 'StartTranscriptionJob')?.eventsIn, false)
  assert.equal(head('kinesis', 'SubscribeToShard')?.streamsOut, true)
  assert.equal(head('bedrock-runtime', 'InvokeModelWithBidirectionalStream')?.eventsIn, true)
  const cloudwatch = catalog.services.get('cloudwatch')
  assert.deepEqual(cloudwatch?.protocols, ['smithy-rpc-v2-cbor', 'json', 'query'])
  assert.equal(cloudwatch?.signingName, 'monitoring')
})

test('services are found by what they sign as, and by their target', () => {
  const ids = (services: readonly { readonly id: string }[]): readonly string[] =>
    services.map(({ id }) => id)
  assert.deepEqual(ids(catalog.bySigningName('rds')), ['docdb', 'neptune', 'rds'])
  assert.deepEqual(ids(catalog.byTargetPrefix('DynamoDB_20120810')), ['dynamodb'])
  for (const name of ['', 'constructor', '__proto__', 'S3']) {
    assert.deepEqual(catalog.bySigningName(name), [])
    assert.deepEqual(catalog.byTargetPrefix(name), [])
  }
})

test('shapes carry their traits', () => {
  const s3 = catalog.shapes('s3')
  const put = s3.shapes.get('PutObjectRequest')
  assert.equal(put?.payload, 'Body')
  assert.deepEqual(put?.required, ['Bucket', 'Key'])
  assert.equal(s3.shapes.get('SSECustomerKey')?.sensitive, true)
  assert.equal(s3.operations.get('GetBucketLocation')?.unwrappedOutput, true)
  assert.equal(s3.operations.get('DeleteObjects')?.httpChecksumRequired, true)
  assert.deepEqual(put?.members?.get('Metadata'), {
    shape: 'Metadata',
    location: 'headers',
    locationName: 'x-amz-meta-',
  })
  assert.deepEqual(catalog.shapes('iam').shapes.get('NoSuchEntityException')?.error, {
    code: 'NoSuchEntity',
    httpStatusCode: 404,
    senderFault: true,
  })
  assert.equal(catalog.shapes('sts').operations.get('AssumeRole')?.resultWrapper, 'AssumeRoleResult')
  const ec2 = catalog.shapes('ec2').shapes.get('TerminateInstancesRequest')
  assert.equal(ec2?.members?.get('InstanceIds')?.locationName, 'InstanceId')
})

test('everything that the catalog hands out is frozen', () => {
  const s3 = catalog.services.get('s3')
  const shape = catalog.shapes('s3').shapes.get('PutObjectRequest')
  const handed = [
    s3,
    s3?.protocols,
    s3?.operations.get('PutObject'),
    catalog.bySigningName('s3'),
    shape,
    shape?.required,
    shape?.members?.get('Key'),
    catalog.authorization('s3', 'PutObject'),
    catalog.authorization('s3', 'PutObject').resources,
    catalog.iam('s3')?.actions.get('GetObject')?.resourceTypes,
    catalog.endpoint('s3', 'us-east-1'),
    catalog.hostName('s3.amazonaws.com'),
  ]
  for (const value of handed) assert.ok(value !== undefined && Object.isFrozen(value))
})
