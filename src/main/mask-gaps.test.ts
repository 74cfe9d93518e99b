import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadCatalog } from '../catalog/load.ts'
import { readPolicy } from '../policy/parse.ts'
import { maskProblems } from './mask-checks.ts'

const catalog = loadCatalog()

/** The warnings on a document with these statements; `allow` is an Allow of these actions. */
function warnings(allow: unknown, ...masks: readonly object[]): readonly string[] {
  const masking = masks.map(mask => ({ Effect: 'Mask', Resource: '*', ...mask }))
  const text = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: allow, Resource: '*' }, ...masking],
  })
  const { document } = readPolicy({ name: 'p.json', text })
  assert.ok(document)
  return maskProblems(document, { catalog: () => catalog, own: new Map() }).map(({ message }) => message)
}

test('a mask for objects says that their versions are read by another action', () => {
  const mask = { Action: 's3:GetObject', Mask: { Detect: ['email-address'] } }
  assert.match(warnings('s3:*', mask).join('\n'), /`s3:GetObjectVersion` as well/)
  assert.deepEqual(warnings('s3:GetObject', mask), [])
  assert.deepEqual(warnings('s3:*', { ...mask, Action: 's3:GetObject*' }), [])
  assert.deepEqual(warnings('s3:*', mask, { ...mask, Action: 's3:GetObjectVersion' }), [])
})

test('a mask for one read of a table names the others', () => {
  const found = warnings('dynamodb:*', { Action: 'dynamodb:GetItem', Mask: { Fields: ['Item.ssn'] } })
  assert.match(found.join('\n'), /`dynamodb:Query`, `dynamodb:Scan`.*`dynamodb:DeleteItem`/)
})

test('a field that is elsewhere in another reply of the same actions is told', () => {
  const mask = (...fields: string[]) => ({ Action: 'dynamodb:*', Mask: { Fields: fields } })
  assert.match(warnings('dynamodb:*', mask('Item.ssn')).join('\n'), /`Query`.*; `\*\*\.ssn` does/)
  assert.deepEqual(warnings('dynamodb:*', mask('**.ssn')), [])
  const secrets = { Action: 'secretsmanager:*GetSecretValue', Mask: { Fields: ['SecretString'] } }
  assert.match(warnings('*', secrets).join('\n'), /`BatchGetSecretValue`; `\*\*\.SecretString` does/)
})
