import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { EC2Client, RunInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateTopicCommand, DeleteTopicCommand, SNSClient } from '@aws-sdk/client-sns'
import { ControlClient } from '../harness/control.ts'
import { createIssuer, type Issuer } from '../harness/issuer.ts'
import { assumeRaw } from '../harness/raw-client.ts'
import { startWorld, type World } from '../harness/world.ts'

const risky = (sid: string, action: string, approval: object): object => ({
  Sid: sid,
  Effect: 'RequireApproval',
  Action: action,
  Resource: '*',
  Approval: { From: ['group/on-call'], ...approval },
  Reason: 'somebody should look',
})

const POLICY = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'Everything', Effect: 'Allow', Action: '*', Resource: '*' },
    risky('Terminating', 'ec2:TerminateInstances', { Hold: '20s' }),
    risky('Launching', 'ec2:RunInstances', { Hold: '1s', Uses: 2 }),
    risky('Uploading', 's3:PutObject', { Hold: '1s' }),
    risky('Topics', 'sns:CreateTopic', { Hold: '1s', Count: 2 }),
    risky('Untopics', 'sns:DeleteTopic', { Hold: '1s', From: ['group/on-call', 'admin'] }),
    {
      Sid: 'Emergency',
      Effect: 'RequireApproval',
      Action: 'ec2:*',
      Resource: '*',
      Condition: { StringEquals: { 'gate:Claim/break_glass': 'true' } },
      Approval: { From: ['group/on-call'], BreakGlass: true },
    },
  ],
}

describe('an approver’s day', () => {
  let world: World
  let people: Issuer
  let ann: ControlClient
  let ben: ControlClient

  before(async () => {
    people = await createIssuer('https://idp.example')
    world = await startWorld({ agent: [POLICY] }, { people })
    ann = new ControlClient(world.gate, await people.token('ann', { groups: ['on-call'], name: 'Ann' }))
    ben = new ControlClient(world.gate, await people.token('ben', { groups: ['on-call'], name: 'Ben' }))
  })
  after(() => world.stop())

  /** Settings of an SDK client with a session of its own. */
  const client = async (
    subject = 'agent-7',
    claims: Record<string, unknown> = {},
    issuer: Issuer | undefined = undefined,
  ) => {
    const { gate } = world
    const token = issuer
      ? await issuer.token(subject, claims)
      : readToken(await gate.clientEnv(world.role('agent'), subject, claims))
    const credentials = await assumeRaw(gate.endpoint, world.role('agent'), token)
    return { endpoint: gate.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 }
  }

  const launch = (ec2: EC2Client, tag: string) =>
    ec2.send(
      new RunInstancesCommand({
        ImageId: 'ami-12c6146b',
        InstanceType: 't3.micro',
        MinCount: 1,
        MaxCount: 1,
        TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: tag }] }],
      }),
    )

  let instance = ''

  it('denies with the number, passes the retry of another process, and counts uses', async () => {
    const first = new EC2Client(await client())
    const refused = await launch(first, 'web-1').catch((error: Error) => error)
    assert.ok(refused instanceof Error)
    assert.equal(refused.name, 'UnauthorizedOperation')
    const id = /Access request ([0-9A-Z]{26})/.exec(refused.message)?.[1] ?? ''
    assert.match(refused.message, /somebody should look/)
    assert.ok(refused.message.includes(`${world.gate.admin}/r/${id}`), refused.message)

    const shown = await ann.get(id)
    assert.equal(shown.state, 'pending')
    assert.match(shown.call?.commandLine ?? '', /^aws ec2 run-instances .*--image-id ami-12c6146b/)
    assert.equal((await ann.approve(id)).status, 200)

    // Another process: another session, and an idempotency token of its own.
    const second = new EC2Client(await client())
    const launched = await launch(second, 'web-1')
    instance = launched.Instances?.[0]?.InstanceId ?? ''
    await launch(first, 'web-1')
    assert.equal((await ann.get(id)).state, 'spent')
    await assert.rejects(launch(first, 'web-1'), /Access request/)
    const other = await launch(first, 'web-2').catch((error: Error) => error)
    assert.ok(other instanceof Error && !other.message.includes(id), 'another parameter is another request')
  })

  it('holds a call, shows what it is about, and lets it go on when it is approved', async () => {
    const ec2 = new EC2Client(await client())
    const call = ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] }))
    let waiting = await ann.pending()
    while (!waiting.some(each => each.call?.operation === 'TerminateInstances')) waiting = await ann.pending()
    const request = waiting.find(each => each.call?.operation === 'TerminateInstances')
    assert.ok(request)
    assert.deepEqual(request.call?.resources[0]?.facts['name'], 'web-1')
    assert.deepEqual(request.call?.resources[0]?.facts['type'], 't3.micro')
    assert.equal((await ann.approve(request.id)).status, 200)
    const ended = await call
    assert.equal(ended.TerminatingInstances?.[0]?.InstanceId, instance)
  })

  it('tells the client the reason of a denial, and asks nobody again for a while', async () => {
    const ec2 = new EC2Client(await client('agent-denied'))
    const call = ec2
      .send(new TerminateInstancesCommand({ InstanceIds: [instance] }))
      .catch((error: Error) => error)
    let request = (await ann.pending()).find(each => each.requester.subject === 'agent-denied')
    while (request === undefined) {
      request = (await ann.pending()).find(each => each.requester.subject === 'agent-denied')
    }
    await ann.deny(request.id, 'not during the release')
    assert.match(((await call) as Error).message, /Ann denied it: not during the release/)
    await assert.rejects(
      ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] })),
      /not during the release/,
    )
  })

  it('needs two people where the statement says two, and counts nobody twice', async () => {
    const sns = new SNSClient(await client())
    const ask = () => sns.send(new CreateTopicCommand({ Name: 'alerts' }))
    const refused = (await ask().catch((error: Error) => error)) as Error
    const id = /Access request ([0-9A-Z]{26})/.exec(refused.message)?.[1] ?? ''
    assert.equal((await ann.approve(id)).status, 200)
    assert.equal((await ann.approve(id)).status, 403)
    await assert.rejects(ask(), /Access request/)
    assert.equal((await ben.approve(id)).status, 200)
    assert.match((await ask()).TopicArn ?? '', /alerts/)
  })

  it('lets nobody approve what they asked for themselves, or an agent for them', async () => {
    const self = new SNSClient(await client('carl', {}, undefined))
    const refused = (await self
      .send(new CreateTopicCommand({ Name: 'own' }))
      .catch((error: Error) => error)) as Error
    const id = /Access request ([0-9A-Z]{26})/.exec(refused.message)?.[1] ?? ''
    const carl = new ControlClient(world.gate, await people.token('carl', { groups: ['on-call'] }))
    assert.equal((await carl.approve(id)).status, 403)
    const agent = new SNSClient(await client('bot-1', { email: 'dora@example.com' }))
    const asked = (await agent
      .send(new CreateTopicCommand({ Name: 'for-dora' }))
      .catch((error: Error) => error)) as Error
    const other = /Access request ([0-9A-Z]{26})/.exec(asked.message)?.[1] ?? ''
    const dora = new ControlClient(
      world.gate,
      await people.token('u-99', { groups: ['on-call'], email: 'Dora@example.com' }),
    )
    assert.equal((await dora.approve(other)).status, 403)
  })

  it('lets the administrator approve only what names them, and a stranger see nothing', async () => {
    const admin = new ControlClient(world.gate, world.gate.adminToken)
    const sns = new SNSClient(await client())
    const arn = `arn:aws:sns:us-east-1:${world.moto.account}:alerts`
    const remove = () => sns.send(new DeleteTopicCommand({ TopicArn: arn }))
    const refused = (await remove().catch((error: Error) => error)) as Error
    const id = /Access request ([0-9A-Z]{26})/.exec(refused.message)?.[1] ?? ''
    const stranger = new ControlClient(world.gate, await people.token('eve', { groups: ['sales'] }))
    assert.equal((await stranger.call('GET', `/v1/requests/${id}`)).status, 404)
    assert.equal((await stranger.approve(id)).status, 404)
    assert.equal((await admin.approve(id)).status, 200)
    await remove()
  })

  it('does not keep an upload waiting, and binds the approval to its body where that is signed', async () => {
    const s3 = new S3Client({ ...(await client()), forcePathStyle: true })
    const put = (body: string) => s3.send(new PutObjectCommand({ Bucket: 'nowhere', Key: 'k', Body: body }))
    const refused = (await put('one').catch((error: Error) => error)) as Error
    assert.equal(refused.name, 'AccessDenied')
    const id = /Access request ([0-9A-Z]{26})/.exec(refused.message)?.[1] ?? ''
    const shown = await ann.get(id)
    assert.equal(shown.call?.body?.bytes, 3)
    assert.match(shown.call?.body?.sha256 ?? '', /^[0-9a-f]{64}$/)
    await ann.approve(id)
    await assert.rejects(put('two'), (error: Error) => error.name === 'AccessDenied')
    // The grant is for these very bytes; that the bucket is not there is AWS's answer.
    await assert.rejects(put('one'), (error: Error) => error.name === 'NoSuchBucket')
  })

  it('passes broken glass at once, and marks it', async () => {
    const ec2 = new EC2Client(await client('fire-fighter', { break_glass: 'true' }))
    await launch(ec2, 'emergency')
    const admin = new ControlClient(world.gate, world.gate.adminToken)
    const { body } = await admin.call('GET', '/v1/requests?state=spent')
    const { requests }: { requests: { brokeGlass: boolean; requester: { subject: string } }[] } = body
    assert.ok(requests.some(each => each.brokeGlass && each.requester.subject === 'fire-fighter'))
  })

  it('gives standing access for what was asked ahead of time, and shows it as such', async () => {
    const env = await world.gate.clientEnv(world.role('agent'), 'mover')
    const asked = await world.gate.as(
      readToken(env),
      ...['request', '--role', 'agent', '--for', '1h', '--reason', 'moving the fleet'],
      // The tag is a pair of its own: without its action, the launch would not be within the scope.
      ...['--action', 'ec2:RunInstances', '--action', 'ec2:CreateTags', '--json'],
    )
    assert.equal(asked.code, 0, asked.stderr)
    const { id, demands } = JSON.parse(asked.stdout) as { id: string; demands: { statement: string }[] }
    assert.deepEqual(demands.map(({ statement }) => statement).sort(), ['Launching'])
    const ec2 = new EC2Client(await client('mover'))
    await assert.rejects(launch(ec2, 'moved-1'), /Access request/)
    const token = await people.token('ann', { groups: ['on-call'], name: 'Ann' })
    const shown = await world.gate.as(token, 'approvals', 'show', id)
    assert.match(shown.stdout, /moving the fleet/)
    const approved = await world.gate.as(token, 'approvals', 'approve', id, '--yes')
    assert.equal(approved.code, 0, approved.stderr)
    for (const name of ['moved-2', 'moved-3', 'moved-4']) await launch(ec2, name)
    // Another action of the role is not in the scope, and another principal has no part in it.
    await assert.rejects(
      new SNSClient(await client('mover')).send(new CreateTopicCommand({ Name: 'x' })),
      /Access request/,
    )
    await assert.rejects(launch(new EC2Client(await client('other')), 'moved-2'), /Access request/)
    const revoked = await world.gate.as(token, 'approvals', 'revoke', id, '--reason', 'done', '--yes')
    assert.equal(revoked.code, 0, revoked.stderr)
    await assert.rejects(launch(ec2, 'moved-5'), /Access request/)
  })

  it('has all of it in the journal, in place', async () => {
    const { stdout, stderr } = await world.gate.sessions('list', '--json')
    assert.equal(stderr, '')
    const { sessions } = JSON.parse(stdout) as { sessions: { id: string }[] }
    const replays = await Promise.all(sessions.map(({ id }) => world.gate.sessions('show', id)))
    const text = replays.map(replay => replay.stdout).join('\n')
    for (const what of ['asked', 'shown', 'yes', 'no', 'spent', 'GLASS']) {
      assert.match(text, new RegExp(`${what} +access request`), what)
    }
    assert.match(text, /approved by Ann \(idp\/ann\)/)
    assert.match(text, /approved by idp\/ann/)
    assert.match(text, /BROKE GLASS/)
    assert.match(text, /approved by idp\/ann \(standing access/)
    assert.equal((await world.gate.sessions('verify')).code, 0)
  })
})

function readToken(env: NodeJS.ProcessEnv): string {
  return readFileSync(env['AWS_WEB_IDENTITY_TOKEN_FILE'] ?? '', 'utf8')
}
