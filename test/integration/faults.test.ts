import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { JournalEvent } from '../../src/record/event.ts'
import { nodeFiles } from '../../src/record/node-files.ts'
import { readJournal } from '../../src/record/read.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { assumeRaw, type RawCredentials, rawBytes, sendRaw, signRaw } from '../harness/raw-client.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ROLE = 'arn:aws:iam::123456789012:role/faults'
const LONG = 64 << 20

/** What the upstream does with a call, by the object's key. */
type Behaviour = (request: IncomingMessage, response: ServerResponse) => void

describe('slow clients, broken upstreams, lost connections', () => {
  let gate: RunningGate
  let credentials: RawCredentials
  let endpoint = ''
  const behaviours = new Map<string, Behaviour>()
  const upstream = createServer((request, response) => {
    const behaviour = behaviours.get((request.url ?? '').split('/').at(-1) ?? '')
    if (behaviour !== undefined) return behaviour(request, response)
    request.resume().on('end', () => response.end('fine'))
  })

  before(async () => {
    await new Promise<void>(resolve => upstream.listen(0, '127.0.0.1', resolve))
    const issuer = await createIssuer(ISSUER_URL)
    gate = await startGate({
      issuer,
      roles: [{ arn: ROLE, policies: [ALLOW_ALL], upstream: { assume: false, credentials: 'environment' } }],
      upstream: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
      env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'faults' },
      config: {
        limits: {
          headersTimeout: '1s',
          bodyTimeout: '2s',
          upstreamHeadersTimeout: '1s',
          upstreamBodyTimeout: '1s',
        },
      },
    })
    endpoint = gate.endpoint
    credentials = await assumeRaw(endpoint, ROLE, await issuer.token('faulty'))
  })
  after(async () => {
    await gate?.stop()
    upstream.closeAllConnections()
    upstream.close()
  })

  function call(method: string, key: string, body = '', length = body.length): Buffer {
    const payloadHash = length === body.length ? {} : { payloadHash: 'UNSIGNED-PAYLOAD' }
    const headers = length === 0 ? [] : [['content-length', String(length)] as const]
    const request = { method, target: `/bucket/${key}`, headers, body }
    return rawBytes(
      signRaw(request, { credentials, service: 's3', host: new URL(endpoint).host, ...payloadHash }),
    )
  }

  async function served(): Promise<void> {
    const reply = await sendRaw(endpoint, call('GET', 'fine'))
    assert.equal(reply.status, 200, reply.body)
  }

  function dial(bytes: Buffer): Socket {
    const { hostname, port } = new URL(endpoint)
    const socket = connect({ host: hostname, port: Number(port) })
    socket.on('error', () => socket.destroy())
    socket.write(bytes)
    return socket
  }

  /** The first event for which `wanted` holds; the journal is read again until it is there. */
  async function recorded(wanted: (event: JournalEvent) => boolean): Promise<JournalEvent> {
    for (;;) {
      for await (const { event } of readJournal({
        files: nodeFiles,
        folder: join(gate.folder, 'data/journal'),
      })) {
        if (wanted(event)) return event
      }
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  /** How the call on this key ended. */
  async function outcomeOf(key: string): Promise<JournalEvent & { type: 'outcome' }> {
    const decision = await recorded(
      event => event.type === 'decision' && event.call?.parameters['Key'] === key,
    )
    const outcome = await recorded(event => event.type === 'outcome' && event.decisionId === decision.id)
    assert.ok(outcome.type === 'outcome')
    return outcome
  }

  it('heads that never end: others are served meanwhile, and the connections end', async () => {
    const slow = Array.from({ length: 50 }, () => dial(Buffer.from('GET / HTTP/1.1\r\nhost: x\r\nx-')))
    const closed = slow.map(socket => once(socket.resume(), 'close'))
    await served()
    await Promise.all(closed)
    await served()
  })

  it('bodies that stall: others are served meanwhile, nothing is left of the calls', async () => {
    const slow = Array.from({ length: 20 }, (_, n) => dial(call('PUT', `stalled-${n}`, 'begin', 1000)))
    const closed = slow.map(socket => once(socket.resume(), 'close'))
    await served()
    await Promise.all(closed)
    assert.equal((await outcomeOf('stalled-0')).error, 'client-gone')
  })

  it('a client that leaves in the middle of a download: the upstream is told, and the journal', async () => {
    const aborted = new Promise<void>(resolve => {
      behaviours.set('download', (_request, response) => {
        response.once('close', resolve)
        response.writeHead(200, { 'content-length': LONG })
        response.write(Buffer.alloc(1 << 16))
      })
    })
    const socket = dial(call('GET', 'download'))
    await once(socket, 'data')
    socket.destroy()
    await aborted
    assert.equal((await outcomeOf('download')).error, 'client-gone')
  })

  it('a client that leaves in the middle of an upload: the upstream never sees a whole object', async () => {
    const upload = new Promise<boolean>(resolve => {
      behaviours.set('upload', request => {
        request.on('error', () => resolve(request.complete))
        request.on('close', () => resolve(request.complete))
        request.once('data', () => socket.destroy())
      })
    })
    const socket = dial(call('PUT', 'upload', 'x'.repeat(1 << 18), LONG))
    assert.equal(await upload, false)
    assert.equal((await outcomeOf('upload')).error, 'client-gone')
  })

  it('an upstream that resets in the middle of its reply', async () => {
    behaviours.set('reset', (request, response) => {
      response.writeHead(200, { 'content-length': 1000 })
      response.write('half', () => request.socket.resetAndDestroy())
    })
    const reply = await sendRaw(endpoint, call('GET', 'reset'))
    assert.ok(reply.body.length < 1000, 'half a reply must not look like a whole one')
    assert.equal((await outcomeOf('reset')).error, 'upstream-broken')
    await served()
  })

  it('an upstream that closes without a reply', async () => {
    behaviours.set('closed', request => request.socket.destroy())
    const reply = await sendRaw(endpoint, call('GET', 'closed'))
    assert.equal(reply.status, 503)
    assert.match(reply.body, /upstream-unreachable/)
    assert.equal((await outcomeOf('closed')).error, 'upstream-unreachable')
  })

  it('an upstream that answers garbage', async () => {
    behaviours.set('garbage', request => request.socket.end('SSH-2.0-OpenSSH_9.6\r\n\r\n'))
    const reply = await sendRaw(endpoint, call('GET', 'garbage'))
    assert.ok([502, 503].includes(reply.status), String(reply.status))
    assert.doesNotMatch(reply.body, /OpenSSH/)
    assert.equal((await outcomeOf('garbage')).error, 'upstream-reply-unclear')
    await served()
  })

  it('an upstream that says nothing', async () => {
    behaviours.set('silent', () => undefined)
    const reply = await sendRaw(endpoint, call('GET', 'silent'))
    assert.equal(reply.status, 503)
    assert.equal((await outcomeOf('silent')).error, 'upstream-timeout')
  })

  it('an upstream that stops in the middle of its reply', async () => {
    behaviours.set('stuck', (_request, response) => {
      response.writeHead(200, { 'content-length': 1000 })
      response.write('half')
    })
    const reply = await sendRaw(endpoint, call('GET', 'stuck'))
    assert.ok(reply.body.length < 1000)
    assert.ok((await outcomeOf('stuck')).error)
  })

  it('a flood of strangers: what they write into the journal is bounded, and others are served', async () => {
    const stranger = Buffer.from(`GET /flood HTTP/1.1\r\nhost: ${new URL(endpoint).host}\r\n\r\n`)
    const FLOOD = 3000
    const started = Date.now()
    for (let sent = 0; sent < FLOOD; sent += 50) {
      const replies = await Promise.all(Array.from({ length: 50 }, () => sendRaw(endpoint, stranger)))
      for (const reply of replies) assert.equal(reply.status, 403)
    }
    await served()
    const seconds = (Date.now() - started) / 1000
    let events = 0
    for await (const { event } of readJournal({
      files: nodeFiles,
      folder: join(gate.folder, 'data/journal'),
    })) {
      if (event.type === 'decision' && event.target?.path === '/flood') events++
    }
    assert.ok(events > 0 && events <= 500 + 20 * (seconds + 1), `${events} events in ${seconds} s`)
  })
})
