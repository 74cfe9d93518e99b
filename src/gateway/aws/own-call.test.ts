import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import { principalOf, START_MS } from '../../identity/testing.ts'
import type { RecordedCall } from '../../record/event.ts'
import { recordOwnCall } from './own-call.ts'
import type { AwsRooms } from './rooms.ts'

test('a CreateSession that the gate makes stands in the journal as a call of its session, with AWS number', async () => {
  const steps: unknown[] = []
  let fails = false
  const rooms = {
    partition: 'aws',
    clock: new ManualClock(START_MS),
    observer: { trouble: (_id: string, { code }: GateError) => steps.push(code) },
    recorder: {
      ownCall: async (_principal: unknown, _by: unknown, { operation, pairs, parameters }: RecordedCall) => {
        steps.push([operation, parameters, pairs])
        return 'E1'
      },
      outcome: async (id: string, _progress: unknown, end: object, startMs: number) => {
        if (fails) throw new GateError('journal-unavailable', 'full')
        steps.push([id, end, startMs])
      },
    },
  } as unknown as AwsRooms
  const call = {
    service: 's3',
    operation: 'CreateSession',
    region: 'eu-west-1',
    bucket: 'b--z--x-s3',
  } as const
  const ended = await recordOwnCall(rooms, principalOf(), call)
  await ended({ status: 200, upstreamRequestId: 'R1' })
  fails = true
  await ended({ error: 'upstream-timeout' })
  const resource = 'arn:aws:s3express:eu-west-1:111122223333:bucket/b--z--x-s3'
  assert.deepEqual(steps, [
    [
      'CreateSession',
      { Bucket: 'b--z--x-s3' },
      [{ action: 's3express:CreateSession', resource, certainty: 'exact' }],
    ],
    ['E1', { bytesIn: 0, bytesOut: 0, status: 200, upstreamRequestId: 'R1' }, START_MS],
    'journal-unavailable',
  ])
})
