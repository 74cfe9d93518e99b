import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { it } from 'node:test'
import { loadCatalog } from '../../catalog/load.ts'
import type { Decision, DecisionRequest, Obligation } from '../../core/decision.ts'
import type { Principal } from '../../core/principal.ts'
import type { AwsCall } from '../../interpret/aws/call.ts'
import { BuiltIn } from '../../mask/built-in.ts'
import { BlobStore } from '../../record/blobs/store.ts'
import { compileKeeping, type KeepLevel } from '../../record/keep/keep.ts'
import { MemoryFiles } from '../../record/memory-files.ts'
import { type BodyRooms, CallBodies } from './bodies.ts'
import { BufferBudget } from './body.ts'
import { decideMasked } from './masking.ts'
import type { AwsQuestion } from './question.ts'
import type { AwsRooms } from './rooms.ts'
import { secretReply, secretRequest } from './secret-bodies.ts'

const ID = '01K0000000000000000000000A'
const catalog = loadCatalog()
const builtIn = new BuiltIn(catalog)
const principal = { roleArn: 'arn:aws:iam::111122223333:role/agent', sessionId: 'S' } as Principal

function call(service: string, operation: string, parts: Partial<AwsCall> = {}): AwsCall {
  const given = { service, operation, parameters: {}, sensitive: [], streamsIn: false, pairs: [] }
  return { ...given, candidates: [{ service, operation }], ...parts } as unknown as AwsCall
}

async function roomsFor(
  level: KeepLevel,
  over: Partial<BodyRooms> = {},
): Promise<BodyRooms & { files: MemoryFiles }> {
  const files = new MemoryFiles()
  return {
    files,
    keeping: compileKeeping([{ roles: [], actions: [], level, replyBytes: 1024 }]),
    blobs: await BlobStore.open({ files, folder: 'j', lane: 0, segment: () => 1, durability: 'fsync' }),
    catalog,
    secretsOf: of => builtIn.fields(of),
    budget: new BufferBudget(100_000),
    ...over,
  }
}

function bodiesOf(of: AwsCall, rooms: BodyRooms, obligations: readonly Obligation[] = []): CallBodies {
  return new CallBodies({ eventId: ID, principal, call: of, obligations }, rooms)
}

const replyOf = (text: string): { status: number; headers: []; body: Readable } => ({
  status: 200,
  headers: [],
  body: Readable.from([Buffer.from(text)]),
})

async function drained(body: Readable): Promise<string> {
  return Buffer.concat(await Array.fromAsync(body as AsyncIterable<Buffer>)).toString()
}

/** The obligations of a call for a principal that may unmask some fields: as the gate itself works them out. */
function masksFor(of: AwsCall, mayUnmask: (resource: string) => boolean): readonly Obligation[] {
  const masking = {
    builtInFields: () => builtIn.fields(of),
    builtInRule: (fields: readonly string[]) => ({
      fields,
      detect: [],
      as: 'full',
      otherObjects: 'pass',
      builtIn: true,
    }),
    plan: () => undefined,
  } as unknown as AwsRooms['masking']
  const decide = ({ pairs }: DecisionRequest): Decision => {
    const [pair] = pairs
    const isAllowed = pair?.action !== 'gate:Unmask' || mayUnmask(pair.resource)
    return { effect: isAllowed ? 'allow' : 'deny', statements: [], obligations: [] }
  }
  const question = {
    call: of,
    request: { principal, pairs: [], context: new Map() },
  } as unknown as AwsQuestion
  return decideMasked(question, { decide, masking }).obligations
}

it('where no rule asks for bodies, they pass as they are', async () => {
  for (const level of ['metadata', 'parameters'] as const) {
    const rooms = await roomsFor(level)
    const bodies = bodiesOf(call('s3', 'PutObject', { streamsIn: true }), rooms)
    const request = { kind: 'whole', bytes: Buffer.from('x') } as const
    assert.equal(await bodies.request(request), request)
    const reply = replyOf('x')
    assert.equal(bodies.reply(reply), reply)
    assert.deepEqual(await bodies.kept(1), {})
    assert.equal(rooms.budget.usedBytes, 0)
  }
})

it('a short request of parameters alone stands in its event, a longer one is on disk before it leaves', async () => {
  const rooms = await roomsFor('bodies')
  const short = bodiesOf(call('dynamodb', 'PutItem'), rooms)
  await short.request({ kind: 'whole', bytes: Buffer.from('{"a":1}') })
  assert.equal((await short.kept(0)).requestBody?.text, '{"a":1}')
  assert.equal((await short.kept(0)).requestBody?.blob, undefined)
  const long = bodiesOf(call('dynamodb', 'PutItem'), rooms)
  await long.request({ kind: 'whole', bytes: Buffer.alloc(5_000, 'a') })
  assert.ok(rooms.files.contents.has(`j/blobs/00/0000000001/${ID}.request.zst`))
  rooms.files.fault = name => {
    if (name === 'write') throw Object.assign(new Error('full'), { code: 'ENOSPC' })
    return undefined
  }
  const refused = bodiesOf(call('dynamodb', 'PutItem'), rooms)
  const sent = refused.request({ kind: 'whole', bytes: Buffer.alloc(5_000, 'a') })
  await assert.rejects(sent, { code: 'body-unrecorded' })
})

it('what is redacted among the parameters stands in no request that is kept', async () => {
  const bodies = bodiesOf(
    call('secretsmanager', 'CreateSecret', { sensitive: ['SecretString'] }),
    await roomsFor('bodies'),
  )
  await bodies.request({ kind: 'whole', bytes: Buffer.from('{"SecretString":"hunter2"}') })
  const { requestBody } = await bodies.kept(0)
  assert.deepEqual(requestBody, { bytes: 26, cut: 'it is left out: it holds parameters that are redacted' })
  assert.equal(
    secretRequest(call('s3', 'PutObject', { streamsIn: true, sensitive: ['SSECustomerKey'] }), catalog),
    undefined,
  )
  assert.match(
    secretRequest(call('ebs', 'PutSnapshotBlock', { streamsIn: true }), catalog) ?? '',
    /sensitive/,
  )
})

it('a reply is kept only where all that is masked by default was masked', () => {
  const get = call('secretsmanager', 'GetSecretValue')
  const fields = builtIn.fields(get)
  assert.ok(fields.length >= 2)
  const left = (mayUnmask: (resource: string) => boolean): string | undefined =>
    secretReply(get, masksFor(get, mayUnmask), fields, catalog)
  assert.equal(
    left(() => false),
    undefined,
  )
  assert.match(left(() => true) ?? '', /^it is left out: it may hold secrets/)
  assert.match(left(resource => resource.endsWith('/SecretBinary')) ?? '', /^it is left out/)
})

it('a principal that may unmask all has its objects recorded: what is sensitive of them is in headers', () => {
  const get = call('s3', 'GetObject')
  assert.ok(builtIn.fields(get).length > 0)
  assert.equal(secretReply(get, [], builtIn.fields(get), catalog), undefined)
})

it('what is left out says how much went by, and nothing where nothing did', async () => {
  const bodies = bodiesOf(call('secretsmanager', 'GetSecretValue'), await roomsFor('replies'))
  assert.equal(await drained(bodies.reply(replyOf('{"SecretString":"x"}')).body), '{"SecretString":"x"}')
  assert.equal((await bodies.kept(20)).replyBody?.bytes, 20)
  assert.deepEqual(await bodies.kept(0), {})
})

it('room is taken before anything leaves, and given back once', async () => {
  const budget = new BufferBudget(12_000)
  const rooms = await roomsFor('bodies', { budget })
  const first = bodiesOf(call('s3', 'GetObject'), rooms)
  const second = bodiesOf(call('s3', 'GetObject'), rooms)
  assert.throws(() => bodiesOf(call('s3', 'GetObject'), rooms), { code: 'overloaded' })
  first.release()
  first.release()
  second.release()
  assert.equal(budget.usedBytes, 0)
})

it('a body that nobody read to its end is recorded as one that broke off', async () => {
  const bodies = bodiesOf(call('s3', 'PutObject', { streamsIn: true }), await roomsFor('bodies'))
  const source = new Readable({ read: () => undefined })
  source.push('half')
  const sent = await bodies.request({ kind: 'stream', bytes: source, length: 8 })
  assert.ok(sent.kind === 'stream')
  await new Promise(resolve => sent.bytes.once('data', resolve))
  const { requestBody } = await bodies.kept(0)
  assert.equal(requestBody?.text, 'half')
  assert.match(requestBody?.cut ?? '', /broke off/)
})

it('over all of AWS, a reply with unmasked secrets is left out, but where these can only stand in headers', () => {
  const kept = new Set<string>()
  let left = 0
  for (const [service, { operations }] of catalog.services) {
    for (const operation of operations.keys()) {
      const fields = builtIn.of(service, operation).all
      if (fields.length === 0) continue
      if (secretReply(call(service, operation), [], fields, catalog) === undefined) kept.add(service)
      else left++
    }
  }
  assert.deepEqual([...kept].sort(), ['lex-runtime', 's3'])
  assert.ok(left > 1_000)
})
