import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { crc32, gzipSync, zstdDecompressSync } from 'node:zlib'
import { DeleteItemCommand, DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { DescribeInstanceAttributeCommand, EC2Client } from '@aws-sdk/client-ec2'
import { CreateAccessKeyCommand, IAMClient } from '@aws-sdk/client-iam'
import {
  GetFunctionConfigurationCommand,
  InvokeWithResponseStreamCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda'
import { CreateDBInstanceCommand, RDSClient } from '@aws-sdk/client-rds'
import { GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { ControlClient } from '../harness/control.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { assumeRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'

const ROLE = 'arn:aws:iam::123456789012:role/reader'

const POLICY = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'AllButUnmask', Effect: 'Allow', NotAction: 'gate:Unmask', Resource: '*' },
    {
      Sid: 'Risky',
      Effect: 'RequireApproval',
      Action: 'rds:CreateDBInstance',
      Resource: '*',
      Approval: { From: ['admin'], Hold: '1s' },
    },
    {
      Sid: 'People',
      Effect: 'Mask',
      Action: ['s3:GetObject', 'dynamodb:GetItem'],
      Resource: '*',
      Mask: { Detect: ['email-address', 'credit-card', 'jwt', 'private-key', 'aws-access-key'] },
    },
    {
      Sid: 'Rows',
      Effect: 'Mask',
      Action: ['dynamodb:DeleteItem', 'lambda:InvokeFunction'],
      Resource: '*',
      Mask: { Fields: ['**.note', 'EventStream.PayloadChunk'] },
    },
  ],
}

/** What must be nowhere: a new one for each place that a value can take. */
const planted: string[] = []

function canary(): string {
  const value = `kanari${planted.length}x${Math.trunc(2 ** 52 / (planted.length + 3)).toString(36)}`
  planted.push(value)
  return value
}

/** One that a detector finds. */
function person(): string {
  return `${canary()}@secrets.example`
}

/** Whatever a client was given: replies and errors. */
const seen: string[] = []

async function take(what: Promise<unknown>): Promise<unknown> {
  const result = await what.catch((error: Error) => ({ name: error.name, message: error.message, error }))
  seen.push(inspect(result))
  return result
}

const inspect = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => {
    if (each instanceof Uint8Array) return Buffer.from(each).toString('latin1')
    return each instanceof Error ? { ...each, message: each.message } : each
  }) ?? ''

describe('canaries', () => {
  let upstream: StubUpstream
  let gate: RunningGate
  let settings: {
    readonly endpoint: string
    readonly region: string
    readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string }
    readonly maxAttempts: number
    readonly forcePathStyle: boolean
  }
  const told: string[] = []
  const receiver = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (chunk: string) => told.push(chunk))
    request.on('end', () => response.end())
  })

  before(async () => {
    upstream = await startStubUpstream()
    await new Promise<void>(resolve => receiver.listen(0, '127.0.0.1', resolve))
    const { port } = receiver.address() as AddressInfo
    const issuer = await createIssuer(ISSUER_URL)
    gate = await startGate({
      issuer,
      roles: [{ arn: ROLE, policies: [POLICY], upstream: { assume: false } }],
      upstream: upstream.endpoint,
      env: {
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'upstream-secret',
        AWS_REGION: 'us-east-1',
      },
      files: { 'webhook-secret': `whsec_${Buffer.alloc(32, 7).toString('base64')}` },
      config: {
        log: { level: 'trace' },
        // Everything that may be recorded is.
        record: { keep: [{ what: 'bodies', replies: '1KiB' }] },
        notify: [
          {
            name: 'siem',
            webhook: { url: `http://127.0.0.1:${port}/`, secrets: ['webhook-secret'] },
          },
        ],
      },
    })
    const credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('agent-7'))
    settings = {
      endpoint: gate.endpoint,
      region: 'us-east-1',
      credentials,
      maxAttempts: 1,
      forcePathStyle: true,
    }
  })
  after(async () => {
    await gate.stop()
    await upstream.stop()
    receiver.close()
    receiver.closeAllConnections()
  })

  const json = (status: number, body: object, headers: Record<string, string> = {}): void =>
    upstream.answer(
      status,
      { 'content-type': 'application/x-amz-json-1.1', ...headers },
      JSON.stringify(body),
    )
  const xml = (body: string): void => upstream.answer(200, { 'content-type': 'text/xml' }, body)
  const secret = () =>
    take(new SecretsManagerClient(settings).send(new GetSecretValueCommand({ SecretId: 's' })))
  const object = (more: object = {}) =>
    take(
      new S3Client(settings)
        .send(new GetObjectCommand({ Bucket: 'b', Key: 'k', ...more }))
        .then(async ({ Body, ...rest }) => ({ ...rest, text: await Body?.transformToString() })),
    )

  it('in JSON: texts, blobs, members that the catalog does not know', async () => {
    json(200, {
      Name: 's',
      SecretString: canary(),
      SecretBinary: Buffer.from(canary()).toString('base64'),
      NewerThanTheCatalog: canary(),
      NewerStill: { deep: [canary()] },
    })
    assert.match(inspect(await secret()), /~mask~/)
  })

  it('in a reply that is withheld: broken, cut, of another type, packed wrong, too deep', async () => {
    const type = { 'content-type': 'application/x-amz-json-1.1' }
    const bodies: [Record<string, string>, string][] = [
      [type, `{"SecretString":"${canary()}"`],
      [type, `{"SecretString":"${canary()}","SecretString":"${canary()}"}`],
      [type, `{"SecretString":"${canary()}"} trailing ${canary()}`],
      [{ 'content-type': 'text/html' }, `<p>${canary()}</p>`],
      [{ ...type, 'content-encoding': 'gzip' }, `{"SecretString":"${canary()}"}`],
      [{ ...type, 'content-encoding': 'compress' }, `{"SecretString":"${canary()}"}`],
      [type, `${'['.repeat(5_000)}"${canary()}"${']'.repeat(5_000)}`],
    ]
    for (const [headers, body] of bodies) {
      upstream.answer(200, headers, body)
      assert.match(inspect(await secret()), /reply-unmaskable|withheld|masked/, body.slice(0, 40))
    }
  })

  it('in a compressed reply', async () => {
    upstream.answer(
      200,
      { 'content-type': 'application/x-amz-json-1.1', 'content-encoding': 'gzip' },
      gzipSync(JSON.stringify({ Name: 's', SecretString: canary() })),
    )
    assert.match(inspect(await secret()), /~mask~/)
  })

  it('in REST JSON, in the query protocol and in that of EC2', async () => {
    upstream.answer(
      200,
      { 'content-type': 'application/json' },
      JSON.stringify({ FunctionName: 'f', Environment: { Variables: { A: canary(), B: canary() } } }),
    )
    await take(new LambdaClient(settings).send(new GetFunctionConfigurationCommand({ FunctionName: 'f' })))
    xml(
      `<CreateAccessKeyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateAccessKeyResult><AccessKey><UserName>u</UserName><AccessKeyId>AKIA</AccessKeyId><Status>Active</Status><SecretAccessKey>${canary()}</SecretAccessKey></AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>`,
    )
    await take(new IAMClient(settings).send(new CreateAccessKeyCommand({ UserName: 'u' })))
    xml(
      `<DescribeInstanceAttributeResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><instanceId>i-1</instanceId><userData><value>${Buffer.from(canary()).toString('base64')}</value></userData></DescribeInstanceAttributeResponse>`,
    )
    await take(
      new EC2Client(settings).send(
        new DescribeInstanceAttributeCommand({ InstanceId: 'i-1', Attribute: 'userData' }),
      ),
    )
    assert.equal(seen.slice(-3).filter(text => text.includes('~mask~') || text.includes('fm1hc2t')).length, 3)
  })

  it('by detection in a reply: values, keys of maps, nested JSON, and errors that quote', async () => {
    const get = () =>
      take(new DynamoDBClient(settings).send(new GetItemCommand({ TableName: 't', Key: { id: { S: '1' } } })))
    json(200, {
      Item: {
        mail: { S: person() },
        [person()]: { S: 'key' },
        nested: { S: JSON.stringify({ mail: person() }) },
        list: { L: [{ M: { deep: { S: `write to ${person()} now` } } }] },
        bytes: { B: Buffer.from(person()).toString('base64') },
      },
    })
    await get()
    json(400, { __type: 'com.amazonaws#ValidationException', message: `bad value ${person()}` })
    await get()
  })

  it('in replies that break HTTP: the parser, the length, chunks, a trailer, heads before the head', async () => {
    const body = () => `{"SecretString":"${canary()}"}`
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\n'
    const chunked = `${head}transfer-encoding: chunked\r\n`
    const replies = [
      `${head}content-length: 900\r\n\r\n${body()}`,
      `${chunked}\r\nZZ${canary()}\r\n${body()}`,
      `${chunked}\r\n5\r\n${body()}\r\n0\r\n\r\n`,
      `HTTP/1.1 two ${canary()}\r\n\r\n${body()}`,
      `${head}x-bad ${canary()}\r\n\r\n${body()}`,
      `${head}content-length: 3\r\ncontent-length: 4\r\nx-told: ${canary()}\r\n\r\n${body()}`,
      `HTTP/1.1 204 No Content\r\nx-told: ${canary()}\r\n\r\n${body()}`,
      `HTTP/1.1 304 Not Modified\r\ncontent-type: ${canary()}/${canary()}\r\n\r\n${body()}`,
    ]
    for (const reply of replies) {
      upstream.answerBytes(reply)
      await secret()
    }
    const whole = body()
    upstream.answerBytes(
      `HTTP/1.1 103 Early Hints\r\nlink: <${canary()}>\r\n\r\n` +
        `${chunked}trailer: x-told\r\n\r\n${whole.length.toString(16)}\r\n${whole}\r\n0\r\nx-told: ${canary()}\r\n\r\n`,
    )
    assert.match(inspect(await secret()), /~mask~/)
    json(307, { SecretString: canary() }, { location: `https://example.com/${canary()}` })
    await secret()
  })

  it('in streams of events, and where the stream breaks', async () => {
    const invoke = () =>
      take(
        new LambdaClient(settings)
          .send(new InvokeWithResponseStreamCommand({ FunctionName: 'f', Payload: Buffer.from('{}') }))
          .then(async ({ EventStream }) => {
            const events: unknown[] = []
            for await (const event of EventStream ?? []) events.push(event)
            return events
          }),
      )
    const type = { 'content-type': 'application/vnd.amazon.eventstream' }
    const chunk = () => event('PayloadChunk', Buffer.from(canary()))
    upstream.answer(200, type, Buffer.concat([chunk(), chunk(), event('InvokeComplete', Buffer.from('{}'))]))
    assert.match(inspect(await invoke()), /InvokeComplete/)
    const broken = chunk()
    broken.writeUInt32BE(1, broken.length - 4)
    upstream.answer(200, type, Buffer.concat([chunk(), broken]))
    await invoke()
    upstream.answer(200, type, Buffer.concat([chunk(), chunk().subarray(0, -9)]))
    await invoke()
    upstream.answer(200, type, `{"Payload":"${canary()}"}`)
    await invoke()
  })

  it('in an error that carries the row, and in binary data that is text in another encoding', async () => {
    json(400, {
      __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
      message: 'The conditional request failed',
      Item: { note: { S: canary() } },
    })
    await take(
      new DynamoDBClient(settings).send(
        new DeleteItemCommand({
          TableName: 't',
          Key: { id: { S: '1' } },
          ConditionExpression: 'attribute_not_exists(id)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
    )
    json(200, { Item: { b: { B: Buffer.from(person(), 'utf16le').toString('base64') } } })
    await take(
      new DynamoDBClient(settings).send(new GetItemCommand({ TableName: 't', Key: { id: { S: '1' } } })),
    )
  })

  it('in objects: contents, metadata, ranges, compressed, packed, broken, and errors', async () => {
    const text = { 'content-type': 'text/plain', etag: '"d41d8cd98f00b204e9800998ecf8427e"' }
    upstream.answer(200, { ...text, 'x-amz-meta-contact': person() }, `mail ${person()}\n${person()}`)
    await object()
    await take(new S3Client(settings).send(new HeadObjectCommand({ Bucket: 'b', Key: 'k' })))
    upstream.answer(200, text, `0123456789${person()} and more`)
    for (let first = 8; first < 24; first += 3) await object({ Range: `bytes=${first}-${first + 20}` })
    upstream.answer(200, { ...text, 'content-encoding': 'gzip' }, gzipSync(`packed ${person()}`))
    await object()
    upstream.answer(200, { 'content-type': 'image/png' }, `not a picture: ${person()}`)
    await object()
    upstream.answer(200, text, Buffer.from(`binary \0 ${person()}`, 'latin1'))
    await object()
    upstream.answer(
      200,
      text,
      Buffer.concat([Buffer.from('\ufeff', 'utf16le'), Buffer.from(person(), 'utf16le')]),
    )
    await object()
    upstream.answer(
      404,
      { 'content-type': 'application/xml' },
      `<Error><Code>NoSuchKey</Code><Message>no ${person()}</Message></Error>`,
    )
    await object()
  })

  it('in a request that waits for a person: the password of a database', async () => {
    const password = canary()
    await take(
      new RDSClient(settings).send(
        new CreateDBInstanceCommand({
          DBInstanceIdentifier: 'db',
          DBInstanceClass: 'db.t3.micro',
          Engine: 'postgres',
          MasterUsername: 'root',
          MasterUserPassword: password,
        }),
      ),
    )
    const admin = new ControlClient(gate, gate.adminToken)
    const [request] = await admin.pending()
    assert.match(request?.call?.commandLine ?? '', /<redacted>/)
    seen.push(inspect(request))
    for (const args of [['list'], ['show', request?.id ?? '']]) {
      const { stdout, stderr } = await gate.as(gate.adminToken, 'approvals', ...args)
      seen.push(stdout, stderr)
    }
    while (!told.join('').includes(request?.id ?? '-'))
      await new Promise(resolve => receiver.once('request', resolve))
  })

  it('are nowhere: not with a client, nor on disk, nor in a log, nor told to anybody', async () => {
    assert.ok(planted.length > 30, `${planted.length} were planted`)
    const listed = await gate.sessions('list', '--json')
    const { sessions } = JSON.parse(listed.stdout) as { sessions: { id: string }[] }
    const places: [string, Buffer][] = [
      ['a client', Buffer.from(seen.join('\n'))],
      ['the output of the gate', Buffer.from(gate.running.output())],
      ['a webhook', Buffer.from(told.join(''))],
      ['a replay', Buffer.from((await gate.sessions('show', sessions[0]?.id ?? '', '--json')).stdout)],
      ['the metrics', Buffer.from(await (await fetch(`${gate.admin}/metrics`)).text())],
    ]
    const data = join(gate.folder, 'data')
    for (const file of readdirSync(data, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue
      const bytes = readFileSync(join(file.parentPath, file.name))
      places.push([file.name, bytes])
      if (file.name.endsWith('.zst')) places.push([`${file.name}, unpacked`, zstdDecompressSync(bytes)])
    }
    assert.ok(
      places.some(([name, bytes]) => name.endsWith('.seg') && bytes.includes('"replyBody":{"bytes"')),
      'replies were recorded',
    )
    assert.ok(
      places.some(([name]) => name.startsWith('grants.sqlite')),
      'the store is searched',
    )
    const found = planted.flatMap(value =>
      formsOf(value).flatMap(form =>
        places
          .filter(([, bytes]) => bytes.includes(form))
          .map(([name]) => `${value} as ${form} is in ${name}`),
      ),
    )
    assert.deepEqual(found, [])
  })
})

/** A frame of application/vnd.amazon.eventstream. */
function event(type: string, payload: Buffer): Buffer {
  const text = (name: string, value: string): Buffer =>
    Buffer.concat([
      Buffer.from([name.length]),
      Buffer.from(name),
      Buffer.from([7, 0, value.length]),
      Buffer.from(value),
    ])
  const headers = Buffer.concat([text(':message-type', 'event'), text(':event-type', type)])
  const frame = Buffer.alloc(16 + headers.length + payload.length)
  frame.writeUInt32BE(frame.length, 0)
  frame.writeUInt32BE(headers.length, 4)
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8)
  Buffer.concat([headers, payload]).copy(frame, 12)
  frame.writeUInt32BE(crc32(frame.subarray(0, -4)), frame.length - 4)
  return frame
}

/** The ways in which a value could be written. */
function formsOf(value: string): string[] {
  const base64 = [0, 1, 2].map(shift =>
    Buffer.from('.'.repeat(shift) + value)
      .toString('base64')
      .replace(/=+$/, '')
      .slice(shift === 0 ? 0 : 4, -2),
  )
  return [
    value,
    ...base64,
    Buffer.from(value).toString('hex'),
    Buffer.from(value, 'utf16le').toString('latin1'),
    encodeURIComponent(value),
    // As a buffer is printed: by the platform, and in JSON.
    Buffer.from(value)
      .toString('hex')
      .replace(/..(?!$)/g, '$& '),
    [...Buffer.from(value)].join(','),
  ]
}
