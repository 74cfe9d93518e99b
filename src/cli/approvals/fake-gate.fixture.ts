/** A gate's control API over real HTTP, and a terminal, for the tests of the commands. */

import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { RequestListReply, RequestView } from '../../contract/approvals.ts'
import { ManualClock } from '../../core/clock.ts'
import { approvals } from '../approvals.ts'
import { request } from '../request.ts'
import { kill } from '../sessions/kill.ts'
import type { ApprovalsPorts } from './ports.ts'

export const NOW_MS: number = Date.UTC(2026, 0, 2, 3, 4, 5)
export const ID = '01JGJVS4G8ABCDEFGHJKMNPQRS'
export const TOKEN = 'token-of-ada'

export function viewOf(parts: Partial<RequestView> = {}): RequestView {
  return {
    id: ID,
    kind: 'call',
    state: 'pending',
    version: 1,
    digest: 'ab'.repeat(32),
    role: { arn: 'arn:aws:iam::111122223333:role/agent', account: '111122223333' },
    requester: {
      arn: 'arn:aws:sts::111122223333:assumed-role/agent/a',
      sessionId: '01JGJVS4G80000000000000001',
      issuer: 'runners',
      subject: 'agent-7',
      actingFor: ['dana@example.com'],
    },
    call: {
      service: 'ec2',
      operation: 'TerminateInstances',
      region: 'us-east-1',
      commandLine: 'aws ec2 terminate-instances --instance-ids i-1 --region us-east-1',
      parameters: { InstanceIds: ['i-1'] },
      pairs: [
        {
          action: 'ec2:TerminateInstances',
          resource: 'arn:aws:ec2:us-east-1:111122223333:instance/i-1',
          exact: true,
        },
      ],
      resources: [
        {
          resource: 'arn:aws:ec2:us-east-1:111122223333:instance/i-1',
          facts: { Name: 'db-primary', Type: 'm7g.large' },
        },
      ],
    },
    demands: [
      {
        policy: 'agent.json',
        statement: 'Careful',
        reason: 'machines do not come back',
        from: ['group/on-call'],
        count: 2,
        approvals: 1,
      },
    ],
    uses: 1,
    validForMs: 900_000,
    askedAtMs: NOW_MS - 90_000,
    openUntilMs: NOW_MS + 3_600_000,
    approvals: [{ by: 'okta/bob', name: 'Bob', atMs: NOW_MS - 30_000, comment: 'fine by me' }],
    brokeGlass: false,
    may: { approve: true, deny: true, revoke: false },
    ...parts,
  }
}

export interface Got {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
  readonly body: unknown
}

export interface FakeGate {
  readonly url: string
  readonly got: Got[]
  /** What the next calls get; the last one stays. */
  answers: ((response: ServerResponse, got: Got) => void)[]
  readonly clock: ManualClock
  readonly stop: AbortController
  /** What people answer when they are asked; undefined: there is no terminal. */
  human: string | undefined
  environment: Record<string, string>
  files: Record<string, string>
  colored: boolean
  run(...args: string[]): Promise<{ code: number; out: string; err: string }>
}

export function answer(body: object, status = 200): (response: ServerResponse) => void {
  return response =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

export const listOf = (requests: readonly RequestView[], cursor = 'c1', next?: string): RequestListReply => ({
  requests,
  cursor,
  ...(next === undefined ? {} : { next }),
})

export async function fakeGate(context: TestContext): Promise<FakeGate> {
  const got: Got[] = []
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      const one: Got = {
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        authorization: incoming.headers.authorization,
        body: text === '' ? undefined : JSON.parse(text),
      }
      got.push(one)
      const next = gate.answers.length > 1 ? gate.answers.shift() : gate.answers[0]
      next?.(response, one)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const gate: FakeGate = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    answers: [answer(viewOf())],
    clock: new ManualClock(NOW_MS),
    stop: new AbortController(),
    human: undefined,
    environment: { SALLYPORT_TOKEN: TOKEN },
    files: {},
    colored: false,
    run: (...args) => run(gate, args),
  }
  gate.environment['SALLYPORT_URL'] = gate.url
  return gate
}

async function run(gate: FakeGate, args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const { human } = gate
  const ports: ApprovalsPorts = {
    fetch: (url, init) => fetch(url, init),
    clock: gate.clock,
    environment: gate.environment,
    readFile: async path => {
      const text = gate.files[path]
      if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
      return text
    },
    home: '/ada',
    adminUrl: async () => gate.url,
    ask:
      human === undefined
        ? undefined
        : async question => {
            err += question
            return human
          },
    out: async text => {
      out += text
    },
    err: text => {
      err += text
    },
    colored: gate.colored,
    sleep: async delayMs => gate.clock.advance(delayMs),
    stopped: gate.stop.signal,
  }
  const [command, ...rest] = args
  const code = await (command === 'request'
    ? request(rest, ports)
    : command === 'kill'
      ? kill(rest, ports)
      : approvals(args, ports))
  return { code, out, err }
}
