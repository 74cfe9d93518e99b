import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import {
  assumeRaw,
  type RawCredentials,
  type RawHeader,
  type RawReply,
  rawBytes,
  sendRaw,
  signRaw,
} from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { formsOf, type NamedMaskAttack, readMaskAttacks, replyBody } from './mask/attack.ts'
import { MASKED } from './mask/masked.ts'

const ROLE = 'arn:aws:iam::123456789012:role/masked'
const attacks = readMaskAttacks()

describe('attacks on the masks', () => {
  let upstream: StubUpstream
  let gate: RunningGate
  let credentials: RawCredentials

  before(async () => {
    upstream = await startStubUpstream()
    const issuer = await createIssuer(ISSUER_URL)
    gate = await startGate({
      issuer,
      roles: [{ arn: ROLE, policies: [MASKED], upstream: { assume: false, credentials: 'environment' } }],
      upstream: upstream.endpoint,
      env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'the-real-secret' },
      config: { log: { level: 'trace' } },
    })
    credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('mallory'))
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
  })

  for (const attack of attacks) it(`${attack.name}: ${attack.why}`, () => check(attack))

  it('a sealed ETag is of use in conditions: S3 sees its own', async () => {
    const etag = '"5ab2f4a1dd9ec93b18c5b5a3dd7c1a05"'
    upstream.answer(200, { 'content-type': 'text/plain', etag }, 'text')
    const get = (...headers: RawHeader[]) =>
      send({ service: 's3', request: { method: 'GET', target: '/people/k', headers } })
    const sealed = (await get()).headers.get('etag') ?? ''
    await get(['if-match', sealed])
    assert.equal(upstream.seen.at(-1)?.headers['if-match'], etag)
  })

  it('nothing of it is in what the gate wrote', () => {
    const places: [string, Buffer][] = [['the output of the gate', Buffer.from(gate.running.output())]]
    const data = join(gate.folder, 'data')
    for (const file of readdirSync(data, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) places.push([file.name, readFileSync(join(file.parentPath, file.name))])
    }
    for (const { name, expect } of attacks) {
      for (const form of expect.hidden.flatMap(formsOf)) {
        for (const [place, bytes] of places)
          assert.ok(!bytes.includes(form), `${name}: ${form} is in ${place}`)
      }
    }
  })

  it('the corpus only grows', () => assert.ok(attacks.length >= 23, `${attacks.length} attacks`))

  async function check(attack: NamedMaskAttack): Promise<void> {
    const { reply, expect } = attack
    if (reply !== undefined) upstream.answer(reply.status, { ...reply.headers }, replyBody(reply))
    const first = upstream.seen.length
    const got = await send(attack)
    const shown = JSON.stringify({ ...got, headers: [...got.headers] }, null, 2)
    assert.equal(got.status, expect.status, shown)
    assert.equal(upstream.seen.length > first, reply !== undefined, shown)
    const text = `${[...got.headers].join('\n')}\n${got.body}`
    for (const form of expect.hidden.flatMap(formsOf)) assert.ok(!text.includes(form), `${form}: ${shown}`)
    for (const part of expect.shows ?? []) assert.ok(text.includes(part), `${part}: ${shown}`)
    if (expect.code !== undefined) assert.ok(got.body.includes(expect.code), shown)
  }

  function send({ request, service }: Pick<NamedMaskAttack, 'request' | 'service'>): Promise<RawReply> {
    const host = new URL(gate.endpoint).host
    const signed = signRaw({ ...request, body: request.body ?? '' }, { credentials, service, host })
    // A reply without a body that names a length ends with the connection.
    const headers = [...signed.headers, ['connection', 'close'] as const]
    return sendRaw(gate.endpoint, rawBytes({ ...signed, headers }))
  }
})
