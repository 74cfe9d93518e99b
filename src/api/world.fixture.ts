/** A gate's control plane for tests: real tokens, a real desk over a store in memory, a real server. */

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { ManualClock } from '../core/clock.ts'
import type { Demand } from '../core/decision.ts'
import { GateError } from '../core/errors.ts'
import type { Person } from '../core/person.ts'
import type { Revocation } from '../core/revocation.ts'
import { Approvals } from '../grants/approvals.ts'
import { MemoryGrantStore } from '../grants/memory-store.fixture.ts'
import type { AccessRequest, RequestEvent, Requester } from '../grants/model.ts'
import { AdminToken } from '../identity/admin-token.ts'
import { Issuers } from '../identity/oidc/verify.ts'
import { People } from '../identity/people.ts'
import { countingRandom, MemoryFiles, START_MS } from '../identity/testing.ts'
import { type AdminPorts, createAdminServer } from './admin.ts'
import type { ControlPorts, KillOrder } from './control.ts'

export const ROLE = 'arn:aws:iam::111122223333:role/deploy'
/** Stands in every part of a request that nobody unknown may see. */
export const CANARY = 'canary-7f3a'

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const KEYS: string = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k' }] })

export const OKTA = 'https://okta.example'
export const GITHUB = 'https://github.example'

export interface TokenParts {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  readonly key?: KeyObject
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** A token of the issuer of people, or whatever the claims make of it. */
export function token({ claims = {}, header = {}, key = privateKey }: TokenParts = {}): string {
  const nowS = START_MS / 1000
  const all = { iss: OKTA, sub: 'ann', aud: 'sallyport', iat: nowS, exp: nowS + 3_600, ...claims }
  const input = `${part({ alg: 'ES256', typ: 'JWT', kid: 'k', ...header })}.${part(all)}`
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

export const TOKENS = {
  /** On call: named by the demand of a request of the world. */
  ann: (): string => token({ claims: { sub: 'ann', name: 'Ann', groups: ['on-call'] } }),
  ben: (): string => token({ claims: { sub: 'ben', name: 'Ben', groups: ['on-call'] } }),
  /** A person whom no demand names. */
  eve: (): string => token({ claims: { sub: 'eve', name: 'Eve', groups: ['sales'] } }),
  /** The workload that asked. */
  ci: (): string => token({ claims: { iss: GITHUB, sub: 'repo:acme/shop', groups: ['on-call'] } }),
  /** Another workload. */
  other: (): string => token({ claims: { iss: GITHUB, sub: 'repo:acme/else', groups: ['on-call'] } }),
  forged: (): string => token({ claims: { groups: ['on-call'] }, key: stranger.privateKey }),
} as const

export function demand(from: readonly string[], change: Partial<Demand> = {}): Demand {
  return {
    statement: { policy: 'deploy.yaml', statement: 'NeedsAHuman', effect: 'RequireApproval' },
    from,
    count: 1,
    validForMs: 900_000,
    uses: 3,
    holdMs: 0,
    ...change,
  }
}

const REQUESTER: Requester = {
  arn: 'arn:aws:sts::111122223333:assumed-role/deploy/run-1',
  roleArn: ROLE,
  account: '111122223333',
  sessionId: '0'.repeat(26),
  issuer: 'github',
  subject: 'repo:acme/shop',
  actingFor: [],
  knownAs: ['repo:acme/shop'],
  principalKey: 'key-of-shop',
}

export interface World {
  readonly clock: ManualClock
  readonly store: MemoryGrantStore
  readonly desk: Approvals
  readonly adminToken: AdminToken
  readonly events: RequestEvent[]
  readonly remembered: { readonly person: Person; readonly atMs: number }[]
  readonly troubles: unknown[]
  /** Orders to end sessions that were let through. */
  readonly kills: KillOrder[]
  readonly ports: AdminPorts & { readonly control: ControlPorts }
  /** A call that waits for one of the people named. */
  asked(
    from?: readonly string[],
    change?: Partial<Demand>,
    requester?: Partial<Requester>,
  ): Promise<AccessRequest>
}

export function makeWorld(change: Partial<ControlPorts> = {}): World {
  const clock = new ManualClock(START_MS)
  const random = countingRandom(5)
  const store = new MemoryGrantStore()
  const events: RequestEvent[] = []
  const remembered: { person: Person; atMs: number }[] = []
  const troubles: unknown[] = []
  const kills: KillOrder[] = []
  const adminToken = new AdminToken({ path: '/k/admin', files: new MemoryFiles(), clock, random })
  const desk = new Approvals({
    store,
    clock,
    random,
    channels: [],
    record: async each => void events.push(...each),
    poll: { every: 1_000, after: () => () => undefined },
  })
  const issuers = new Issuers({
    issuers: [
      { name: 'okta', oidc: OKTA, jwks: KEYS, audience: 'sallyport' },
      { name: 'github', oidc: GITHUB, jwks: KEYS, audience: 'sallyport' },
    ],
    clock,
    fetchJson: () => Promise.reject(new Error('nothing is to be fetched')),
  })
  const control: ControlPorts = {
    people: new People({ issuers, people: new Map([['okta', { groupsClaim: 'groups' }]]), adminToken }),
    desk,
    clock,
    kill: async order => killed(order, kills, clock.now()),
    sleep: async delayMs => clock.advance(delayMs),
    standingAccess: async ({ identity }, ask) => {
      if (ask.role !== ROLE || identity === undefined) throw new GateError('sts-denied', 'not this role')
      const { actions = ['*'], resources = ['*'], reason, forMs, uses } = ask
      return {
        requester: { ...REQUESTER, issuer: identity.issuer.name, subject: identity.subject },
        scope: { actions, resources },
        reason,
        validForMs: forMs,
        ...(uses !== undefined && { uses }),
        demands: [demand(['group/on-call'])],
      }
    },
    remember: async (person, atMs) => void remembered.push({ person, atMs }),
    unexpected: error => void troubles.push(error),
    ...change,
  }
  let made = 0
  return {
    clock,
    store,
    desk,
    adminToken,
    events,
    remembered,
    troubles,
    kills,
    ports: {
      troubles: () => [],
      metrics: async () => ({ contentType: 'text/plain', text: 'calls 1\n' }),
      control,
      names: ['gate.example'],
    },
    asked: async (from = ['group/on-call'], demandChange = {}, requester = {}) => {
      made += 1
      const settled = await desk.settle(callQuestion(made, [demand(from, demandChange)], requester), 'd')
      return settled.request
    },
  }
}

function killed(order: KillOrder, kills: KillOrder[], atMs: number): Revocation {
  kills.push(order)
  const { target, by, reason } = order
  return { ...target, id: 'K', by, reason, atMs, issuedUntilMs: atMs, keepUntilMs: atMs + 1 }
}

function callQuestion(number: number, demands: readonly Demand[], requester: Partial<Requester>) {
  const resource = `arn:aws:ec2:eu-central-1:111122223333:instance/${CANARY}-${number}`
  const pair = { action: 'ec2:TerminateInstances', resource, certainty: 'exact' } as const
  return {
    digest: `digest-${number}`,
    requester: { ...REQUESTER, ...requester },
    demands,
    pairs: [pair],
    describe: async () => ({
      service: 'ec2',
      operation: 'TerminateInstances',
      region: 'eu-central-1',
      commandLine: `aws ec2 terminate-instances --instance-ids ${CANARY}-${number}`,
      parameters: { InstanceIds: [`${CANARY}-${number}`] },
      pairs: [pair],
      resources: [{ resource, facts: { name: `${CANARY}-name` } }],
    }),
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A served world, which closes with the test. */
export async function serve(
  ports: AdminPorts,
  test: { after(run: () => Promise<void>): void },
): Promise<{ readonly port: number; send(text: string): Promise<Answer> }> {
  const server: Server = createAdminServer(ports)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  test.after(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { port, send: text => sendRaw(port, text) }
}

/** Sends these very bytes, and reads one answer until the server closes or has sent all of it. */
function sendRaw(port: number, text: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let got = ''
    const finish = (): void => {
      const answer = parseAnswer(got, text.startsWith('HEAD '))
      if (answer === undefined) return
      socket.destroy()
      resolve(answer)
    }
    socket.setEncoding('latin1')
    socket.on('data', chunk => {
      got += chunk
      finish()
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`closed after: ${got.slice(0, 200)}`)))
    socket.write(text, 'latin1')
  })
}

/** Undefined while a part of it is still to come. */
function parseAnswer(text: string, withoutBody: boolean): Answer | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = Object.fromEntries(
    lines.map(line => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
  const body = text.slice(end + 4)
  if (!withoutBody && body.length < Number(headers['content-length'] ?? 0)) return undefined
  return { status: Number(first.split(' ')[1]), headers, body: Buffer.from(body, 'latin1').toString('utf8') }
}

/** The text of an HTTP request; `content-length` and `host` are put in where they are not given. */
export function http(
  method: string,
  target: string,
  headers: readonly (readonly [name: string, value: string])[] = [],
  body = '',
): string {
  const names = new Set(headers.map(([name]) => name.toLowerCase()))
  const all = [
    ...(names.has('host') ? [] : [['host', '127.0.0.1'] as const]),
    ...headers,
    ...(names.has('content-length') || names.has('transfer-encoding') || body === ''
      ? []
      : [['content-length', String(Buffer.byteLength(body, 'latin1'))] as const]),
  ]
  return `${method} ${target} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

/** A call with a token and, where it has one, a JSON body. */
export function call(method: string, target: string, bearer: string, body?: object): string {
  const headers: (readonly [string, string])[] = [['authorization', `Bearer ${bearer}`]]
  if (body === undefined) return http(method, target, headers)
  return http(method, target, [...headers, ['content-type', 'application/json']], JSON.stringify(body))
}
