import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ManualClock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import { Redacted } from '../core/redacted.ts'
import type { AccessRequest, Person } from '../grants/model.ts'
import { Sender } from './send.ts'
import { CALLBACK_BODY_BYTES, GROUPS_FOR_MS, SlackCallback } from './slack-callback.ts'
import { SlackClient } from './slack-client.ts'
import { SLACK_WINDOW_MS } from './slack-signature.ts'
import {
  json,
  SIGNING_SECRET,
  type SlackStandIn,
  signed,
  slackStandIn,
  TOKEN,
} from './slack-stand-in.fixture.ts'
import { NOW_MS, REQUEST_ID, requestOf } from './testing.ts'

const ADA: Person = {
  id: 'okta/ada',
  issuer: 'okta',
  subject: 'ada',
  name: 'Ada',
  groups: ['on-call'],
  knownAs: ['ada'],
}

interface Bench {
  readonly slack: SlackStandIn
  readonly clock: ManualClock
  readonly callback: SlackCallback
  /** What reached the desk. */
  readonly acts: string[]
  readonly notes: string[]
  readonly state: {
    request: AccessRequest
    verifiedAtMs: number | undefined
    error: Error | undefined
    mayAnswer: boolean
  }
  send(payload: object | string, secret?: string): ReturnType<SlackCallback['handle']>
  click(action?: string, parts?: object): object
}

async function bench(context: TestContext): Promise<Bench> {
  const slack = await slackStandIn()
  const sender = new Sender()
  const clock = new ManualClock(NOW_MS)
  const acts: string[] = []
  const notes: string[] = []
  const state: Bench['state'] = {
    request: requestOf(),
    verifiedAtMs: NOW_MS,
    error: undefined,
    mayAnswer: true,
  }
  const act = (text: string, after: Partial<AccessRequest>): AccessRequest => {
    if (state.error !== undefined) throw state.error
    acts.push(text)
    state.request = { ...state.request, ...after }
    return state.request
  }
  const callback = new SlackCallback(
    {
      signingSecret: new Redacted(SIGNING_SECRET),
      people: new Map([['T1/U1', ADA.id]]),
      groupsForMs: GROUPS_FOR_MS,
      apiUrl: slack.apiUrl,
    },
    {
      desk: {
        approve: async (id, person) =>
          act(`approve ${id} ${person.id} ${person.groups}`, { state: 'approved' }),
        deny: async (id, person, reason) => act(`deny ${id} ${person.id} ${reason}`, { state: 'denied' }),
        get: async id => (id === state.request.id ? state.request : undefined),
      },
      store: {
        person: async id =>
          id === ADA.id && state.verifiedAtMs !== undefined
            ? { person: ADA, verifiedAtMs: state.verifiedAtMs }
            : undefined,
      },
      client: new SlackClient({ token: new Redacted(TOKEN), apiUrl: slack.apiUrl }, sender),
      notifier: { remember: (id, place) => void notes.push(`at ${id} ${place.channel} ${place.ts}`) },
      sender,
      linkTo: () => undefined,
      mayAnswer: (person, request) => person === ADA && request === state.request && state.mayAnswer,
      clock,
      note: text => void notes.push(text),
    },
  )
  context.after(async () => {
    await callback.stop()
    await sender.close()
    await slack.close()
  })
  return {
    slack,
    clock,
    callback,
    acts,
    notes,
    state,
    async send(payload, secret) {
      const reply = await callback.handle(signed(payload, clock.now(), secret))
      await callback.stop()
      return reply
    },
    click: (action = 'sallyport.approve', parts = {}) => ({
      type: 'block_actions',
      team: { id: 'T1', domain: 'example' },
      user: { id: 'U1', username: 'not-read', name: 'not-read', team_id: 'T1' },
      trigger_id: '1.2.abc',
      response_url: slack.responseUrl,
      container: { type: 'message', message_ts: '1700000000.000001', channel_id: 'C1' },
      actions: [{ type: 'button', action_id: action, value: REQUEST_ID }],
      ...parts,
    }),
  }
}

const submission = (parts: object = {}): object => ({
  type: 'view_submission',
  team: { id: 'T1' },
  user: { id: 'U1', team_id: 'T1' },
  view: {
    callback_id: 'sallyport.deny',
    private_metadata: REQUEST_ID,
    state: { values: { reason: { reason: { type: 'plain_text_input', value: 'not on a Friday' } } } },
    ...parts,
  },
})

test('a click on Approve is the approval of the person behind the member, with the verified groups', async context => {
  const { send, click, acts, notes, slack } = await bench(context)
  const reply = await send(click())
  assert.deepEqual([reply.status, reply.body], [200, ''])
  assert.deepEqual(acts, [`approve ${REQUEST_ID} okta/ada on-call`])
  assert.ok(notes.includes(`at ${REQUEST_ID} C1 1700000000.000001`))
  const [whisper, replaced] = slack.answers
  assert.equal(whisper!['response_type'], 'ephemeral')
  assert.equal(whisper!['replace_original'], false)
  assert.equal(replaced!['replace_original'], true)
  assert.match(JSON.stringify(replaced), /Approved/)
})

test('Deny asks for a reason in a dialog, which then denies', async context => {
  const { send, click, acts, slack } = await bench(context)
  assert.equal((await send(click('sallyport.deny'))).status, 200)
  assert.deepEqual(acts, [])
  const [call] = slack.calls
  assert.equal(call!.method, 'views.open')
  assert.equal(call!.arguments['trigger_id'], '1.2.abc')
  const view = JSON.parse(call!.arguments['view'] ?? '') as { private_metadata: string; callback_id: string }
  assert.equal(view.private_metadata, REQUEST_ID)
  assert.deepEqual(await send(submission()), {
    status: 200,
    headers: { 'cache-control': 'no-store' },
    body: '',
  })
  assert.deepEqual(acts, [`deny ${REQUEST_ID} okta/ada not on a Friday`])
})

test('where Slack opens no dialog, Deny still denies', async context => {
  const { send, click, acts, slack } = await bench(context)
  slack.answer = (_call, response) => json(response, { ok: false, error: 'expired_trigger_id' })
  await send(click('sallyport.deny'))
  assert.equal(acts.length, 1)
  assert.match(acts[0]!, /^deny .* denied in Slack/)
  assert.equal(slack.answers[0]!['replace_original'], true)
})

test('what the desk refuses is told to the one who clicked, alone', async context => {
  const { send, click, acts, slack, state } = await bench(context)
  state.error = new GateError('approver-not-eligible', 'nobody approves what they asked for <!channel>')
  assert.equal((await send(click())).status, 200)
  assert.deepEqual(acts, [])
  assert.equal(slack.answers.length, 1)
  assert.equal(slack.answers[0]!['response_type'], 'ephemeral')
  assert.match(String(slack.answers[0]!['text']), /nobody approves what they asked for &lt;!channel&gt;/)
  const dialog = await send(submission())
  const body = JSON.parse(dialog.body) as { response_action: string; errors: { reason: string } }
  assert.equal(body.response_action, 'errors')
  assert.match(body.errors.reason, /nobody approves/)
})

test('what the control policies take away is not given back by a chat', async context => {
  const { send, click, acts, slack, state } = await bench(context)
  state.mayAnswer = false
  await send(click())
  await send(click('sallyport.deny', { trigger_id: '2.2.abc' }))
  assert.match((await send(submission())).body, /gate:Approve/)
  assert.deepEqual(acts, [])
  assert.deepEqual(slack.calls, [])
  for (const { text } of slack.answers) assert.match(String(text), /gate:Approve/)
})

test('an unexpected error tells the person nothing of what it was', async context => {
  const { send, click, slack, notes, state } = await bench(context)
  state.error = new TypeError('a private matter')
  await send(click())
  assert.doesNotMatch(JSON.stringify(slack.answers), /private/)
  assert.ok(notes.includes('a click in slack failed unexpectedly'))
})

test('a message whose request has ended is mended by a click', async context => {
  const { send, click, slack, state } = await bench(context)
  state.request = requestOf({ state: 'expired' })
  state.error = new GateError('request-closed', 'the request has expired')
  await send(click())
  assert.deepEqual(
    slack.answers.map(answer => answer['replace_original']),
    [false, true],
  )
  assert.doesNotMatch(JSON.stringify(slack.answers[1]), /sallyport\.approve/)
})

test('nobody is known by a name, nor by groups that were proved too long ago', async context => {
  const { send, click, acts, slack, state, clock } = await bench(context)
  const stranger = { user: { id: 'U2', username: 'ada', name: 'Ada', team_id: 'T1' } }
  await send(click('sallyport.approve', stranger))
  assert.match(String(slack.answers.at(-1)!['text']), /does not know who/)
  await send(click('sallyport.approve', { team: { id: 'T2' }, user: { id: 'U1' } }))
  assert.match(String(slack.answers.at(-1)!['text']), /does not know who/)
  state.verifiedAtMs = undefined
  clock.advance(1_000)
  await send(click())
  assert.match(String(slack.answers.at(-1)!['text']), /no recent proof.*\n.*Sign in first/)
  state.verifiedAtMs = clock.now() - GROUPS_FOR_MS
  clock.advance(1_000)
  await send(click())
  assert.match(String(slack.answers.at(-1)!['text']), /no recent proof/)
  assert.deepEqual(acts, [])
  assert.match((await send(submission())).body, /no recent proof/)
})

test('what is not by the signing secret, or is old, or comes twice, does nothing', async context => {
  const { callback, send, click, acts, clock, slack } = await bench(context)
  assert.equal((await send(click(), 'another secret')).status, 401)
  const good = signed(click(), clock.now())
  const changed = { ...good, body: Buffer.from(good.body.toString('utf8').replace('U1', 'U9')) }
  assert.equal((await callback.handle(changed)).status, 401)
  const { 'x-slack-signature': signature, ...unsigned } = good.headers
  assert.equal((await callback.handle({ headers: unsigned, body: good.body })).status, 401)
  const twoHeaders = { ...good.headers, 'x-slack-signature': [String(signature), 'v0=0'] }
  assert.equal((await callback.handle({ headers: twoHeaders, body: good.body })).status, 401)
  for (const offMs of [SLACK_WINDOW_MS + 1_000, -SLACK_WINDOW_MS - 1_000]) {
    assert.equal((await callback.handle(signed(click(), clock.now() + offMs))).status, 401)
  }
  for (const timestamp of ['', 'now', '1e9', '-1', '99999999999999']) {
    const headers = { ...good.headers, 'x-slack-request-timestamp': timestamp }
    assert.equal((await callback.handle({ headers, body: good.body })).status, 401, timestamp)
  }
  assert.deepEqual(acts, [])
  assert.equal(slack.answers.length, 0)
  assert.equal((await callback.handle(good)).status, 200)
  assert.equal((await callback.handle(good)).status, 409)
  assert.equal(acts.length, 1)
})

test('what is signed and no click on a button of the gate is malformed', async context => {
  const { callback, send, click, acts, clock } = await bench(context)
  const wrong: (object | string)[] = [
    'no json',
    '[]',
    'null',
    {},
    { type: 'block_actions' },
    click('sallyport.other'),
    click('sallyport.approve', { actions: [] }),
    click('sallyport.approve', { actions: [{}, {}] }),
    click('sallyport.approve', { actions: [{ action_id: 'sallyport.approve', value: '../../x' }] }),
    click('sallyport.approve', { type: 'shortcut' }),
    click('sallyport.approve', { user: { id: 'U1', team_id: 'T2' } }),
    click('sallyport.approve', { user: { id: 'U1/../U2' } }),
    click('sallyport.approve', { team: null }),
    click('sallyport.approve', { container: {} }),
    click('sallyport.approve', { response_url: 7 }),
    submission({ callback_id: 'other' }),
    submission({ private_metadata: 'x' }),
    submission({ state: {} }),
    submission({ state: { values: { reason: { reason: { value: 'x'.repeat(5_000) } } } } }),
  ]
  for (const [index, payload] of wrong.entries()) {
    clock.advance(1_000)
    assert.equal((await send(payload)).status, 400, String(index))
  }
  assert.equal(
    (await callback.handle({ headers: {}, body: Buffer.alloc(CALLBACK_BODY_BYTES + 1) })).status,
    413,
  )
  assert.deepEqual(acts, [])
})

test('an answer goes to Slack and to no other host', async context => {
  const { send, click, slack, notes, clock } = await bench(context)
  const others = [
    'http://169.254.169.254/latest',
    'https://hooks.slack.com.evil.example/',
    'https://evil@x/',
    'x',
  ]
  for (const responseUrl of others) {
    clock.advance(1_000)
    await send(click('sallyport.approve', { response_url: responseUrl }))
  }
  assert.equal(slack.answers.length, 0)
  assert.equal(notes.filter(note => note.includes('its address is not of slack')).length, 2 * others.length)
})
