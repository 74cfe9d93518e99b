import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../../core/json.ts'
import type { Entry } from '../../record/calls.ts'
import { FACTS } from '../../record/export/facts.fixture.ts'
import { allowed, ended } from '../../record/journal.fixture.ts'
import { sqlCall, sqlDecision, sqlOutcome } from '../../record/sql.fixture.ts'
import { asciiJson, outbound } from './outbound.ts'

const CALL: Entry = {
  kind: 'call',
  decision: {
    ...allowed('d1'),
    sessionId: 's1',
    call: {
      service: 'ec2',
      operation: 'TerminateInstances',
      region: 'eu-west-1',
      parameters: { InstanceIds: ['i-1'], Note: 'é'.repeat(500) },
      redacted: [],
      truncated: false,
      pairs: [],
    },
  },
  ending: { kind: 'outcome', outcome: ended('d1') },
}

test('any JSON is one line of printable ASCII and reads as before', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const text = asciiJson(value as Json)
      assert.match(text, /^[ -~]*$/)
      // -0 is not to be told from 0 in JSON.
      assert.equal(JSON.stringify(JSON.parse(text)), JSON.stringify(value))
    }),
  )
})

test('what a terminal or a parser of lines would obey is escaped', () => {
  assert.equal(asciiJson({ a: '\u001b[2J\u009b\u2028\u007f' }), '{"a":"\\u001b[2J\\u009b\\u2028\\u007f"}')
})

test('each format says the same call, and the short form says that it is cut', () => {
  const ocsf = outbound(CALL, 'ocsf', FACTS)
  assert.deepEqual([ocsf.id, ocsf.kind, ocsf.sessionId, ocsf.weight], ['d1', 'call', 's1', 'information'])
  assert.equal(JSON.parse(ocsf.text).metadata.uid, 'd1')
  assert.equal(JSON.parse(ocsf.short()).metadata.is_truncated, true)
  assert.ok(ocsf.short().length < ocsf.text.length - 500)
  assert.equal(JSON.parse(outbound(CALL, 'cloudtrail', FACTS).text).eventID, 'd1')
  assert.equal(JSON.parse(outbound(CALL, 'jsonl', FACTS).text).decision.id, 'd1')
})

test('the short form has nothing of bodies that were kept, and says so', () => {
  const body = { bytes: 100_000, sha256: 'ab', text: 'x'.repeat(100_000) }
  const outcome = { ...ended('d1'), requestBody: { bytes: 2, base64: '/w8=' }, replyBody: body }
  const decision = allowed('d1')
  for (const entry of [
    { kind: 'call', decision, ending: { kind: 'outcome', outcome } },
    { kind: 'outcome', outcome },
  ] as const) {
    const short = outbound(entry, 'jsonl', FACTS).short()
    assert.ok(short.length < 2_000, short)
    const read = JSON.parse(short)
    const { replyBody, requestBody } = read.outcome ?? read.ending.outcome
    assert.deepEqual(replyBody, {
      bytes: 100_000,
      sha256: 'ab',
      cut: 'it is left out: the receiver takes less',
    })
    assert.deepEqual(requestBody, { bytes: 2, cut: 'it is left out: the receiver takes less' })
  }
})

test('the short form of a statement has the beginning of its text, and none of its results', () => {
  const long = 'x'.repeat(100_000)
  const entry: Entry = {
    kind: 'call',
    decision: sqlDecision('d', 1, sqlCall({ parameters: { $1: long } }, { text: long, normalized: long })),
    ending: {
      kind: 'outcome',
      outcome: sqlOutcome('d', 2, { result: { tables: [{ columns: ['a'], rows: [[long]] }] } }),
    },
  }
  for (const format of ['ocsf', 'jsonl', 'cloudtrail'] as const) {
    const short = outbound(entry, format, FACTS).short()
    assert.ok(short.length < 10_000, format)
    assert.match(short, /5f0c0d9f7c2b1a3e/)
  }
})

test('what matters more weighs more', () => {
  const weight = (entry: Entry): string => outbound(entry, 'jsonl', FACTS).weight
  const decision = { ...allowed('d'), effect: 'deny' } as const
  assert.equal(weight({ kind: 'call', decision, ending: { kind: 'denied' } }), 'warning')
  const failed = { ...ended('d'), status: 403 }
  assert.equal(
    weight({ kind: 'call', decision: allowed('d'), ending: { kind: 'outcome', outcome: failed } }),
    'notice',
  )
  const broke = { ...allowed('d'), brokeGlass: [{ policy: 'p', statement: 's', effect: 'Allow' }] } as const
  assert.equal(weight({ kind: 'call', decision: broke, ending: { kind: 'open' } }), 'alert')
})
