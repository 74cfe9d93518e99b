import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../../test/harness/any-character.ts'
import type { Decision } from '../../core/decision.ts'
import { GateError } from '../../core/errors.ts'
import { readFailure } from '../../wire/mysql/read-reply.ts'
import { denial } from './denial.ts'

const EVENT = '01M84XYZ0000000000000000AB'
const because = (reason: string): Decision => ({
  effect: 'deny',
  statements: [{ policy: 'shop.yaml', statement: 'NoDeletes', effect: 'Deny' }],
  obligations: [],
  denial: { kind: 'explicit', reason },
})

test('a denial has the number of the server, the reason, what decided, and the event', () => {
  const { code, sqlstate, message } = readFailure(denial({ eventId: EVENT, decision: because('no') }))
  assert.deepEqual([code, sqlstate], [1142, '42000'])
  assert.equal(message, `no; shop.yaml: NoDeletes (event ${EVENT})`)
})

test('however long the reason is, the event stands at the end, and the message is one that clients keep whole', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 2_000, unit: ANY_CHARACTER }), reason => {
      const { message } = readFailure(denial({ eventId: EVENT, decision: because(reason) }))
      assert.ok(message.endsWith(`(event ${EVENT})`))
      assert.ok([...message].length <= 480)
    }),
  )
})

test('what is wrong at the gate is told by another number than a denial', () => {
  const of = (code: ConstructorParameters<typeof GateError>[0]): number =>
    readFailure(denial({ eventId: EVENT, error: new GateError(code, 'x') })).code
  assert.equal(of('journal-unavailable'), 1105)
  assert.equal(of('session-revoked'), 1053)
  assert.equal(of('sql-session-unclear'), 1142)
})
