import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { loadCatalog } from '../../../catalog/load.ts'
import { asked, keyOf, lines } from './asked.fixture.ts'
import { S3_RULES } from './s3.ts'
import { readCopySource } from './s3-copy-source.ts'

const at = { Bucket: 'builds', Key: 'a/b.zip' }
const object = 'arn:aws:s3:::builds/a/b.zip'

test('every operation of S3 has a rule, and every action of a rule is one of IAM', () => {
  const catalog = loadCatalog()
  const missing = [...(catalog.services.get('s3')?.operations.keys() ?? [])].filter(
    name => !(name in S3_RULES) && name !== 'WriteGetObjectResponse',
  )
  assert.deepEqual(missing, [])
  const unknown = Object.keys(S3_RULES)
    .filter(name => name !== 'RenameObject')
    .flatMap(name => asked('s3', name, at).pairs)
    .filter(({ action }) => {
      const [prefix = '', name = ''] = action.split(':')
      return catalog.iam(prefix)?.actions.get(name) === undefined
    })
  assert.deepEqual(unknown, [])
})

test('objects are asked for by key, versions by actions of their own', () => {
  assert.deepEqual(lines('s3', 'GetObject', at), [`s3:GetObject ${object}`])
  assert.deepEqual(lines('s3', 'HeadObject', at), [`s3:GetObject ${object}`])
  assert.deepEqual(lines('s3', 'GetObject', { ...at, VersionId: 'v1' }), [`s3:GetObjectVersion ${object}`])
  assert.deepEqual(lines('s3', 'DeleteObject', { ...at, VersionId: 'null' }), [
    `s3:DeleteObjectVersion ${object}`,
  ])
  assert.deepEqual(lines('s3', 'GetObject', { Bucket: 'builds', Key: '*:?' }), [
    's3:GetObject arn:aws:s3:::builds/*:?',
  ])
})

test('buckets are asked for with the irregular names of their actions', () => {
  const cases = {
    HeadBucket: 's3:ListBucket',
    ListObjectsV2: 's3:ListBucket',
    ListObjectVersions: 's3:ListBucketVersions',
    PutBucketCors: 's3:PutBucketCORS',
    DeleteBucketLifecycle: 's3:PutLifecycleConfiguration',
    PutPublicAccessBlock: 's3:PutBucketPublicAccessBlock',
  }
  for (const [operation, action] of Object.entries(cases)) {
    assert.deepEqual(lines('s3', operation, { Bucket: 'builds' }), [`${action} arn:aws:s3:::builds`])
  }
  assert.deepEqual(lines('s3', 'ListBuckets', {}), ['s3:ListAllMyBuckets *'])
})

test('a list says what it is limited to', () => {
  const call = [
    's3',
    'ListObjectsV2',
    { Bucket: 'builds', Prefix: 'x/', Delimiter: '/', MaxKeys: 5 },
  ] as const
  assert.deepEqual(keyOf(...call, 's3:prefix'), ['x/'])
  assert.deepEqual(keyOf(...call, 's3:delimiter'), ['/'])
  assert.deepEqual(keyOf(...call, 's3:max-keys'), ['5'])
})

test('what a write sets beside the bytes needs permissions of its own', () => {
  const write = {
    ...at,
    ACL: 'public-read',
    Tagging: 'team=blue&stage=a%20b',
    ObjectLockMode: 'GOVERNANCE',
    ObjectLockLegalHoldStatus: 'ON',
  }
  assert.deepEqual(lines('s3', 'PutObject', write), [
    `s3:PutObject ${object}`,
    `s3:PutObjectAcl ${object}`,
    `s3:PutObjectTagging ${object}`,
    `s3:PutObjectRetention ${object}`,
    `s3:PutObjectLegalHold ${object}`,
  ])
  assert.deepEqual(keyOf('s3', 'PutObject', write, 's3:RequestObjectTag/stage'), ['a b'])
  assert.deepEqual(keyOf('s3', 'PutObject', write, 's3:RequestObjectTagKeys'), ['team', 'stage'])
  assert.deepEqual(lines('s3', 'CreateMultipartUpload', { ...at, GrantRead: 'id="x"' }), [
    `s3:PutObject ${object}`,
    `s3:PutObjectAcl ${object}`,
  ])
  assert.deepEqual(
    lines('s3', 'CreateBucket', { Bucket: 'builds', ACL: 'private', ObjectLockEnabledForBucket: true }),
    [
      's3:CreateBucket arn:aws:s3:::builds',
      's3:PutBucketAcl arn:aws:s3:::builds',
      's3:PutBucketObjectLockConfiguration arn:aws:s3:::builds',
      's3:PutBucketVersioning arn:aws:s3:::builds',
    ],
  )
})

test('a copy reads its source, wherever that is', () => {
  assert.deepEqual(lines('s3', 'CopyObject', { ...at, CopySource: '/secrets/k%2Fx?versionId=v.1' }), [
    `s3:PutObject ${object}`,
    's3:GetObjectVersion arn:aws:s3:::secrets/k/x',
  ])
  assert.deepEqual(lines('s3', 'UploadPartCopy', { ...at, CopySource: 'secrets%2Fk' }), [
    `s3:PutObject ${object}`,
    's3:GetObject arn:aws:s3:::secrets/k',
  ])
  const point = 'arn:aws:s3:us-west-2:444455556666:accesspoint/ap-one'
  assert.deepEqual(lines('s3', 'CopyObject', { ...at, CopySource: `${point}/object/x/y` }), [
    `s3:PutObject ${object}`,
    `s3:GetObject ${point}/object/x/y`,
  ])
})

test('a copy source with two readings is refused', () => {
  const sources = [
    'bucket',
    '/bucket/',
    '//bucket/key',
    'bucket/a+b',
    'bucket/a?b',
    'bucket/a?versionId=',
    'bucket/a?versionId=1&x=2',
    'bucket/a%3FversionId%3D1',
    'bucket/%ff',
    'bucket/%',
    'arn:aws:s3:::bucket/key',
    'arn:aws:s3-outposts:us-west-2:444455556666:outpost/o/object/k',
  ]
  for (const source of sources) {
    assert.throws(
      () => lines('s3', 'CopyObject', { ...at, CopySource: source }),
      (error: unknown) =>
        error instanceof Error &&
        'code' in error &&
        (error.code === 'copy-source-invalid' || error.code === 'bucket-name-invalid'),
      source,
    )
  }
})

test('an encoded copy source names the bucket and key that it was made from', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z0-9]{3,10}$/),
      fc.string({ minLength: 1, unit: 'grapheme' }),
      (bucket, key) => {
        fc.pre(!key.includes('?versionId'))
        const encoded = encodeURIComponent(`${bucket}/${key}`)
        assert.deepEqual(readCopySource(encoded), { bucket, key })
        assert.deepEqual(readCopySource(`/${bucket}/${encodeURIComponent(key)}`), { bucket, key })
      },
    ),
  )
})

test('each object of a batch is asked for, with its version and the bypass of governance', () => {
  const parameters = {
    Bucket: 'builds',
    Delete: { Objects: [{ Key: 'a' }, { Key: 'b', VersionId: 'v' }] },
    BypassGovernanceRetention: true,
  }
  assert.deepEqual(lines('s3', 'DeleteObjects', parameters), [
    's3:DeleteObject arn:aws:s3:::builds/a',
    's3:BypassGovernanceRetention arn:aws:s3:::builds/a',
    's3:DeleteObjectVersion arn:aws:s3:::builds/b',
    's3:BypassGovernanceRetention arn:aws:s3:::builds/b',
  ])
  assert.deepEqual(asked('s3', 'DeleteObjects', parameters).pairs[2]?.context?.get('s3:versionid'), ['v'])
  assert.deepEqual(lines('s3', 'DeleteObjects', { Bucket: 'builds' }), [
    's3:DeleteObject arn:aws:s3:::builds/* (any)',
  ])
})

test('access points are themselves, and maybe any bucket', () => {
  const point = 'arn:aws:s3:us-east-1:111122223333:accesspoint:one-ap'
  const [pair] = asked('s3', 'GetObject', { Bucket: point, Key: 'k' }).pairs
  assert.equal(pair?.resource, 'arn:aws:s3:us-east-1:111122223333:accesspoint/one-ap/object/k')
  assert.deepEqual(pair?.orAs, ['arn:aws:s3:::*/k'])
  const [alias] = asked('s3', 'ListObjectsV2', { Bucket: 'one-ap-abc-s3alias' }).pairs
  assert.equal(alias?.certainty, 'any')
  assert.deepEqual(alias?.orAs, ['arn:aws:s3:::*'])
})

test('directory buckets go by their session, and their settings by actions of their own', () => {
  const bucket = 'data--use1-az4--x-s3'
  const arn = `arn:aws:s3express:us-east-1:111122223333:bucket/${bucket}`
  assert.deepEqual(lines('s3', 'PutObject', { Bucket: bucket, Key: 'k' }), [`s3express:CreateSession ${arn}`])
  const [read] = asked('s3', 'GetObject', { Bucket: bucket, Key: 'k' }).pairs
  assert.deepEqual(read?.context?.get('s3express:sessionmode'), ['ReadOnly'])
  const [session] = asked('s3', 'CreateSession', { Bucket: bucket }).pairs
  assert.deepEqual(session?.context?.get('s3express:sessionmode'), ['ReadWrite'])
  assert.deepEqual(lines('s3', 'PutBucketPolicy', { Bucket: bucket, Policy: '{}' }), [
    `s3express:PutBucketPolicy ${arn}`,
  ])
})

test('replication passes its role', () => {
  const role = 'arn:aws:iam::111122223333:role/replicate'
  assert.deepEqual(
    lines('s3', 'PutBucketReplication', { Bucket: 'builds', ReplicationConfiguration: { Role: role } }),
    ['s3:PutReplicationConfiguration arn:aws:s3:::builds', `iam:PassRole ${role}`],
  )
})
