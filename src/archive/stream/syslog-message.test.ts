import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../../test/harness/any-character.ts'
import type { Outbound } from './outbound.ts'
import { MAX_MESSAGE_BYTES, syslogFrame } from './syslog-message.ts'

const SOURCE = { facility: 13, host: 'gate-1' }

function event(over: Partial<Outbound> = {}): Outbound {
  return {
    id: '01K',
    timeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    kind: 'call',
    sessionId: 's1',
    weight: 'warning',
    text: '{"a":1}',
    short: () => '{}',
    ...over,
  }
}

test('a message is what RFC 5424 says, behind its length', () => {
  assert.equal(
    syslogFrame(event(), SOURCE).toString(),
    '103 <108>1 2026-01-02T03:04:05.006Z gate-1 sallyport - call [sallyport@32473 id="01K" session="s1"] {"a":1}',
  )
})

test('too long a message goes without what the call held; too long still, cut; and says so', () => {
  const long = JSON.stringify({ a: '"'.repeat(9_000) })
  const short = syslogFrame(event({ text: long }), SOURCE).toString()
  assert.ok(short.endsWith(` cut="${long.length}"] {}`), short)
  const cut = syslogFrame(event({ text: long, short: () => long }), SOURCE).toString()
  const message = cut.slice(cut.indexOf(' ') + 1)
  assert.ok(message.length <= MAX_MESSAGE_BYTES && message.length > MAX_MESSAGE_BYTES - 8)
  const { beginning } = JSON.parse(message.slice(message.indexOf('] ') + 2))
  assert.ok(long.startsWith(beginning))
})

test('a time that no date has ends no stream', () => {
  const last = syslogFrame(event({ timeMs: Number.MAX_SAFE_INTEGER }), SOURCE).toString()
  assert.match(last, /^\d+ <108>1 9999-12-31T23:59:59\.999Z gate-1 /)
})

/** A reader of RFC 5424 in the style of a regular expression, for what this sends. */
const MESSAGE =
  /^<(\d{1,3})>1 (\S+) ([!-~]{1,255}) sallyport - ([a-z-]+) \[sallyport@32473((?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")+)\] (.*)$/

test('whatever the ids, the host and the text: one frame, one message, JSON in it', () => {
  const text = fc.string({ unit: ANY_CHARACTER, maxLength: 300 })
  fc.assert(
    fc.property(
      text,
      fc.option(text, { nil: undefined }),
      text,
      fc.nat(6_000),
      (id, sessionId, host, length) => {
        const json = JSON.stringify({ x: 'y\\'.repeat(length) })
        const frame = syslogFrame(event({ id, sessionId, text: json, short: () => json }), {
          facility: 23,
          host,
        })
        const space = frame.indexOf(' ')
        const message = frame.toString('latin1', space + 1)
        assert.equal(Number(frame.toString('latin1', 0, space)), message.length)
        assert.ok(message.length <= MAX_MESSAGE_BYTES)
        const read = MESSAGE.exec(message)
        assert.ok(read, message.slice(0, 400))
        JSON.parse(read[6] ?? '')
      },
    ),
  )
})
