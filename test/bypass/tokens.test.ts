import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { nodeFiles } from '../../src/record/node-files.ts'
import { readJournal } from '../../src/record/read.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer, type Issuer } from '../harness/issuer.ts'
import { type RawCredentials, rawBytes, sendRaw, signRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'

const ROLE = 'arn:aws:iam::123456789012:role/reader'
const POLICY = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'dynamodb:ListTables', Resource: '*' }],
}
const NOW_S = Math.floor(Date.now() / 1000)

/** A token of which every part is as the attacker wants it. */
function forge(header: object, claims: object, key?: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part(header)}.${part(claims)}`
  return `${signed}.${key === undefined ? '' : createHmac('sha256', key).update(signed).digest('base64url')}`
}

describe('identity tokens at the running gate', () => {
  let upstream: StubUpstream
  let gate: RunningGate
  let issuer: Issuer
  let stranger: Issuer

  before(async () => {
    upstream = await startStubUpstream()
    issuer = await createIssuer(ISSUER_URL)
    stranger = await createIssuer(ISSUER_URL)
    gate = await startGate({
      issuer,
      roles: [{ arn: ROLE, policies: [POLICY], upstream: { assume: false, credentials: 'environment' } }],
      upstream: upstream.endpoint,
      env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'tokens' },
    })
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
  })

  async function exchange(token: string, more: Record<string, string> = {}): Promise<Response> {
    return fetch(gate.endpoint, {
      method: 'POST',
      body: new URLSearchParams({
        Action: 'AssumeRoleWithWebIdentity',
        Version: '2011-06-15',
        RoleArn: ROLE,
        RoleSessionName: 'attacker',
        WebIdentityToken: token,
        ...more,
      }),
    })
  }

  const claims = { iss: ISSUER_URL, aud: 'sallyport', sub: 'agent-7', iat: NOW_S, exp: NOW_S + 3600 }
  const attacks: [name: string, token: () => string | Promise<string>, code: string][] = [
    ['signed with a key of one’s own', () => stranger.token('agent-7'), 'InvalidIdentityToken'],
    ['without a signature', () => forge({ alg: 'none', typ: 'JWT' }, claims), 'InvalidIdentityToken'],
    [
      'signed with the public key as a secret',
      () => forge({ alg: 'HS256', kid: 'test-key', typ: 'JWT' }, claims, issuer.jwks),
      'InvalidIdentityToken',
    ],
    ['of another issuer', () => withClaims({ iss: 'https://other.example' }), 'InvalidIdentityToken'],
    ['for another audience', () => withClaims({ aud: 'sts.amazonaws.com' }), 'IDPRejectedClaim'],
    ['that has expired', () => withClaims({ exp: NOW_S - 3600, iat: NOW_S - 7200 }), 'ExpiredTokenException'],
    ['that is not valid yet', () => withClaims({ nbf: NOW_S + 3600 }), 'InvalidIdentityToken'],
    ['that never expires', () => withClaims({ exp: undefined }), 'InvalidIdentityToken'],
  ]

  /** A token of the true issuer with exactly these claims over the usual ones. */
  function withClaims(changed: object): Promise<string> {
    return issuer.sign({ ...claims, ...changed })
  }

  for (const [name, token, code] of attacks) {
    it(`refuses one ${name}, and records it`, async () => {
      const reply = await exchange(await token())
      const text = await reply.text()
      assert.notEqual(reply.status, 200)
      assert.match(text, new RegExp(`<Code>${code}</Code>`))
      assert.doesNotMatch(text, /SecretAccessKey/)
      const event = await recorded(reply.headers.get('x-sallyport-event') ?? '')
      assert.equal(event?.type === 'decision' && event.denial?.kind, 'refused')
    })
  }

  it('gives no session that is wider than the role, whatever policy is asked for', async () => {
    const wide = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
    const reply = await exchange(await issuer.token('agent-7'), { Policy: JSON.stringify(wide) })
    assert.equal(await call(await credentialsOf(reply), 'DeleteTable', { TableName: 'jobs' }), 400)
    assert.equal(upstream.seen.length, 0)
  })

  it('gives a session that is narrower, where that is asked for', async () => {
    const narrow = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] }
    const reply = await exchange(await issuer.token('agent-7'), { Policy: JSON.stringify(narrow) })
    assert.equal(await call(await credentialsOf(reply), 'ListTables', {}), 400)
    assert.equal(upstream.seen.length, 0)
  })

  async function credentialsOf(reply: Response): Promise<RawCredentials> {
    const xml = await reply.text()
    const member = (name: string): string =>
      new RegExp(`<${name}>([^<]+)<`).exec(xml)?.[1] ?? assert.fail(xml)
    return {
      accessKeyId: member('AccessKeyId'),
      secretAccessKey: member('SecretAccessKey'),
      sessionToken: member('SessionToken'),
    }
  }

  async function call(credentials: RawCredentials, operation: string, body: object): Promise<number> {
    const headers = [
      ['x-amz-target', `DynamoDB_20120810.${operation}`],
      ['content-type', 'application/x-amz-json-1.0'],
    ] as const
    const request = { method: 'POST', target: '/', headers, body: JSON.stringify(body) }
    const host = new URL(gate.endpoint).host
    return (
      await sendRaw(gate.endpoint, rawBytes(signRaw(request, { credentials, service: 'dynamodb', host })))
    ).status
  }

  async function recorded(id: string) {
    for await (const { event } of readJournal({
      files: nodeFiles,
      folder: join(gate.folder, 'data/journal'),
    })) {
      if (event.id === id) return event
    }
    return undefined
  }
})
