import fc from 'fast-check'
import { GateError } from '../../core/errors.ts'
import type { JournalEvent, RecordedPrincipal } from '../event.ts'
import { STARTED_MS, steadyRandom } from '../journal.fixture.ts'
import type { ContentKey, ContentKeys, ContentOwner } from './ports.ts'

/** Keys in memory: one for each session. */
export class FakeKeys implements ContentKeys {
  readonly #random = steadyRandom('keys')
  readonly #ids = new Map<string, string>()
  readonly #keys = new Map<string, Buffer | undefined>()

  async current({ sessionId = '', tenant }: ContentOwner): Promise<ContentKey> {
    const owner = `${tenant}/${sessionId}`
    const id = this.#ids.get(owner) ?? `00.0000000001.${this.#ids.size + 1}`
    this.#ids.set(owner, id)
    const key = this.#keys.get(id) ?? this.#random.bytes(32)
    this.#keys.set(id, key)
    return { id, key }
  }

  async find(id: string): Promise<ContentKey | undefined> {
    if (!this.#keys.has(id)) throw new GateError('journal-corrupt', `there is no content key \`${id}\``)
    const key = this.#keys.get(id)
    return key && { id, key }
  }

  shred(id: string): void {
    this.#keys.set(id, undefined)
  }
}

const text = fc.string({ unit: 'binary', maxLength: 40 })
const id = fc.string({ minLength: 1, maxLength: 26 })
const sessionId = fc.constantFrom('01SESSIONA', '01SESSIONB', undefined)
const timeMs = fc.integer({ min: STARTED_MS, max: STARTED_MS + 1_000_000 })

const principal: fc.Arbitrary<RecordedPrincipal> = fc.record({
  arn: text,
  roleArn: fc.constantFrom('arn:aws:iam::111122223333:role/a', 'arn:aws:iam::111122223333:role/b'),
  issuer: text,
  subject: text,
  actingFor: fc.array(text, { maxLength: 2 }),
})
const head = { id, timeMs, sessionId }
const call = fc.record({
  service: text,
  operation: text,
  region: text,
  parameters: fc.dictionary(fc.constantFrom('sealed', 'data', 'key', 'type', 'é'), fc.jsonValue()) as never,
  redacted: fc.array(text, { maxLength: 2 }),
  truncated: fc.boolean(),
  pairs: fc.constant([]),
})

/** Events of all types, as they come out of JSON. */
export const anyEvent: fc.Arbitrary<JournalEvent> = fc
  .oneof(
    fc.record({
      ...head,
      type: fc.constant('session' as const),
      principal,
      by: text,
      expiresAtMs: fc.nat(),
      clientAddress: text,
      claims: fc.dictionary(text, fc.string()) as never,
    }),
    fc.record({
      ...head,
      type: fc.constant('decision' as const),
      principal: fc.option(principal, { nil: undefined }),
      clientAddress: text,
      effect: fc.constantFrom('allow' as const, 'deny' as const),
      call: fc.option(call, { nil: undefined }),
      statements: fc.constant([]),
    }),
    fc.record({
      ...head,
      type: fc.constant('outcome' as const),
      decisionId: id,
      bytesIn: fc.nat(),
      bytesOut: fc.nat(),
      durationMs: fc.nat(),
    }),
    fc.record({
      ...head,
      type: fc.constant('access-request' as const),
      requestId: id,
      what: fc.constant('asked' as const),
      state: text,
    }),
    fc.record({
      ...head,
      sessionId: fc.constant('01SESSIONA'),
      type: fc.constant('session-end' as const),
      why: fc.constant('idle' as const),
      calls: fc.nat(),
      denied: fc.nat(),
      bytesIn: fc.nat(),
      bytesOut: fc.nat(),
    }),
    fc.record({
      id,
      timeMs,
      type: fc.constant('recovery' as const),
      inFlight: fc.array(id, { maxLength: 3 }),
      tornBytes: fc.nat(),
    }),
  )
  .map(event => JSON.parse(JSON.stringify(event)) as JournalEvent)
