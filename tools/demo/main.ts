/**
 * `make demo`: an agent's day. A stand-in for AWS, the gate before it, and real AWS clients that know
 * nothing of either but AWS_ENDPOINT_URL. Ends with the recording. `--keep` leaves it all running.
 */

import { ControlClient } from '../../test/harness/control.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../../test/harness/gate.ts'
import { createIssuer, type Issuer } from '../../test/harness/issuer.ts'
import { startMoto } from '../../test/harness/moto.ts'
import { cleanEnv, execute, python, which } from '../../test/harness/process.ts'

const keep = process.argv.includes('--keep')
const bold = (text: string): string =>
  process.stdout.isTTY && !process.env.NO_COLOR ? `\x1b[1m${text}\x1b[0m` : text

const POLICY = {
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'ReadBuilds',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:ListBucket', 's3:ListAllMyBuckets'],
      Resource: ['arn:aws:s3:::builds', 'arn:aws:s3:::builds/*', '*'],
    },
    {
      Sid: 'WriteReports',
      Effect: 'Allow',
      Action: 's3:PutObject',
      Resource: 'arn:aws:s3:::builds/reports/*',
    },
    { Sid: 'LookAtInstances', Effect: 'Allow', Action: 'ec2:Describe*', Resource: '*' },
    {
      Sid: 'SmallInstancesOnly',
      Effect: 'Allow',
      Action: 'ec2:RunInstances',
      Resource: '*',
      Condition: {
        StringLike: { 'ec2:InstanceType': ['t3.*', 't4g.*'] },
        NumericLessThanEquals: { 'request:MaxCount': '2' },
      },
    },
    {
      Sid: 'TerminatingNeedsAHuman',
      Effect: 'RequireApproval',
      Action: 'ec2:TerminateInstances',
      Resource: '*',
      Approval: { From: ['group/on-call'], Hold: '30s' },
      Reason: 'instances may be somebody else’s',
    },
    {
      Sid: 'StagingSecrets',
      Effect: 'Allow',
      Action: 'secretsmanager:GetSecretValue',
      Resource: 'arn:aws:secretsmanager:*:*:secret:staging/*',
    },
    { Sid: 'ReadCustomers', Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::customers/*' },
    {
      Sid: 'HidePeople',
      Effect: 'Mask',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::customers/*',
      Mask: { Detect: ['email-address', 'credit-card'], As: 'partial' },
    },
    { Sid: 'Jobs', Effect: 'Allow', Action: 'dynamodb:*', Resource: 'arn:aws:dynamodb:*:*:table/jobs' },
  ],
}

interface Step {
  readonly why: string
  readonly client: 'aws' | 'python'
  readonly args: readonly string[]
  /** Whether the gate should let it through. */
  readonly passes: boolean
  /** Who approves it meanwhile. */
  readonly approver?: string
}

const aws = (why: string, line: string, passes = true): Step => ({
  why,
  client: 'aws',
  args: line.split(' '),
  passes,
})
const boto = (why: string, code: string, passes = true): Step => ({
  why,
  client: 'python',
  args: ['-c', `import boto3\n${code}`],
  passes,
})

const DAY: readonly Step[] = [
  aws('who does the gate think I am?', 'sts get-caller-identity'),
  aws(
    'which builds are there?',
    's3api list-objects-v2 --bucket builds --query Contents[].Key --output text',
  ),
  aws('read the newest one', 's3 cp s3://builds/app-1.4.2.txt -'),
  aws('leave a report', 's3 cp README.md s3://builds/reports/today.md'),
  aws('overwrite a build', 's3 cp README.md s3://builds/app-1.4.2.txt', false),
  aws('look at the machines', 'ec2 describe-instances --query Reservations[].Instances[].InstanceType'),
  aws(
    'start a huge one',
    'ec2 run-instances --image-id ami-12c6146b --instance-type p5.48xlarge --count 1',
    false,
  ),
  aws(
    'start a small one',
    'ec2 run-instances --image-id ami-12c6146b --instance-type t3.micro --count 1 --query Instances[].State.Name',
  ),
  {
    ...boto(
      'terminate it again: somebody has to approve',
      `ec2 = boto3.client('ec2')
ids = [i['InstanceId'] for r in ec2.describe_instances()['Reservations'] for i in r['Instances']]
print(ec2.terminate_instances(InstanceIds=ids[:1])['TerminatingInstances'][0]['CurrentState'])`,
    ),
    approver: 'ann',
  },
  boto(
    'take a job and note that it is done',
    `t = boto3.resource('dynamodb').Table('jobs')
t.put_item(Item={'id': '42', 'state': 'done'})
print(t.get_item(Key={'id': '42'})['Item'])`,
  ),
  boto(
    'read a secret of staging: allowed, and masked',
    "print(boto3.client('secretsmanager').get_secret_value(SecretId='staging/db')['SecretString'])",
  ),
  aws('read the customers: what could be a person is masked', 's3 cp s3://customers/today.csv -'),
  boto(
    'read a secret of production',
    "boto3.client('secretsmanager').get_secret_value(SecretId='production/db')",
    false,
  ),
]

const AFTER_THE_END = aws('which builds are there now?', 's3api list-objects-v2 --bucket builds', false)

async function main(): Promise<number> {
  console.log(bold('A stand-in for AWS (moto, checking signatures), and the gate before it'))
  const moto = await startMoto(['agent'])
  const role = `arn:aws:iam::${moto.account}:role/agent`
  await seed(moto.endpoint, moto.gateEnv)
  const issuer = await createIssuer(ISSUER_URL)
  const people = await createIssuer('https://idp.example')
  const gate = await startGate({
    issuer,
    people,
    roles: [{ arn: role, policies: [POLICY] }],
    upstream: moto.endpoint,
    env: moto.gateEnv,
    config: { record: { keep: [{ actions: ['s3:GetObject'], what: 'replies' }] } },
  })
  const env = await gate.clientEnv(role, 'agent-7')
  console.log(`  AWS_ENDPOINT_URL=${gate.endpoint}\n  AWS_ROLE_ARN=${role}`)
  console.log(`  AWS_WEB_IDENTITY_TOKEN_FILE=…   (an OIDC token of ${ISSUER_URL} for agent-7)\n`)
  let surprises = 0
  for (const step of DAY) {
    const approving = step.approver === undefined ? undefined : approve(gate, people, step.approver)
    surprises += (await take(step, env)) ? 0 : 1
    surprises += await (approving ?? 0)
  }

  console.log(`\n${bold('What the journal says of it')}\n`)
  surprises += await print(gate.sessions('list'))
  const listed = JSON.parse((await gate.sessions('list', '--json')).stdout) as { sessions?: { id: string }[] }
  for (const session of listed.sessions ?? []) surprises += await print(gate.sessions('show', session.id))
  console.log(`\n${bold('What was denied today?')}\n`)
  surprises += await print(gate.sessions('search', 'effect:deny', 'since:1h'))

  console.log(`\n${bold('Somebody has seen enough, and ends the session')}\n`)
  for (const { id } of listed.sessions ?? []) {
    surprises += await print(gate.as(gate.adminToken, 'sessions', 'kill', id, '--reason', 'enough for today'))
  }
  surprises += (await take(AFTER_THE_END, env)) ? 0 : 1
  surprises += await print(gate.sessions('verify'))

  if (keep && surprises === 0) {
    console.log(`\n${bold('It stays up. In another shell:')}\n`)
    for (const name of ['AWS_ENDPOINT_URL', 'AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_REGION']) {
      console.log(`  export ${name}=${env[name]}`)
    }
    console.log('  aws s3 ls\n')
    console.log(`  bin/sallyport sessions list --data ${gate.folder}/data`)
    console.log(`  curl ${gate.admin}/readyz\n\nCtrl-C ends it.`)
    await new Promise(resolve => process.once('SIGINT', resolve))
  }
  await gate.stop()
  await moto.stop()
  if (surprises > 0) console.log(`\n${surprises} step(s) did not go as they should`)
  return surprises === 0 ? 0 : 1
}

/** A person who is shown what waits, and approves it, on the command line. Gives the surprises. */
async function approve(gate: RunningGate, people: Issuer, name: string): Promise<number> {
  const token = await people.token(name, { groups: ['on-call'], name: 'Ann' })
  const waiting = await new ControlClient(gate, token).pending()
  let surprises = 0
  for (const { id } of waiting) {
    surprises += await print(gate.as(token, 'approvals', 'show', id))
    surprises += await print(gate.as(token, 'approvals', 'approve', id, '--yes', '--comment', 'go ahead'))
  }
  return surprises
}

/** Puts into the stand-in what the agent will find there. */
async function seed(endpoint: string, credentials: NodeJS.ProcessEnv): Promise<void> {
  const code = `
import boto3
s3 = boto3.client('s3')
s3.create_bucket(Bucket='builds')
s3.put_object(Bucket='builds', Key='app-1.4.2.txt', Body=b'the build\\n')
s3.create_bucket(Bucket='customers')
s3.put_object(Bucket='customers', Key='today.csv', Body=b'name,mail,card\\nEve,eve@example.com,4111 1111 1111 1111\\n')
boto3.client('secretsmanager').create_secret(Name='staging/db', SecretString='hunter2')
boto3.client('dynamodb').create_table(TableName='jobs', BillingMode='PAY_PER_REQUEST',
  KeySchema=[{'AttributeName': 'id', 'KeyType': 'HASH'}],
  AttributeDefinitions=[{'AttributeName': 'id', 'AttributeType': 'S'}])
boto3.client('secretsmanager').create_secret(Name='production/db', SecretString='hunter2')
`
  const env = cleanEnv({ ...credentials, AWS_ENDPOINT_URL: endpoint, AWS_DEFAULT_REGION: 'us-east-1' })
  const done = await execute(python(), ['-c', code], { env })
  if (done.code !== 0) throw new Error(`the stand-in could not be filled: ${done.stderr}`)
}

/** Runs one step and shows it; true when it went as it should. */
async function take(step: Step, env: NodeJS.ProcessEnv): Promise<boolean> {
  const command = step.client === 'aws' ? (which('aws') ?? 'aws') : python()
  const done = await execute(command, step.args, { env })
  const shown =
    step.client === 'aws'
      ? `aws ${step.args.join(' ')}`
      : (step.args[1] ?? '').split('\n').slice(1).join('; ')
  console.log(`${bold(`# ${step.why}`)}\n$ ${shown}`)
  for (const line of lastLines(done.code === 0 ? done.stdout : done.stderr)) console.log(`  ${line}`)
  const asItShould = (done.code === 0) === step.passes
  if (!asItShould)
    console.log(`  (this should have ${step.passes ? 'passed' : 'been blocked'})\n${done.stderr}`)
  return asItShould
}

function lastLines(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .slice(-6)
    .filter(line => line !== '')
}

/** Prints a command's output; 1 when it failed, else 0. */
async function print(finished: ReturnType<typeof execute>): Promise<number> {
  const { code, stdout, stderr } = await finished
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  return code === 0 ? 0 : 1
}

process.exitCode = await main()
