import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import { countingRandom, principalOf, START_MS } from '../../identity/testing.ts'
import type { JournalEvent } from '../../record/event.ts'
import { Recorder, type RecorderOptions } from './recorder.ts'
import { TokenBucket } from './token-bucket.ts'

test('refusals of strangers and of sessions that were ended have a rate; others of a session have none', async () => {
  const written: JournalEvent[] = []
  const clock = new ManualClock(START_MS)
  const recorder = new Recorder({
    clock,
    random: countingRandom(1),
    journal: { append: async (event: JournalEvent) => void written.push(event) },
    parametersBytes: 1_000,
    strangers: new TokenBucket(clock, 1, 3),
  } as unknown as RecorderOptions)
  const refuse = (code: 'session-revoked' | 'revocations-unknown' | 'signature-missing', known: boolean) => {
    const progress = known ? { principal: principalOf() } : {}
    const facts = { clientAddress: '192.0.2.1', secure: true }
    return recorder.refusal('E', progress, facts, new GateError(code, 'no'), { method: 'GET', path: '/' })
  }
  for (let each = 0; each < 5; each++) await refuse('session-revoked', true)
  assert.equal(written.length, 3)
  await refuse('signature-missing', false)
  assert.equal(written.length, 3)
  for (let each = 0; each < 5; each++) await refuse('revocations-unknown', true)
  assert.equal(written.length, 8)
  clock.advance(1_000)
  await refuse('session-revoked', true)
  const [last] = written.slice(-1)
  assert.equal(last?.sessionId, principalOf().sessionId)
  assert.equal(written.length, 9)
})
