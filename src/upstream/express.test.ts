import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { ManualClock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import { Redacted } from '../core/redacted.ts'
import { SigningKeys } from '../wire/sigv4/keys.ts'
import { ExpressSessions, recorded } from './express.ts'
import { LeaseCache } from './lease-cache.ts'
import { signOutgoing } from './outgoing.ts'
import { atEndpoint } from './place.ts'
import type { RecordOwnCall } from './port.ts'
import type { OpenReply } from './reply.ts'

const START = Date.UTC(2026, 0, 1)
const REPLY =
  '<?xml version="1.0"?><CreateSessionResult><Credentials><SessionToken>token</SessionToken>' +
  '<SecretAccessKey>secret</SecretAccessKey><AccessKeyId>ASIA</AccessKeyId>' +
  '<Expiration>2026-01-01T00:05:00Z</Expiration></Credentials></CreateSessionResult>'

const reply = (status: number, text: string): OpenReply => ({
  status,
  headers: [],
  body: Readable.from([Buffer.from(text)]),
})

function sessions(): ExpressSessions {
  const random = { bytes: (length: number) => Buffer.alloc(length) }
  return new ExpressSessions(
    new LeaseCache({ clock: new ManualClock(START), random, renewalFailed: () => undefined }),
  )
}

const principal = (sessionId: string): Principal => ({
  arn: 'a',
  roleArn: 'r',
  account: '111122223333',
  sessionName: 's',
  sessionId,
  issuer: 'i',
  subject: 's',
  claims: {},
  tags: {},
  actingFor: [],
  issuedAtMs: START,
  expiresAtMs: START + 3_600_000,
})

test('a session is made once for each principal and bucket, and stays secret', async () => {
  const express = sessions()
  let made = 0
  const create = async (): Promise<OpenReply> => {
    made++
    return reply(200, REPLY)
  }
  const lease = await express.get(principal('1'), 'b', create)
  assert.equal(await express.get(principal('1'), 'b', create), lease)
  await express.get(principal('2'), 'b', create)
  await express.get(principal('1'), 'c', create)
  assert.equal(made, 3)
  assert.equal(lease.expiresAtMs, START + 300_000)
  assert.equal(lease.secretAccessKey.reveal(), 'secret')
  assert.ok(!JSON.stringify(lease).includes('secret"'))
})

test('what S3 answers otherwise is an error', async () => {
  const answer = (status: number, text: string) => async () => reply(status, text)
  const get = (create: () => Promise<OpenReply>): Promise<unknown> =>
    sessions().get(principal('1'), 'b', create)
  await assert.rejects(get(answer(403, '<Error/>')), { code: 'lease-denied' })
  await assert.rejects(get(answer(503, '<Error/>')), { code: 'lease-unavailable' })
  await assert.rejects(get(answer(200, '<CreateSessionResult/>')), { code: 'lease-unavailable' })
  await assert.rejects(get(answer(200, 'x'.repeat(20_000))), { code: 'lease-unavailable' })
})

test("an express session's token travels under its own name, and is signed", () => {
  const address = atEndpoint('b.example.amazonaws.com', '/k', { region: 'eu-west-1', service: 's3express' })
  const request = {
    service: 's3',
    operation: 'GetObject',
    region: 'eu-west-1',
    method: 'GET',
    path: '/b/k',
    query: '',
    headers: [],
    hostPrefix: '',
    body: { kind: 'none' },
  } as const
  const credentials = {
    accessKeyId: 'ASIA',
    secretAccessKey: new Redacted('s'),
    sessionToken: new Redacted('token'),
  }
  const { headers } = signOutgoing(request, address, {
    keys: new SigningKeys(),
    nowMs: START,
    credentials,
    express: true,
  })
  const value = (name: string): string | undefined => headers[headers.indexOf(name) + 1]
  assert.equal(value('x-amz-s3session-token'), 'token')
  assert.equal(headers.includes('x-amz-security-token'), false)
  assert.match(
    value('authorization') ?? '',
    /eu-west-1\/s3express\/aws4_request, SignedHeaders=[^,]*x-amz-s3session-token/,
  )
})

test('a CreateSession is recorded before it leaves, and how it ended; unrecorded it does not leave', async () => {
  const call = {
    service: 's3',
    operation: 'CreateSession',
    region: 'eu-west-1',
    bucket: 'b--z--x-s3',
  } as const
  const steps: unknown[] = []
  const record: RecordOwnCall = async ({ sessionId }, { bucket }) => {
    steps.push(`record ${sessionId} ${bucket}`)
    return async end => void steps.push(end)
  }
  const send = async (): Promise<OpenReply> => {
    steps.push('send')
    return { ...reply(200, REPLY), headers: [['x-amz-request-id', 'R1']] }
  }
  const lost = async (): Promise<OpenReply> => {
    throw new GateError('upstream-timeout', 'it took too long')
  }
  await recorded(record, principal('one'), call, send)
  await assert.rejects(recorded(record, principal('two'), call, lost), { code: 'upstream-timeout' })
  const full: RecordOwnCall = () => Promise.reject(new GateError('journal-unavailable', 'the disk is full'))
  await assert.rejects(recorded(full, principal('three'), call, send), { code: 'journal-unavailable' })
  assert.deepEqual(steps, [
    'record one b--z--x-s3',
    'send',
    { status: 200, upstreamRequestId: 'R1' },
    'record two b--z--x-s3',
    { error: 'upstream-timeout' },
  ])
})
