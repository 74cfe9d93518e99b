import { cleanEnv, execute, python, which } from '../../test/harness/process.ts'
import { showStep, surprise } from './show.ts'

/** What the agent may do in AWS. */
export const POLICY: object = {
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

export interface Step {
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

/** The agent's day in AWS. */
export const DAY: readonly Step[] = [
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

/** What it tries when its session was ended. */
export const AFTER_THE_END: Step = aws(
  'which builds are there now?',
  's3api list-objects-v2 --bucket builds',
  false,
)

/** Puts into the stand-in what the agent will find there. */
export async function seed(endpoint: string, credentials: NodeJS.ProcessEnv): Promise<void> {
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

/** Runs one step and shows it; gives the surprises. */
export async function take(step: Step, env: NodeJS.ProcessEnv): Promise<number> {
  const command = step.client === 'aws' ? (which('aws') ?? 'aws') : python()
  const done = await execute(command, step.args, { env })
  const typed =
    step.client === 'aws'
      ? `aws ${step.args.join(' ')}`
      : (step.args[1] ?? '').split('\n').slice(1).join('; ')
  showStep(step.why, typed, done.code === 0 ? done.stdout : done.stderr)
  return surprise((done.code === 0) === step.passes, step.passes, done.stderr)
}
