import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requireNoMask } from './carried-mask.ts'
import type { SqlParameter } from './ports.ts'

const asked = (action: string, sql: string, parameters: readonly SqlParameter[] = []): void =>
  requireNoMask(
    { pairs: [{ action, resource: 'arn:sallyport:sql:::t/d/public.people', certainty: 'exact' }] },
    { message: 'Execute', sql, tags: [], parameters },
  )

test('a mask that comes back in a change is refused, with its place', () => {
  const carried = { code: 'mask-carried-back' }
  assert.throws(() => asked('sql:Update', "update people set email = '~mask~ac@x' where id = 1"), carried)
  assert.throws(() => asked('sql:Insert', 'insert into people values ($1, $2)', ['1', '~mask~']), {
    ...carried,
    message: 'parameter 2 of the statement has a mask in it that the gate made',
  })
  assert.throws(() => asked('sql:Call', 'select keep($1)', [Buffer.from('a ~mask~')]), carried)
  const encoded = Buffer.from('x~mask~y').toString('base64')
  assert.throws(() => asked('sql:Merge', `merge … '${encoded}'`), carried)
  assert.throws(() => asked('sql:Unknown', "/*! '~mask~' */"), carried)
})

test('what reads may name one, and other values pass', () => {
  asked('sql:Select', "select * from people where email = '~mask~'")
  asked('sql:Delete', "delete from people where email = '~mask~'")
  asked('sql:Update', "update people set email = 'a~mask@x'", [null, 'mask', Buffer.from('~mas k~')])
})
