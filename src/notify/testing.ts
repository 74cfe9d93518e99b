/** What the tests of this room share: values of requests, timers by hand, a store in memory. */

import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { ManualClock } from '../core/clock.ts'
import type { AccessRequest, RequestEvent } from '../grants/model.ts'
import type { Delivery, GrantStore } from '../grants/port.ts'
import type { Timers } from './port.ts'

export const NOW_MS: number = Date.UTC(2026, 0, 2, 3, 4, 5)
export const REQUEST_ID = '01JGJVS4G8ABCDEFGHJKMNPQRS'

/** A request to terminate an instance, with the parts that a test wants otherwise. */
export function requestOf(parts: Partial<AccessRequest> = {}): AccessRequest {
  return {
    id: REQUEST_ID,
    kind: 'call',
    digest: 'ab'.repeat(32),
    requester: {
      arn: 'arn:aws:sts::111122223333:assumed-role/agent/a',
      roleArn: 'arn:aws:iam::111122223333:role/agent',
      account: '111122223333',
      sessionId: '01JGJVS4G80000000000000001',
      issuer: 'runners',
      subject: 'agent-7',
      sourceIdentity: 'dana@example.com',
      actingFor: ['dana@example.com'],
      knownAs: ['agent-7', 'dana@example.com'],
      principalKey: 'cd'.repeat(32),
    },
    call: {
      service: 'ec2',
      operation: 'TerminateInstances',
      region: 'us-east-1',
      commandLine: 'aws ec2 terminate-instances --instance-ids i-1 --region us-east-1',
      parameters: { InstanceIds: ['i-1'], Token: 'parameters-stay-here' },
      pairs: [
        {
          action: 'ec2:TerminateInstances',
          resource: 'arn:aws:ec2:us-east-1:111122223333:instance/i-1',
          certainty: 'exact',
        },
      ],
      resources: [
        {
          resource: 'arn:aws:ec2:us-east-1:111122223333:instance/i-1',
          facts: { Name: 'db-primary', type: 'm7g.large' },
        },
      ],
    },
    demands: [
      {
        statement: {
          policy: 'agent.json',
          statement: 'Careful',
          effect: 'RequireApproval',
          reason: 'machines do not come back',
        },
        from: ['group/on-call'],
        count: 1,
        validForMs: 900_000,
        uses: 1,
        holdMs: 30_000,
      },
    ],
    uses: 1,
    validForMs: 900_000,
    askedAtMs: NOW_MS,
    openUntilMs: NOW_MS + 3_600_000,
    state: 'pending',
    standsUntilMs: NOW_MS + 3_600_000,
    approvals: [],
    version: 1,
    ...parts,
  }
}

export function eventOf(parts: Partial<RequestEvent> = {}): RequestEvent {
  return {
    id: '01JGJVS4G8EVENT00000000001',
    timeMs: NOW_MS,
    requestId: REQUEST_ID,
    sessionId: '01JGJVS4G80000000000000001',
    what: 'asked',
    state: 'pending',
    ...parts,
  }
}

export function deliveryOf(parts: Partial<Delivery> = {}): Delivery {
  return { id: 'delivery-1', channel: 'ops', event: eventOf(), attempts: 0, dueMs: NOW_MS, ...parts }
}

/** Timers that go off when the test moves the clock. */
export class ManualTimers implements Timers {
  readonly clock: ManualClock = new ManualClock(NOW_MS)
  readonly #set = new Set<{ readonly atMs: number; readonly run: () => void }>()

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.clock.now() + delayMs, run }
    this.#set.add(timer)
    return () => void this.#set.delete(timer)
  }

  /** Moves on at once, as a machine that slept: timers go off late. For long waits, which polls would fill. */
  async leap(byMs: number): Promise<void> {
    await settle()
    this.clock.advance(byMs)
    await this.advance(0)
  }

  get pending(): number {
    return this.#set.size
  }

  /** Moves on, timer by timer, and lets what each set off settle. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.clock.now() + byMs
    await settle()
    for (;;) {
      const [first] = [...this.#set].filter(timer => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)
      if (first === undefined) break
      this.clock.advance(Math.max(first.atMs - this.clock.now(), 0))
      this.#set.delete(first)
      first.run()
      await settle()
    }
    this.clock.advance(untilMs - this.clock.now())
    await settle()
  }
}

/** Lets everything that waits for nothing outside run to its end. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise(resolve => setImmediate(resolve))
}

interface Row {
  delivery: Delivery
  leaseUntilMs: number
  state: 'due' | 'delivered' | 'given up'
  why?: string
}

/** The deliveries of a store, as `GrantStore` describes them. */
export class MemoryDeliveries implements Pick<GrantStore, 'takeDeliveries' | 'delivered' | 'failed' | 'get'> {
  readonly rows: Map<string, Row> = new Map()
  readonly requests: Map<string, AccessRequest> = new Map<string, AccessRequest>([[REQUEST_ID, requestOf()]])
  /** While it is set, everything rejects with it. */
  trouble: Error | undefined

  add(...deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      this.rows.set(delivery.id, { delivery, leaseUntilMs: 0, state: 'due' })
    }
  }

  state(id: string): string | undefined {
    return this.rows.get(id)?.state
  }

  async takeDeliveries(nowMs: number, leaseUntilMs: number, limit: number): Promise<readonly Delivery[]> {
    this.#check()
    const due = [...this.rows.values()]
      .filter(row => row.state === 'due' && row.delivery.dueMs <= nowMs && row.leaseUntilMs <= nowMs)
      .slice(0, limit)
    for (const row of due) row.leaseUntilMs = leaseUntilMs
    return due.map(row => row.delivery)
  }

  async delivered(id: string): Promise<void> {
    this.#check()
    const row = this.rows.get(id)
    if (row !== undefined) row.state = 'delivered'
  }

  async failed(id: string, dueMs: number | undefined, why: string): Promise<void> {
    this.#check()
    const row = this.rows.get(id)
    if (row === undefined) return
    row.why = why
    if (dueMs === undefined) row.state = 'given up'
    else {
      row.delivery = { ...row.delivery, attempts: row.delivery.attempts + 1, dueMs }
      row.leaseUntilMs = 0
    }
  }

  async get(id: string): Promise<AccessRequest | undefined> {
    this.#check()
    return this.requests.get(id)
  }

  #check(): void {
    if (this.trouble !== undefined) throw this.trouble
  }
}

/** What a local receiver got. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A server on a free port that keeps what it receives and answers as it is told. */
export interface Receiver {
  readonly origin: string
  readonly received: Received[]
  close(): Promise<void>
}

export async function receiver(
  answer: (received: Received, response: ServerResponse) => void,
): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      const one = { method, path, headers, body: Buffer.concat(chunks).toString('utf8') }
      received.push(one)
      answer(one, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    origin: `http://127.0.0.1:${port}`,
    received,
    async close() {
      if (!server.listening) return
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
