/**
 * What a mask and an approval cost a small call through a gate: the same query, its reply as it is, masked by a
 * field, masked by all detectors, and by standing access that somebody approved, of which each call takes a use.
 */
import { DETECTOR_NAMES } from '../src/mask/detect/set.ts'
import { ControlClient } from '../test/harness/control.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../test/harness/gate.ts'
import { createIssuer, type Issuer } from '../test/harness/issuer.ts'
import { assumeRaw, rawBytes, sendRaw } from '../test/harness/raw-client.ts'
import { type Path, policy } from './setting.ts'
import { type LoadRow, medianRow, type SmallCall, signSmallCall } from './through-gate.ts'

const ROLE = 'arn:aws:iam::123456789012:role/bench-masked'
const CONNECTIONS = [1, 32]
const HOUR_MS = 3_600_000

const table = (name: string): string => `arn:aws:dynamodb:*:*:table/${name}`
const on = (name: string, terms: object): object => ({
  Sid: name,
  Action: 'dynamodb:Query',
  Resource: table(name),
  ...terms,
})

/** What is asked of each table, and what must stand in its reply. */
const TABLES: readonly (readonly [table: string, name: string, reply: RegExp])[] = [
  ['plain', 'as it is', /alice\.example@example\.com/],
  ['fields', 'masked by a field', /"status":\{"S":"shipped"\}.*"mail":\{"S":"~mask~"\}/],
  ['detected', 'masked by all detectors', /"status":\{"S":"shipped"\}.*"mail":\{"S":"~mask~"\}/],
  ['asked', 'by a grant, a use each', /alice\.example@example\.com/],
]

const STATEMENTS = [
  {
    Sid: 'Queries',
    Effect: 'Allow',
    Action: 'dynamodb:Query',
    Resource: TABLES.map(([name]) => table(name)),
  },
  on('fields', { Effect: 'Mask', Mask: { Fields: ['Items[].customer.M.mail.S'] } }),
  on('detected', { Effect: 'Mask', Mask: { Detect: DETECTOR_NAMES } }),
  on('asked', { Effect: 'RequireApproval', Approval: { From: ['admin'], Hold: '1s' } }),
]

/** Rows of one gate with one worker; `path` says what is done to the reply. */
export async function maskedCalls(upstream: string, seconds: number, runs: number): Promise<LoadRow[]> {
  const issuer = await createIssuer(ISSUER_URL)
  const gate = await startGate({
    issuer,
    roles: [
      { arn: ROLE, policies: [policy(STATEMENTS)], upstream: { assume: false, credentials: 'environment' } },
    ],
    upstream,
    env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'bench' },
    config: { workers: 1 },
  })
  try {
    await grantAll(gate, issuer)
    const credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('bench'))
    const paths = TABLES.map(([tableName, name, reply]) => {
      const path: Path = { name, endpoint: gate.endpoint, pid: gate.running.child.pid, credentials }
      return { path, call: query(tableName), reply }
    })
    for (const { path, call, reply } of paths) await check(path, call, reply)
    return await measured(paths, seconds, runs)
  } finally {
    await gate.stop()
  }
}

async function measured(
  paths: readonly { readonly path: Path; readonly call: SmallCall }[],
  seconds: number,
  runs: number,
): Promise<LoadRow[]> {
  const rows: LoadRow[] = []
  for (const { path, call } of paths) await medianRow(path, 32, seconds, 1, call)
  for (const connections of CONNECTIONS) {
    for (const { path, call } of paths) {
      const row = await medianRow(path, connections, seconds, runs, call)
      console.log(`${connections} connections, ${path.name}: ${Math.round(row.requestsPerSecond)}/s`)
      rows.push(row)
    }
  }
  return rows
}

function query(tableName: string): SmallCall {
  const body = JSON.stringify({
    TableName: tableName,
    KeyConditionExpression: 'id = :id',
    ExpressionAttributeValues: { ':id': { S: 'order-4711' } },
  })
  return { operation: 'Query', body }
}

/** Standing access for an hour, asked for and approved. */
async function grantAll(gate: RunningGate, issuer: Issuer): Promise<void> {
  const workload = new ControlClient(gate, await issuer.token('bench'))
  const asked = await workload.call('POST', '/v1/requests', {
    role: ROLE,
    forMs: HOUR_MS,
    reason: 'a benchmark',
  })
  const { id } = asked.body as { id?: string }
  if (id === undefined) throw new Error(`asking was answered ${asked.status} ${JSON.stringify(asked.body)}`)
  const approved = await new ControlClient(gate, gate.adminToken).approve(id)
  if (approved.status !== 200) throw new Error(`approving was answered ${JSON.stringify(approved.body)}`)
}

/** One call, so that what is measured is what is said. */
async function check(path: Path, call: SmallCall, wanted: RegExp): Promise<void> {
  const reply = await sendRaw(path.endpoint, rawBytes(signSmallCall(path, call)))
  if (reply.status !== 200 || !wanted.test(reply.body)) {
    throw new Error(`a call ${path.name} was answered ${reply.status} ${reply.body}`)
  }
}
