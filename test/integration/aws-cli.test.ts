import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { execute, type Finished, which } from '../harness/process.ts'
import { startWorld, type World } from '../harness/world.ts'

const AWS = which('aws')

const POLICY = {
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'Buckets',
      Effect: 'Allow',
      Action: ['s3:CreateBucket', 's3:ListBucket', 's3:ListAllMyBuckets', 's3:GetBucketLocation'],
      Resource: '*',
    },
    {
      Sid: 'OwnFolder',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject'],
      Resource: 'arn:aws:s3:::cli-bucket/${gate:Subject}/*',
    },
    { Sid: 'Look', Effect: 'Allow', Action: 'ec2:Describe*', Resource: '*' },
    {
      Sid: 'Keep',
      Effect: 'Deny',
      Action: 'ec2:TerminateInstances',
      Resource: '*',
      Reason: 'ask the owner',
    },
  ],
}

/** One denial for each protocol, and what the command must say of it. */
const DENIED: readonly (readonly [protocol: string, line: string, code: string, action: string])[] = [
  [
    'ec2',
    'ec2 terminate-instances --instance-ids i-0123456789abcdef0',
    'UnauthorizedOperation',
    'ec2:TerminateInstances',
  ],
  ['query', 'iam list-users', 'AccessDenied', 'iam:ListUsers'],
  ['json', 'dynamodb list-tables', 'AccessDeniedException', 'dynamodb:ListTables'],
  ['rest-json', 'lambda list-functions', 'AccessDeniedException', 'lambda:ListFunctions'],
  ['rest-xml', 'route53 list-hosted-zones', 'AccessDenied', 'route53:ListHostedZones'],
  ['s3', 's3api get-object --bucket cli-bucket --key other/x /dev/null', 'AccessDenied', 's3:GetObject'],
  ['cloudwatch', 'cloudwatch list-metrics', 'AccessDenied', 'cloudwatch:ListMetrics'],
]

describe('the aws command through the gate', { skip: AWS === undefined && 'no aws command here' }, () => {
  let world: World
  let env: NodeJS.ProcessEnv
  const aws = (line: string): Promise<Finished> => execute(AWS ?? 'aws', line.split(' '), { env })

  before(async () => {
    world = await startWorld({ cli: [POLICY] })
    env = await world.gate.clientEnv(world.role('cli'), 'agent-7')
  })
  after(() => world?.stop())

  it('knows itself as the gate knows it', async () => {
    const done = await aws('sts get-caller-identity')
    assert.equal(done.code, 0, done.stderr)
    const { Arn, Account } = JSON.parse(done.stdout) as { Arn: string; Account: string }
    assert.match(Arn, /^arn:aws:sts::123456789012:assumed-role\/cli\//)
    assert.equal(Account, '123456789012')
  })

  it('copies a file of its own folder there and back', async () => {
    const file = join(world.gate.folder, 'file.bin')
    const bytes = Buffer.alloc(9 << 20, 'sallyport')
    writeFileSync(file, bytes)
    for (const line of ['s3 mb s3://cli-bucket', `s3 cp ${file} s3://cli-bucket/agent-7/file.bin`]) {
      const done = await aws(line)
      assert.equal(done.code, 0, done.stderr)
    }
    const back = await aws('s3 cp s3://cli-bucket/agent-7/file.bin -')
    assert.equal(back.code, 0, back.stderr)
    assert.equal(back.stdout.length, bytes.length)
  })

  for (const [protocol, line, code, action] of DENIED) {
    it(`shows a denial in ${protocol} as its own`, async () => {
      const done = await aws(line)
      assert.notEqual(done.code, 0)
      assert.match(done.stderr, new RegExp(`An error occurred \\(${code}(Exception)?\\)`))
      assert.ok(done.stderr.includes(action), done.stderr)
    })
  }

  it('tells the reason that the statement gives, and the event', async () => {
    const done = await aws('ec2 terminate-instances --instance-ids i-0123456789abcdef0')
    assert.match(done.stderr, /ask the owner/)
    assert.match(done.stderr, /Keep/)
    const event = /[0-9A-HJKMNP-TV-Z]{26}/.exec(done.stderr)?.[0]
    assert.ok(event, done.stderr)
    const list = await world.gate.sessions('list', '--json')
    assert.equal(list.code, 0, list.stderr)
  })

  it('is in the recording as the command lines that were typed', async () => {
    const listed = await world.gate.sessions('list')
    const id = /[0-9A-HJKMNP-TV-Z]{26}/.exec(listed.stdout)?.[0]
    assert.ok(id, listed.stdout)
    const all = await Promise.all(
      [...new Set(listed.stdout.match(/[0-9A-HJKMNP-TV-Z]{26}/g))].map(one =>
        world.gate.sessions('show', one),
      ),
    )
    const shown = all.map(one => one.stdout).join('\n')
    assert.match(shown, /aws ec2 terminate-instances --instance-ids i-0123456789abcdef0/)
    assert.match(shown, /aws dynamodb list-tables/)
  })
})
