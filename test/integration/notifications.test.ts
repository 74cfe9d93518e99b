import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { EC2Client, TerminateInstancesCommand } from '@aws-sdk/client-ec2'
import { Webhook } from 'standardwebhooks'
import type { RequestView } from '../../src/contract/approvals.ts'
import {
  SIGNING_SECRET,
  type SlackStandIn,
  signed,
  slackStandIn,
  TOKEN,
} from '../../src/notify/slack-stand-in.fixture.ts'
import { type Receiver, receiver } from '../../src/notify/testing.ts'
import { createIssuer, type Issuer } from '../harness/issuer.ts'
import { assumeRaw } from '../harness/raw-client.ts'
import { startWorld, type World } from '../harness/world.ts'

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const CHANNEL = 'C0123456789'

const POLICY = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'Everything', Effect: 'Allow', Action: '*', Resource: '*' },
    {
      Sid: 'Terminating',
      Effect: 'RequireApproval',
      Action: 'ec2:TerminateInstances',
      Resource: '*',
      Approval: { From: ['group/on-call'], Hold: '30s' },
    },
  ],
}

interface Told {
  readonly type: string
  readonly data: {
    readonly request: { readonly id: string; readonly call: { readonly commandLine: string } }
  }
}

describe('a request that is told outside', () => {
  let world: World
  let people: Issuer
  let slack: SlackStandIn
  let hooks: Receiver
  let secrets: string

  before(async () => {
    secrets = mkdtempSync(join(tmpdir(), 'sallyport-secrets-'))
    const secret = (name: string, text: string): string => {
      const path = join(secrets, name)
      writeFileSync(path, text, { mode: 0o600 })
      return path
    }
    slack = await slackStandIn()
    hooks = await receiver((_received, response) => response.writeHead(204).end())
    people = await createIssuer('https://idp.example')
    const notify = [
      {
        name: 'chat',
        slack: {
          channel: CHANNEL,
          token: secret('token', TOKEN),
          signingSecret: secret('signing', SIGNING_SECRET),
          people: { 'T1/U1': 'idp/ann' },
          api: slack.apiUrl,
        },
      },
      { name: 'pager', webhook: { url: `${hooks.origin}/in`, secrets: [secret('webhook', SECRET)] } },
    ]
    world = await startWorld({ agent: [POLICY] }, { people, config: { notify } })
  })
  after(async () => {
    await world?.stop()
    await slack.close()
    await hooks.close()
    rmSync(secrets, { recursive: true })
  })

  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise(resolve => setTimeout(resolve, 50))
  }

  /** The call, held by the gate; an error is its value. */
  const terminate = async (instance: string): Promise<unknown> => {
    const { gate } = world
    const env = await gate.clientEnv(world.role('agent'))
    const token = readFileSync(env['AWS_WEB_IDENTITY_TOKEN_FILE'] ?? '', 'utf8')
    const credentials = await assumeRaw(gate.endpoint, world.role('agent'), token)
    const ec2 = new EC2Client({ endpoint: gate.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
    return ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] })).catch((error: Error) => error)
  }

  /** What the webhook was told of the instance, verified. */
  const told = (instance: string): Told[] =>
    hooks.received
      .map(({ body, headers }) => new Webhook(SECRET).verify(body, headers as Record<string, string>) as Told)
      .filter(({ data }) => data.request.call.commandLine.includes(instance))

  let clicks = 0
  const send = async (payload: object, secret = SIGNING_SECRET): Promise<Response> => {
    const { headers, body } = signed(payload, Date.now(), secret)
    return fetch(`${world.gate.admin}/v1/notify/slack/chat`, { method: 'POST', headers, body })
  }
  const click = (action: string, requestId: string): object => ({
    type: 'block_actions',
    team: { id: 'T1' },
    user: { id: 'U1', team_id: 'T1' },
    trigger_id: `${++clicks}.2.abc`,
    response_url: slack.responseUrl,
    container: { type: 'message', message_ts: '1700000000.000001', channel_id: CHANNEL },
    actions: [{ type: 'button', action_id: action, value: requestId }],
  })

  it('passes by a click of one whom the identity provider has vouched for, and of nobody else', async () => {
    const call = terminate('i-0000000000000000a')
    await until(() => slack.calls.length === 1 && told('i-0000000000000000a').length === 1)
    const { id } = told('i-0000000000000000a')[0]!.data.request
    assert.match(
      JSON.stringify(slack.calls[0]!.blocks),
      /aws ec2 terminate-instances --instance-ids i-0000000000000000a/,
    )

    assert.equal((await send(click('sallyport.approve', id), 'forged')).status, 401)
    assert.equal((await send(click('sallyport.approve', id))).status, 200)
    await until(() => slack.answers.length === 1)
    assert.match(String(slack.answers[0]!['text']), /Sign in first/)

    const ann = await people.token('ann', { groups: ['on-call'], name: 'Ann' })
    const listed = await world.gate.as(ann, 'approvals', 'list')
    assert.match(listed.stdout, new RegExp(`^${id} .* pending .* agent-7 `, 'm'))
    assert.equal((await send(click('sallyport.approve', id))).status, 200)
    // The stand-in for AWS has no such instance: it was asked.
    assert.match(String(await call), /InvalidInstanceID/)
    await until(() => slack.calls.some(({ method }) => method === 'chat.update'))
    await until(() => told('i-0000000000000000a').some(({ type }) => type === 'access-request.approved'))
    const shown = JSON.parse(
      (await world.gate.as(ann, 'approvals', 'show', id, '--json')).stdout,
    ) as RequestView
    assert.deepEqual([shown.state, shown.approvals[0]?.by], ['spent', 'idp/ann'])
  })

  it('is denied by the dialog, and the client reads why', async () => {
    const call = terminate('i-0000000000000000b')
    await until(() => told('i-0000000000000000b').length === 1)
    const { id } = told('i-0000000000000000b')[0]!.data.request
    assert.equal((await send(click('sallyport.deny', id))).status, 200)
    const opened = slack.calls.find(({ method }) => method === 'views.open')
    const view = JSON.parse(opened?.arguments['view'] ?? '') as {
      callback_id: string
      private_metadata: string
    }
    const reply = await send({
      type: 'view_submission',
      team: { id: 'T1' },
      user: { id: 'U1' },
      view: { ...view, state: { values: { reason: { reason: { value: 'not on a Friday' } } } } },
    })
    assert.deepEqual([reply.status, await reply.text()], [200, ''])
    assert.match(String(await call), /not on a Friday/)
  })

  it('is answered from the command line', async () => {
    const ann = await people.token('ann', { groups: ['on-call'], name: 'Ann' })
    const call = terminate('i-0000000000000000c')
    await until(() => told('i-0000000000000000c').length === 1)
    const { id } = told('i-0000000000000000c')[0]!.data.request
    const approved = await world.gate.as(ann, 'approvals', 'approve', id, '--yes', '--for', '1m')
    assert.match(approved.stdout, new RegExp(`^approved ${id}: 1 use until `))
    assert.match(String(await call), /InvalidInstanceID/)
    const again = await world.gate.as(ann, 'approvals', 'approve', id, '--yes')
    assert.equal(again.code, 1)
    assert.match(again.stderr, /^sallyport: request-closed: /)
  })
})
