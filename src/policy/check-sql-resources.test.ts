import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sqlResourcesOfNothing } from './check-sql-resources.ts'
import { parsePolicy } from './parse.ts'

function found(...resources: string[]): string[] {
  const statement = { Effect: 'Deny', Action: 'sql:*', Resource: resources }
  const text = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  return sqlResourcesOfNothing(parsePolicy({ name: 'p.json', text })).map(({ message }) => message)
}

test('patterns that a resource of a database can have the form of are no problem', () => {
  const good = [
    ...['*', 'arn:sallyport:sql:::orders/*', 'arn:sallyport:sql:*:*:orders/shop'],
    ...['arn:sallyport:sql:*:*:orders/shop/*', 'arn:sallyport:sql:*:*:*', 'arn:aws:s3:::a/b/c/d'],
    ...['arn:sallyport:sql:*:*:orders/*/public.salaries', 'arn:sallyport:sql:*:*:orders/shop/setting:role'],
    ...['arn:sallyport:sql:*:*:orders/*/sal*', 'arn:sallyport:sql:eu-west-1:111122223333:orders/shop/hr.?'],
    ...['arn:sallyport:sql:*:*:orders/shop/${gate:Subject}'],
  ]
  assert.deepEqual(found(...good), [])
})

test('a pattern that no resource can have the form of is told, with what was meant', () => {
  assert.match(found('arn:sallyport:sql:*:*:orders/shop/salaries')[0] ?? '', /orders\/shop\/\*\.salaries`$/)
  assert.match(found('arn:sallyport:sql:*:*:orders/shop/hr/salaries')[0] ?? '', /`SCHEMA.NAME`$/)
  assert.match(found('arn:sallyport:sql:*:*:*/*/*/salaries*')[0] ?? '', /one name alone/)
  assert.match(found('arn:sallyport:sql:eu-west-1:111122223333:orders')[0] ?? '', /its database/)
})
