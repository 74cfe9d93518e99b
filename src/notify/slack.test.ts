import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { Redacted } from '../core/redacted.ts'
import type { AccessRequest, RequestEventKind } from '../grants/model.ts'
import { DeliveryFailure } from './port.ts'
import { Sender } from './send.ts'
import { SlackNotifier } from './slack.ts'
import { SlackClient } from './slack-client.ts'
import { json, type SlackStandIn, slackStandIn, TOKEN } from './slack-stand-in.fixture.ts'
import { deliveryOf, eventOf, REQUEST_ID, requestOf } from './testing.ts'

const CHANNEL = 'C0APPROVALS'
const never = new AbortController().signal
const linkTo = (): string => 'https://gate.example.com/r/1'

interface Bench {
  readonly slack: SlackStandIn
  make(token?: string): SlackNotifier
  tell(notifier: SlackNotifier, what: RequestEventKind, request?: Partial<AccessRequest>): Promise<void>
}

async function bench(context: TestContext): Promise<Bench> {
  const slack = await slackStandIn()
  const sender = new Sender()
  context.after(async () => {
    await sender.close()
    await slack.close()
  })
  return {
    slack,
    make(token = TOKEN) {
      const client = new SlackClient({ token: new Redacted(token), apiUrl: slack.apiUrl }, sender)
      return new SlackNotifier({ name: 'slack', channel: CHANNEL }, { client, linkTo })
    },
    tell: (notifier, what, request = {}) =>
      notifier.deliver(deliveryOf({ event: eventOf({ what }) }), requestOf(request), never),
  }
}

const methods = ({ calls }: SlackStandIn): string[] => calls.map(call => call.method)

test('a request is posted, and its message written anew with what follows', async context => {
  const { slack, make, tell } = await bench(context)
  const notifier = make()
  await tell(notifier, 'asked')
  await tell(notifier, 'shown')
  await tell(notifier, 'approved', { state: 'approved' })
  await tell(notifier, 'spent', { state: 'spent' })
  assert.deepEqual(methods(slack), ['chat.postMessage', 'chat.update', 'chat.update'])
  const [posted, updated] = slack.calls
  assert.equal(posted!.arguments['channel'], CHANNEL)
  assert.equal(posted!.arguments['parse'], 'none')
  assert.equal(posted!.arguments['link_names'], 'false')
  assert.equal(posted!.arguments['unfurl_links'], 'false')
  const actions = posted!.blocks.find(block => block.type === 'actions')
  assert.deepEqual(
    actions?.elements?.map(({ action_id, value }) => [action_id, value]),
    [
      ['sallyport.approve', REQUEST_ID],
      ['sallyport.deny', REQUEST_ID],
    ],
  )
  assert.equal(updated!.arguments['ts'], '1700000000.000001')
  assert.ok(!updated!.blocks.some(block => block.type === 'actions'))
})

test('after a restart, what matters is a message of its own, and what does not is none', async context => {
  const { slack, make, tell } = await bench(context)
  await tell(make(), 'asked')
  const after = make()
  await tell(after, 'spent', { state: 'spent' })
  assert.equal(slack.calls.length, 1)
  await tell(after, 'denied', { state: 'denied' })
  assert.deepEqual(methods(slack), ['chat.postMessage', 'chat.postMessage'])
})

test('a click tells a process where the message is', async context => {
  const { slack, make, tell } = await bench(context)
  const notifier = make()
  notifier.remember(REQUEST_ID, { channel: CHANNEL, ts: '1.2' })
  await tell(notifier, 'approved', { state: 'approved' })
  assert.deepEqual(methods(slack), ['chat.update'])
  assert.equal(slack.calls[0]!.arguments['ts'], '1.2')
})

test('a message that was deleted is posted again', async context => {
  const { slack, make, tell } = await bench(context)
  const notifier = make()
  notifier.remember(REQUEST_ID, { channel: CHANNEL, ts: '1.2' })
  slack.answer = (call, response) => {
    json(
      response,
      call.method === 'chat.update'
        ? { ok: false, error: 'message_not_found' }
        : { ok: true, ts: '3.4', channel: CHANNEL },
    )
  }
  await tell(notifier, 'approved', { state: 'approved' })
  assert.deepEqual(methods(slack), ['chat.update', 'chat.postMessage'])
})

test('two events at once make one message', async context => {
  const { slack, make, tell } = await bench(context)
  const notifier = make()
  await Promise.all([tell(notifier, 'asked'), tell(notifier, 'approved', { state: 'approved' })])
  assert.deepEqual(methods(slack), ['chat.postMessage', 'chat.update'])
})

test('a request whose first message failed is told by the next one', async context => {
  const { slack, make, tell } = await bench(context)
  const notifier = make()
  slack.answer = (_call, response) => response.writeHead(500).end()
  await assert.rejects(tell(notifier, 'asked'))
  slack.answer = undefined
  await tell(notifier, 'asked')
  assert.deepEqual(methods(slack), ['chat.postMessage', 'chat.postMessage'])
})

test('what Slack can answer, and what becomes of it', async context => {
  const { slack, make, tell } = await bench(context)
  const failure = async (answer: (response: ServerResponse) => void): Promise<DeliveryFailure> => {
    slack.answer = (_call, response) => answer(response)
    const calls = slack.calls.length
    let failed: unknown
    await tell(make(), 'asked').catch(error => {
      failed = error
    })
    assert.ok(failed instanceof DeliveryFailure, String(failed))
    assert.equal(slack.calls.length, calls + 1, 'the package does not try again by itself')
    assert.doesNotMatch(failed.message, /secret|xoxb/)
    return failed
  }
  const limited = await failure(response => response.writeHead(429, { 'retry-after': '30' }).end())
  assert.equal(limited.retryAfterMs, 30_000)
  assert.equal(limited.after, 'again')
  assert.equal((await failure(response => response.writeHead(429).end())).after, 'again')
  assert.match((await failure(response => response.writeHead(500).end('secret'))).message, /status 500/)
  assert.match((await failure(response => response.writeHead(302, { location: '/x' }).end())).message, /302/)
  assert.match((await failure(response => response.end('secret: <html>'))).message, /something unclear/)
  assert.match((await failure(response => void response.socket?.destroy())).message, /no reply/)
  assert.match((await failure(response => response.end('x'.repeat(300_000)))).message, /longer than/)
  const unknown = await failure(response => json(response, { ok: false, error: 'channel_not_found' }))
  assert.equal(unknown.after, 'again')
  assert.match(unknown.message, /`channel_not_found`/)
})

test('where Slack refuses the form of a message, the request is still told, once', async context => {
  const { slack, make, tell } = await bench(context)
  slack.answer = (call, response) => {
    const good = call.blocks.length === 0
    json(response, good ? { ok: true, ts: '1.2', channel: CHANNEL } : { ok: false, error: 'invalid_blocks' })
  }
  await tell(make(), 'asked')
  assert.match(
    slack.calls[1]!.arguments['text'] ?? '',
    new RegExp(`Access request ${REQUEST_ID} by .agent-7.`),
  )
  slack.answer = (_call, response) => json(response, { ok: false, error: 'msg_too_long' })
  await assert.rejects(tell(make(), 'asked'), error => {
    assert.ok(error instanceof DeliveryFailure)
    assert.equal(error.after, 'never')
    return true
  })
  assert.equal(slack.calls.length, 4)
})

test('another token is refused, and is in no error', async context => {
  const { make, tell } = await bench(context)
  await assert.rejects(tell(make('xoxb-wrong'), 'asked'), error => {
    assert.ok(error instanceof DeliveryFailure)
    assert.match(error.message, /`invalid_auth`/)
    return true
  })
})

test('the token is nowhere in what could be printed', async context => {
  const { slack } = await bench(context)
  const sender = new Sender()
  context.after(() => sender.close())
  const client = new SlackClient({ token: new Redacted(TOKEN), apiUrl: slack.apiUrl }, sender)
  assert.doesNotMatch(inspect(client, { depth: 10, showHidden: true }), new RegExp(TOKEN))
})

test('a Slack that is away fails at once', async context => {
  const { slack, make, tell } = await bench(context)
  const notifier = make()
  await slack.close()
  await assert.rejects(tell(notifier, 'asked'), /no reply/)
})
