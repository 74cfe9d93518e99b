import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  SIGNING_SECRET,
  type SlackStandIn,
  signed,
  slackStandIn,
  TOKEN,
} from '../../src/notify/slack-stand-in.fixture.ts'
import { ControlClient } from '../harness/control.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer, type Issuer } from '../harness/issuer.ts'
import {
  assumeRaw,
  type RawCredentials,
  type RawReply,
  type RawRequest,
  rawBytes,
  sendRaw,
  signRaw,
} from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ROLE = 'arn:aws:iam::123456789012:role/agent'
const POLICY = {
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'Risky',
      Effect: 'RequireApproval',
      Action: ['athena:*', 'ec2:TerminateInstances', 'glacier:*', 'sns:Publish'],
      Resource: '*',
      Approval: { From: ['group/on-call'], Hold: '1s', Uses: 10 },
    },
  ],
}

/** Fred may see everything, and approve nothing. */
const CONTROL = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: 'gate:*', Resource: '*' },
    {
      Effect: 'Deny',
      Action: 'gate:Approve',
      Resource: '*',
      Condition: { StringEquals: { 'gate:Subject': 'fred' } },
    },
  ],
}

/** What an agent and an approver may try against each other, on the whole gate. */
describe('attacks on approvals', () => {
  let upstream: StubUpstream
  let slack: SlackStandIn
  let gate: RunningGate
  let people: Issuer
  let issuer: Issuer
  let ann: ControlClient
  let agent: RawCredentials

  before(async () => {
    upstream = await startStubUpstream()
    slack = await slackStandIn()
    issuer = await createIssuer(ISSUER_URL)
    people = await createIssuer('https://idp.example')
    gate = await startGate({
      issuer,
      people,
      roles: [
        {
          arn: ROLE,
          policies: [ALLOW_ALL, POLICY],
          upstream: { assume: false, credentials: 'environment' },
        },
      ],
      upstream: upstream.endpoint,
      files: {
        'control.json': JSON.stringify(CONTROL),
        'slack-token': TOKEN,
        'slack-secret': SIGNING_SECRET,
      },
      config: {
        approvals: { policies: ['control.json'] },
        notify: [
          {
            name: 'chat',
            slack: {
              channel: 'C0123456789',
              token: 'slack-token',
              signingSecret: 'slack-secret',
              people: { 'T1/U1': 'idp/fred', 'T1/U2': 'idp/ben' },
              api: slack.apiUrl,
            },
          },
        ],
      },
      env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'the-real-secret' },
    })
    ann = new ControlClient(gate, await people.token('ann', { groups: ['on-call'] }))
    agent = await assumeRaw(gate.endpoint, ROLE, await issuer.token('agent-7'))
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
    await slack?.close()
  })

  const send = (service: string, request: RawRequest, credentials = agent): Promise<RawReply> => {
    const host = new URL(gate.endpoint).host
    return sendRaw(gate.endpoint, rawBytes(signRaw(request, { credentials, service, host })))
  }
  const json = (target: string, body: object): RawRequest => ({
    method: 'POST',
    target: '/',
    headers: [
      ['content-type', 'application/x-amz-json-1.1'],
      ['x-amz-target', target],
    ],
    body: JSON.stringify(body),
  })
  const form = (fields: Record<string, string>): RawRequest => ({
    method: 'POST',
    target: '/',
    headers: [['content-type', 'application/x-www-form-urlencoded; charset=utf-8']],
    body: new URLSearchParams(fields).toString(),
  })
  const asked = ({ body }: RawReply): string => {
    const id = /Access request ([0-9A-Z]{26})/.exec(body)?.[1]
    assert.ok(id, body)
    return id
  }

  it('an approval to delete one query is none to delete another, though AWS calls its id a token', async () => {
    const remove = (id: string) => send('athena', json('AmazonAthena.DeleteNamedQuery', { NamedQueryId: id }))
    const id = asked(await remove('11111111-1111-1111-1111-111111111111'))
    assert.equal((await ann.approve(id)).status, 200)
    assert.notEqual(asked(await remove('22222222-2222-2222-2222-222222222222')), id)
    assert.equal((await remove('11111111-1111-1111-1111-111111111111')).status, 200)
  })

  it('people are shown all of a call, however little of it the journal keeps', async () => {
    const Message = `${'harmless '.repeat(12_000)}and the rest`
    const reply = await send(
      'sns',
      form({ Action: 'Publish', Version: '2010-03-31', TargetArn: 'a', Message }),
    )
    const shown = await ann.get(asked(reply))
    assert.equal(shown.call?.parameters?.['Message'], Message)
    assert.ok(shown.call?.commandLine.includes(Message))
  })

  it('a call of which people could not be shown all is not asked for', async () => {
    const Message = 'x'.repeat(2_000_000)
    const reply = await send(
      'sns',
      form({ Action: 'Publish', Version: '2010-03-31', TargetArn: 'a', Message }),
    )
    assert.match(reply.body, /characters to be shown/)
  })

  it('an approval of a body that the signature alone covers is for that body', async () => {
    const upload = (body: string): Promise<RawReply> =>
      send('glacier', {
        method: 'POST',
        target: '/-/vaults/v/archives',
        body,
      })
    const id = asked(await upload('harmless'))
    assert.match((await ann.get(id)).call?.body?.sha256 ?? '', /^[0-9a-f]{64}$/)
    assert.equal((await ann.approve(id)).status, 200)
    assert.notEqual(asked(await upload('malware!')), id)
    assert.equal((await upload('harmless')).status, 200)
  })

  it('nobody breaks the glass by a session policy of their own', async () => {
    const glass = {
      Version: '2012-10-17',
      Statement: [
        ...ALLOW_ALL.Statement,
        {
          Effect: 'RequireApproval',
          Action: '*',
          Resource: '*',
          Approval: { From: ['group/everybody'], BreakGlass: true },
        },
      ],
    }
    const parameters = {
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: ROLE,
      RoleSessionName: 'agent',
      WebIdentityToken: await issuer.token('agent-7'),
      Policy: JSON.stringify(glass),
    }
    const reply = await fetch(gate.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(parameters).toString(),
    })
    assert.match(await reply.text(), /MalformedPolicyDocument/)
  })

  for (const claims of [
    { upn: 'dora@acme.example' },
    { email: 'Dora@acme.example', email_verified: false },
  ]) {
    it(`nobody answers for their own agent who is known by ${Object.keys(claims)[0]} alone`, async () => {
      const mine = await assumeRaw(
        gate.endpoint,
        ROLE,
        await issuer.token('bot-1', { upn: 'dora@acme.example', email: 'dora@acme.example' }),
      )
      const id = asked(
        await send('athena', json('AmazonAthena.GetWorkGroup', { WorkGroup: Object.keys(claims)[0] }), mine),
      )
      const dora = new ControlClient(gate, await people.token('u-99', { groups: ['on-call'], ...claims }))
      assert.equal((await dora.approve(id)).status, 403)
    })
  }

  it('what the control policies take away is not given back by a click in Slack', async () => {
    const id = asked(await send('athena', json('AmazonAthena.ListDataCatalogs', {})))
    for (const name of ['fred', 'ben']) {
      const token = await people.token(name, { groups: ['on-call'] })
      assert.equal((await new ControlClient(gate, token).call('GET', '/v1/whoami')).status, 200)
    }
    const click = async (user: string): Promise<string> => {
      const { headers, body } = signed(
        {
          type: 'block_actions',
          team: { id: 'T1' },
          user: { id: user, team_id: 'T1' },
          trigger_id: `1.2.${user}`,
          response_url: slack.responseUrl,
          container: { type: 'message', message_ts: '1700000000.000001', channel_id: 'C0123456789' },
          actions: [{ type: 'button', action_id: 'sallyport.approve', value: id }],
        },
        Date.now(),
        SIGNING_SECRET,
      )
      const reply = await fetch(`${gate.admin}/v1/notify/slack/chat`, { method: 'POST', headers, body })
      assert.equal(reply.status, 200)
      return (await ann.get(id)).state
    }
    assert.equal(await click('U1'), 'pending')
    assert.equal(await click('U2'), 'approved')
  })
})
