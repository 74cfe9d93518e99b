import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GateError } from '../core/errors.ts'
import { readInteraction } from './slack-payload.ts'
import { REQUEST_ID } from './testing.ts'

const CLICK = {
  type: 'block_actions',
  team: { id: 'T1' },
  user: { id: 'U1', team_id: 'T1' },
  trigger_id: '1.2.abc',
  response_url: 'https://hooks.slack.com/actions/1',
  container: { type: 'message', message_ts: '1700000000.000001', channel_id: 'C1' },
  actions: [{ type: 'button', action_id: 'sallyport.approve', value: REQUEST_ID }],
}
const SUBMISSION = {
  type: 'view_submission',
  team: { id: 'T1' },
  user: { id: 'U1' },
  view: {
    callback_id: 'sallyport.deny',
    private_metadata: REQUEST_ID,
    state: { values: { reason: { reason: { value: 'not on a Friday' } } } },
  },
}

const form = (payload: unknown): Buffer =>
  Buffer.from(new URLSearchParams({ payload: JSON.stringify(payload) }).toString())

/** The interaction, or undefined where it was refused as malformed; anything else is a defect. */
function read(body: Buffer): ReturnType<typeof readInteraction> | undefined {
  try {
    return readInteraction(body)
  } catch (error) {
    assert.ok(error instanceof GateError && error.code === 'callback-malformed', String(error))
    return undefined
  }
}

test('a click and a dialog are read, and no more of them than is needed', () => {
  assert.deepEqual(read(form(CLICK)), {
    kind: 'approve',
    user: { key: 'T1/U1' },
    requestId: REQUEST_ID,
    triggerId: '1.2.abc',
    responseUrl: 'https://hooks.slack.com/actions/1',
    place: { channel: 'C1', ts: '1700000000.000001' },
  })
  assert.deepEqual(read(form(SUBMISSION)), {
    kind: 'deny-with-reason',
    user: { key: 'T1/U1' },
    reason: 'not on a Friday',
    requestId: REQUEST_ID,
  })
})

test('whatever the bytes, they are read or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      assert.equal(read(Buffer.from(bytes)), undefined)
    }),
  )
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      assert.equal(read(form(value)), undefined)
    }),
  )
})

/** Paths to every member of a value. */
function paths(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [at]
  return [at, ...Object.entries(value).flatMap(([name, member]) => paths(member, [...at, name]))]
}

function replaced(value: unknown, [name, ...rest]: readonly string[], by: unknown): unknown {
  if (name === undefined) return by
  const copy = structuredClone(value) as Record<string, unknown>
  copy[name] = replaced(copy[name], rest, by)
  return copy
}

test('whatever one member is replaced by, nobody else is taken for the one who clicked', () => {
  for (const whole of [CLICK, SUBMISSION]) {
    const anywhere = fc.constantFrom(...paths(whole).filter(path => path.length > 0))
    fc.assert(
      fc.property(anywhere, fc.jsonValue(), (path, value) => {
        const interaction = read(form(replaced(whole, path, value)))
        if (interaction === undefined) return
        assert.match(interaction.user.key, /^[A-Z0-9]+\/[A-Z0-9]+$/)
        assert.match(interaction.requestId, /^[0-9A-HJKMNP-TV-Z]{26}$/)
      }),
      { numRuns: 400 },
    )
  }
})

test('two payloads, or none, are refused', () => {
  const one = form(CLICK).toString('utf8')
  for (const body of [`${one}&${one}`, `${one}&more=1`, '', 'payload', 'payload=']) {
    assert.equal(read(Buffer.from(body)), undefined)
  }
})

test('inherited members are none', () => {
  const hidden = JSON.stringify(CLICK).replace(
    '"type":"block_actions"',
    '"__proto__":{"type":"block_actions"}',
  )
  assert.equal(read(Buffer.from(new URLSearchParams({ payload: hidden }).toString())), undefined)
})
