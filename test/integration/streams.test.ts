import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import type { Outbound } from '../../src/archive/stream/outbound.ts'
import { systemClock, systemRandom } from '../../src/core/clock.ts'
import { ocsfProblems } from '../../src/record/export/ocsf-schema.fixture.ts'
import { allowed, ended } from '../../src/record/journal.fixture.ts'
import { openJournal } from '../../src/record/journal.ts'
import { nodeFiles } from '../../src/record/node-files.ts'

const CHILD = join(import.meta.dirname, 'streams.child.ts')

import { SyslogSink } from '../../src/archive/stream/syslog-sink.ts'
import { selfSigned } from '../harness/certificate.ts'

function event(id: string): Outbound {
  const text = JSON.stringify({ id })
  return { id, timeMs: 0, kind: 'call', sessionId: undefined, weight: 'information', text, short: () => text }
}

test('syslog over TLS: the certificate must be of the authority that is named, and of the receiver', async () => {
  const good = await selfSigned('localhost')
  const other = await selfSigned('elsewhere.example')
  const signal = new AbortController().signal
  for (const [certificate, trusted, expected] of [
    [good, good, undefined],
    [good, other, /DEPTH_ZERO_SELF_SIGNED_CERT/],
    [good, undefined, /DEPTH_ZERO_SELF_SIGNED_CERT/],
    [other, other, /ERR_TLS_CERT_ALTNAME_INVALID/],
  ] as const) {
    const received: Buffer[] = []
    const server = createServer(
      { cert: certificate.certificate, key: certificate.key },
      (socket: TLSSocket) => {
        socket.on('data', (bytes: Buffer) => void received.push(bytes)).on('error', () => undefined)
      },
    )
    server.on('tlsClientError', () => undefined)
    server.listen(0)
    await once(server, 'listening')
    const sink = new SyslogSink({
      name: 'siem',
      address: 'localhost',
      port: (server.address() as AddressInfo).port,
      facility: 13,
      host: 'gate',
      tls: trusted === undefined ? {} : { ca: trusted.certificate },
    })
    const delivery = sink.deliver([event('a'), event('b')], signal)
    if (expected === undefined) await delivery
    else await assert.rejects(delivery, expected)
    server.close()
    assert.equal(Buffer.concat(received).includes('"id":"b"'), expected === undefined)
  }
})

const CALLS = 5_000

/** A journal of calls, each with its outcome. */
async function record(data: string): Promise<void> {
  const journal = await openJournal(
    { folder: join(data, 'journal'), lane: 0, durability: 'os', segmentBytes: 2 ** 20 },
    {
      files: nodeFiles,
      clock: systemClock,
      random: systemRandom,
      after(delayMs, run) {
        const timer = setTimeout(run, delayMs)
        return () => clearTimeout(timer)
      },
    },
  )
  for (let at = 0; at < CALLS; at += 500) {
    const ids = Array.from({ length: 500 }, (_, i) => `d${at + i}`)
    await Promise.all(ids.flatMap(id => [journal.append(allowed(id)), journal.append(ended(id))]))
  }
  await journal.close()
}

/** Streams, and is killed when it begins its step of this number; true if it came to its end before. */
async function streamed(data: string, killedAt: number): Promise<boolean> {
  const child = spawn(process.execPath, [CHILD, data], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  let steps = 0
  let isDone = false
  for await (const line of createInterface({ input: child.stdout })) {
    isDone = line === 'done'
    if (++steps === killedAt) child.kill('SIGKILL')
  }
  await exit
  return isDone
}

test('killed at any step, a stream into a file loses nothing; what comes again is the same', async () => {
  const data = mkdtempSync(join(tmpdir(), 'streams-'))
  try {
    await record(data)
    let killedAt = 2
    while (!(await streamed(data, killedAt))) killedAt += 3
    assert.ok(killedAt > 8, `${killedAt}`)
    const lines = readFileSync(join(data, 'events.jsonl'), 'utf8').split('\n')
    assert.equal(lines.pop(), '')
    const known = new Map<string, string>()
    for (const line of lines) {
      const { uid } = (JSON.parse(line) as { metadata: { uid: string } }).metadata
      assert.equal(known.get(uid) ?? line, line)
      known.set(uid, line)
    }
    assert.deepEqual(
      [...known.keys()],
      Array.from({ length: CALLS }, (_, at) => `d${at}`),
    )
    for (const line of [...known.values()].slice(0, 20)) assert.deepEqual(ocsfProblems(JSON.parse(line)), [])
  } finally {
    rmSync(data, { recursive: true })
  }
})
