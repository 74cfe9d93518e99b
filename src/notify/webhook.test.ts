import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { ANY_CHARACTER } from '../../test/harness/any-character.ts'
import { systemClock } from '../core/clock.ts'
import { Redacted } from '../core/redacted.ts'
import { webhookKey, webhookSignature } from '../core/webhook-secret.ts'
import { DeliveryFailure } from './port.ts'
import { Sender } from './send.ts'
import { deliveryOf, eventOf, type Received, receiver, requestOf } from './testing.ts'
import { WebhookNotifier } from './webhook.ts'

const secretOf = (bytes: Buffer): string => `whsec_${bytes.toString('base64')}`
const SECRET = secretOf(Buffer.alloc(32, 7))
const OLD_SECRET = secretOf(Buffer.alloc(24, 8))
const never = new AbortController().signal

const linkTo = (id: string): string => `https://gate.example.com/r/${id}`

type Answer = Parameters<typeof receiver>[0]

/** Delivers once to a receiver that answers so. */
async function deliver(
  answer: Answer,
  request = requestOf(),
  secrets: readonly string[] = [SECRET],
  signal: AbortSignal = never,
): Promise<{ received: Received[]; error: unknown }> {
  const server = await receiver(answer)
  const sender = new Sender()
  const settings = {
    name: 'ops',
    url: `${server.origin}/in?key=1`,
    secrets: secrets.map(secret => new Redacted(secret)),
  }
  const notifier = new WebhookNotifier(settings, { sender, clock: systemClock, linkTo })
  try {
    await notifier.deliver(deliveryOf(), request, signal)
    return { received: server.received, error: undefined }
  } catch (error) {
    return { received: server.received, error }
  } finally {
    await sender.close()
    await server.close()
  }
}

const ok: Answer = (_received, response) => response.writeHead(204).end()

const headersOf = ({ headers }: Received): Record<string, string> => ({
  'webhook-id': String(headers['webhook-id']),
  'webhook-timestamp': String(headers['webhook-timestamp']),
  'webhook-signature': String(headers['webhook-signature']),
})

test('a receiver verifies the message with the library of Standard Webhooks', async () => {
  const { received, error } = await deliver(ok)
  assert.equal(error, undefined)
  const [message] = received
  assert.equal(message!.method, 'POST')
  assert.equal(message!.path, '/in?key=1')
  assert.equal(message!.headers['content-type'], 'application/json')
  assert.equal(message!.headers['webhook-id'], eventOf().id)
  const payload = new Webhook(SECRET).verify(message!.body, headersOf(message!)) as {
    type: string
    data: { request: { id: string; link: string; call: { commandLine: string } } }
  }
  assert.equal(payload.type, 'access-request.asked')
  assert.equal(payload.data.request.link, linkTo(requestOf().id))
  assert.match(payload.data.request.call.commandLine, /^aws ec2 terminate-instances/)
})

test('another secret, or one changed byte, does not verify', async () => {
  const { received } = await deliver(ok)
  const [message] = received
  assert.throws(() => new Webhook(OLD_SECRET).verify(message!.body, headersOf(message!)))
  assert.throws(() => new Webhook(SECRET).verify(message!.body.replace('i-1', 'i-2'), headersOf(message!)))
  const moved = { ...headersOf(message!), 'webhook-id': 'another' }
  assert.throws(() => new Webhook(SECRET).verify(message!.body, moved))
})

test('while secrets are changed, receivers with either verify', async () => {
  const { received } = await deliver(ok, requestOf(), [SECRET, OLD_SECRET])
  const [message] = received
  for (const secret of [SECRET, OLD_SECRET]) new Webhook(secret).verify(message!.body, headersOf(message!))
  assert.throws(() => new Webhook(secretOf(randomBytes(32))).verify(message!.body, headersOf(message!)))
})

test('parameters stay in the gate; what is very long is cut, and says so', async () => {
  const call = { ...requestOf().call!, commandLine: 'x'.repeat(100_000) }
  const { received } = await deliver(ok, requestOf({ call }))
  assert.doesNotMatch(received[0]!.body, /parameters-stay-here/)
  assert.ok(received[0]!.body.length < 20_000)
  const payload = JSON.parse(received[0]!.body) as { data: { request: { call: { cut: boolean } } } }
  assert.equal(payload.data.request.call.cut, true)
})

test('what a receiver can answer, and what becomes of it', async () => {
  const failure = async (answer: Answer): Promise<DeliveryFailure> => {
    const { error } = await deliver(answer)
    assert.ok(error instanceof DeliveryFailure, String(error))
    return error
  }
  const status =
    (code: number, headers: Record<string, string> = {}): Answer =>
    (_received, response) =>
      response.writeHead(code, headers).end('<html>do not quote me</html>')

  assert.equal((await failure(status(500))).after, 'again')
  assert.equal((await failure(status(400))).after, 'again')
  assert.equal((await failure(status(410))).after, 'gone')
  assert.equal((await failure(status(429, { 'retry-after': '33' }))).retryAfterMs, 33_000)
  assert.equal((await failure(status(503, { 'retry-after': 'nonsense' }))).retryAfterMs, undefined)
  assert.match(
    (await failure(status(302, { location: 'http://127.0.0.1:1/' }))).message,
    /302, and redirects/,
  )
  assert.match((await failure((_received, response) => response.socket?.destroy())).message, /no reply/)
  assert.match((await failure((_r, response) => response.socket?.end('garbage\r\n\r\n'))).message, /no reply/)
  for (const code of [500, 410, 429]) assert.doesNotMatch((await failure(status(code))).message, /quote/)
})

test('a redirect is not followed', async () => {
  const { received } = await deliver((_received, response) => {
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  assert.equal(received.length, 1)
})

test('a receiver that hangs is left when the pump says so', async () => {
  const abort = new AbortController()
  const { error } = await deliver(() => abort.abort(), requestOf(), [SECRET], abort.signal)
  assert.ok(error instanceof DeliveryFailure)
})

test('an endless reply is not read to its end', async () => {
  const { error } = await deliver((_received, response) => {
    response.on('error', () => undefined)
    response.writeHead(200)
    const block = Buffer.alloc(65_536)
    const more = (): void => {
      while (!response.destroyed && response.write(block));
      response.once('drain', more)
    }
    more()
  })
  // Either way: what matters is that it ends. The status was a yes.
  assert.ok(error === undefined || error instanceof DeliveryFailure)
})

test('secrets have 24 to 64 bytes; no message has the secret', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), bytes => {
      assert.deepEqual(webhookKey(secretOf(Buffer.from(bytes))).reveal(), Buffer.from(bytes))
    }),
  )
  const wrong = [
    '',
    'whsec_',
    SECRET.slice(6),
    secretOf(Buffer.alloc(23)),
    secretOf(Buffer.alloc(65)),
    `${SECRET} `,
    SECRET.replace('Bw', 'B*'),
  ]
  for (const secret of wrong) {
    assert.throws(
      () => webhookKey(secret),
      error => error instanceof Error && /whsec_/.test(error.message) && !error.message.includes('BwcH'),
    )
  }
})

test('signatures agree with the library for any body', () => {
  const library = new Webhook(SECRET)
  fc.assert(
    fc.property(fc.string({ unit: ANY_CHARACTER }), fc.stringMatching(/^[A-Z0-9]{26}$/), (body, id) => {
      const timestampS = 1_767_323_045
      const ours = webhookSignature([webhookKey(SECRET)], id, timestampS, body)
      assert.equal(ours, library.sign(id, new Date(timestampS * 1000), body))
    }),
  )
})

test('addresses are `https://`, or `http://` to this machine', () => {
  const make = (url: string, secrets = [SECRET]): WebhookNotifier =>
    new WebhookNotifier(
      { name: 'ops', url, secrets: secrets.map(secret => new Redacted(secret)) },
      { sender: new Sender(), clock: systemClock, linkTo },
    )
  for (const url of ['https://hooks.example.com/in', 'http://127.0.0.1:8080/', 'http://[::1]/']) make(url)
  for (const url of ['http://example.com/', 'https://me:pw@example.com/', 'ftp://example.com/', 'x', '']) {
    assert.throws(() => make(url), /must be `https:/)
  }
  assert.throws(() => make('https://example.com/', []), /no secret/)
})
