import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../test/harness/any-character.ts'
import { cliOperation, cliOption, cliService } from '../core/cli-name.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { commandLine } from './command-line.ts'
import { printable, shellWord } from './shell.ts'

const VECTORS = new URL('../../vectors/cli/names.json', import.meta.url)

function line(service: string, operation: string, parameters: JsonObject, region = 'us-east-1'): string {
  return commandLine({
    service,
    operation,
    region,
    parameters,
    redacted: [],
    truncated: false,
    pairs: [],
  })
}

test('names are those of the AWS CLI', () => {
  const rows: [string, string, string, string, string, string][] = JSON.parse(readFileSync(VECTORS, 'utf8'))
  assert.ok(rows.length > 500)
  for (const [service, operation, member, command, name, option] of rows) {
    assert.equal(cliService(service), command)
    assert.equal(cliOperation(service, operation), name)
    assert.equal(cliOption(service, operation, member), option, `${service} ${operation} ${member}`)
  }
})

const CASES: readonly [string, string, JsonObject, string][] = [
  [
    'ec2',
    'RunInstances',
    { ImageId: 'ami-1', MaxCount: 1, MinCount: 1 },
    'aws ec2 run-instances --image-id ami-1 --count 1 --region us-east-1',
  ],
  [
    'ec2',
    'TerminateInstances',
    { InstanceIds: ['i-1', 'i-2'] },
    'aws ec2 terminate-instances --instance-ids i-1 i-2 --region us-east-1',
  ],
  [
    's3',
    'GetObject',
    { Bucket: 'b', Key: 'a key' },
    "aws s3api get-object --bucket b --key 'a key' /dev/stdout --region us-east-1",
  ],
  [
    'ec2',
    'CreateImage',
    { InstanceId: 'i-1', NoReboot: false, DryRun: true },
    'aws ec2 create-image --instance-id i-1 --reboot --dry-run --region us-east-1',
  ],
  [
    'ec2',
    'RunInstances',
    { MinCount: 1, MaxCount: 2, ImageId: 'ami-1' },
    'aws ec2 run-instances --image-id ami-1 --count 1:2 --region us-east-1',
  ],
  [
    'iam',
    'CreateUser',
    { UserName: "o'neil; rm -rf ~", Tags: [{ Key: 'a', Value: '$(id)' }] },
    `aws iam create-user --user-name 'o'\\''neil; rm -rf ~' --tags '[{"Key":"a","Value":"$(id)"}]' --region us-east-1`,
  ],
  [
    'secretsmanager',
    'PutSecretValue',
    { SecretId: 's', SecretString: '<redacted>' },
    "aws secretsmanager put-secret-value --secret-id s --secret-string '<redacted>' --region us-east-1",
  ],
  [
    'sns',
    'Publish',
    { TopicArn: 't', Message: 'file:///etc/passwd', Subject: '-x' },
    `aws sns publish --topic-arn t '--subject=-x' --cli-input-json '{"Message":"file:///etc/passwd"}' --region us-east-1`,
  ],
  [
    'sns',
    'Publish',
    { Message: 'a\nb\u001b[2J\u202e!' },
    "aws sns publish --message $'a\\x0ab\\x1b[2J\\u202e!' --region us-east-1",
  ],
]

for (const [service, operation, parameters, expected] of CASES) {
  test(`as a command line: ${expected}`, () => assert.equal(line(service, operation, parameters), expected))
}

test('whatever a value holds, a shell reads exactly it, and runs nothing', () => {
  const text = fc.string({ unit: ANY_CHARACTER, maxLength: 20 }).filter(value => !value.includes('\0'))
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 50 }), values => {
      const script = `printf '%s\\0' ${values.map(shellWord).join(' ')}`
      const output = execFileSync('bash', ['-c', script], {
        env: { LC_ALL: 'C.UTF-8' },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      assert.deepEqual(output, Buffer.from(values.map(value => `${value}\0`).join('')))
    }),
    { numRuns: 15 },
  )
})

test('nothing that a terminal would act upon is left in a line or in printable text', () => {
  const json = fc.dictionary(fc.string({ unit: ANY_CHARACTER }), fc.jsonValue({ stringUnit: 'binary' }))
  fc.assert(
    fc.property(json, fc.string({ unit: ANY_CHARACTER }), (parameters, region) => {
      for (const text of [line('sns', 'Publish', parameters as JsonObject, region), printable(region)]) {
        assert.doesNotMatch(text, /[\p{Cc}\u202a-\u202e\u2066-\u2069\u2028\u2029]/u)
      }
    }),
  )
})

test('values of every kind end up in the line', () => {
  const values: readonly Json[] = [null, 1, 'x', true, false, [], ['a', '-b'], { a: 1 }, [['x']]]
  for (const value of values) assert.match(line('sns', 'Publish', { Message: value }), /message|Message/)
})
