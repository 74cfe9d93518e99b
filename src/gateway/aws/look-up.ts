import type { Readable } from 'node:stream'
import type { StatementRef } from '../../core/decision.ts'
import { asGateError, GateError } from '../../core/errors.ts'
import type { ResourceFacts } from '../../grants/model.ts'
import type { AwsQuestion } from './question.ts'
import { describeInstances, instancesIn, readInstances } from './resource-facts.ts'
import type { AwsRooms } from './rooms.ts'

/** What the gate asks AWS for an approver's sake, and for how long, ms. */
const LOOK_UP_MS = 2_000
const MAX_REPLY_BYTES = 1 << 20

/** Stands in recordings where a statement of a policy would: nobody but the gate asked. */
const BY: StatementRef = { policy: 'the gate', statement: 'ResourceFacts', effect: 'Allow' }

/**
 * What is known of the resources of a call, read with the principal's own lease, so that an approver sees
 * `web-1, t3.large` and not an id alone. A call of its own: recorded before it leaves, as any other. Where it
 * fails nothing is known, and nothing is decided by it.
 */
export async function resourceFacts(
  { call, request }: AwsQuestion,
  rooms: AwsRooms,
): Promise<readonly ResourceFacts[]> {
  const instances = instancesIn(call.pairs)
  if (instances.size === 0) return []
  const { recorder, upstream, clock } = rooms
  const { principal } = request
  const startMs = clock.now()
  const ids = [...instances.keys()]
  const eventId = await recorder.ownCall(principal, BY, {
    service: 'ec2',
    operation: 'DescribeInstances',
    region: call.region,
    parameters: { InstanceIds: ids },
    redacted: [],
    truncated: false,
    pairs: [{ action: 'ec2:DescribeInstances', resource: '*', certainty: 'exact' }],
  })
  const body = Buffer.from(describeInstances(ids))
  let ended: { status?: number; error?: string; bytesOut: number } = { bytesOut: 0 }
  try {
    const reply = await upstream.send(
      principal,
      {
        service: 'ec2',
        operation: 'DescribeInstances',
        region: call.region,
        method: 'POST',
        path: '/',
        query: '',
        headers: [['content-type', 'application/x-www-form-urlencoded; charset=utf-8']],
        hostPrefix: '',
        body: { kind: 'whole', bytes: body },
      },
      AbortSignal.timeout(LOOK_UP_MS),
    )
    const bytes = await collect(reply.body)
    ended = { status: reply.status, bytesOut: bytes.length }
    return reply.status === 200 ? readInstances(bytes, instances) : []
  } catch (failure) {
    ended = { ...ended, error: asGateError(failure).code }
    return []
  } finally {
    await recorder.outcome(eventId, { principal }, { bytesIn: body.length, ...ended }, startMs)
  }
}

async function collect(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_REPLY_BYTES)
      throw new GateError('upstream-reply-unclear', 'the reply of EC2 is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
