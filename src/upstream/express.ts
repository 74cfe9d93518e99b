import { asGateError, GateError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import { asLease } from './base-credentials.ts'
import type { Lease } from './lease.ts'
import type { LeaseCache } from './lease-cache.ts'
import type { OwnCall, RecordOwnCall } from './port.ts'
import type { OpenReply } from './reply.ts'

/** Replies to CreateSession are some 2 KB. */
const MAX_REPLY_BYTES = 16 * 1024

/** Sends CreateSession to a bucket's zone with the principal's lease. */
export type CreateSession = () => Promise<OpenReply>

/**
 * The session credentials of S3 Express, by session and bucket. They last five minutes and stay in the gate;
 * clients get the gate's own. Throws `lease-denied` or `lease-unavailable`.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateSession.html
 */
export class ExpressSessions {
  readonly #leases: LeaseCache

  constructor(leases: LeaseCache) {
    this.#leases = leases
  }

  get(principal: Principal, bucket: string, create: CreateSession): Promise<Lease> {
    return this.#leases.get(`${principal.sessionId} ${bucket}`, async () => {
      const reply = await create()
      const text = await readAll(reply)
      if (reply.status === 200) return asLease(readCredentials(text))
      const code = reply.status === 403 ? 'lease-denied' : 'lease-unavailable'
      throw new GateError(code, `S3 answered CreateSession on \`${bucket}\` with status ${reply.status}`)
    })
  }
}

/** Sends a call of the gate's own: recorded before it leaves, and how it ended when its head has come. */
export async function recorded(
  record: RecordOwnCall,
  principal: Principal,
  call: OwnCall,
  send: () => Promise<OpenReply>,
): Promise<OpenReply> {
  const ended = await record(principal, call)
  try {
    const reply = await send()
    const upstreamRequestId = reply.headers.find(([name]) => name === 'x-amz-request-id')?.[1]
    await ended({ status: reply.status, ...(upstreamRequestId === undefined ? {} : { upstreamRequestId }) })
    return reply
  } catch (error) {
    await ended({ error: asGateError(error).code })
    throw error
  }
}

async function readAll(reply: OpenReply): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of reply.body as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_REPLY_BYTES)
      throw new GateError('lease-unavailable', 'the reply to CreateSession is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function readCredentials(xml: string): Parameters<typeof asLease>[0] {
  const element = (name: string): string => {
    const start = xml.indexOf(`<${name}>`)
    const end = xml.indexOf(`</${name}>`, start)
    if (start < 0 || end < 0) {
      throw new GateError('lease-unavailable', `the reply to CreateSession has no \`${name}\``)
    }
    return xml.slice(start + name.length + 2, end).trim()
  }
  return {
    accessKeyId: element('AccessKeyId'),
    secretAccessKey: element('SecretAccessKey'),
    sessionToken: element('SessionToken'),
    expiration: new Date(element('Expiration')),
  }
}
