import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type Clock, systemClock, systemRandom } from '../../src/core/clock.ts'
import type { Decision, MaskForm, Obligation } from '../../src/core/decision.ts'
import { GateError } from '../../src/core/errors.ts'
import { newId } from '../../src/core/id.ts'
import { Redacted } from '../../src/core/redacted.ts'
import { databaseContext } from '../../src/gateway/postgres/encryption.ts'
import type { PostgresRooms, PostgresTarget } from '../../src/gateway/postgres/ports.ts'
import { type PostgresGateOptions, postgresGate } from '../../src/gateway/postgres/serve.ts'
import { SharedCatalog } from '../../src/gateway/postgres/shared-catalog.ts'
import type { SqlOutcome, SqlQuestion } from '../../src/gateway/sql/ports.ts'
import type { Desk } from '../../src/grants/desk.ts'
import { openParser } from '../../src/interpret/sql/postgres/parse/parser.ts'
import { TEST_PRINCIPAL } from '../../src/policy/testing.ts'
import { cancelPostgres, connectPostgres } from '../../src/upstream/postgres/connect.ts'
import { POSTGRES_PASSWORD } from './postgres.ts'

export const GATE_PASSWORD = 'token-of-the-gate'
const STATEMENT = { policy: 'test.yaml', statement: 'NotThat', effect: 'Deny' } as const

/** What the test's policy says; it may change between statements. */
export interface TestPolicy {
  /** Patterns of `ACTION RESOURCE` that are denied. */
  deny: RegExp[]
  /** Columns that are masked. */
  masks: { columns: string[]; as: MaskForm }[]
}

/** Something that was recorded, in order. */
export interface Noted {
  readonly what: 'decision' | 'refusal' | 'outcome'
  readonly eventId: string
  readonly question?: SqlQuestion
  readonly effect?: string
  readonly outcome?: SqlOutcome
  readonly code?: string
}

export interface TestGate {
  readonly port: number
  readonly policy: TestPolicy
  readonly noted: Noted[]
  readonly troubles: GateError[]
  /** Whether the connection for the catalog can be opened. */
  readonly faults: { catalogAway: boolean }
  /** What was decided of texts, but for the connection: `allow Query select 1`. */
  decisions(): string[]
  /** Resolves when something like this is noted. */
  until(like: (noted: Noted) => boolean): Promise<Noted>
  url(user?: string, password?: string): string
  stop(): Promise<void>
}

/** What a test has otherwise than the others. */
export interface MoreOfTheGate {
  readonly rooms?: Partial<PostgresRooms>
  readonly options?: Partial<PostgresGateOptions>
  readonly requestCertificate?: boolean
  /** Of clients, to the target. */
  readonly connections?: number
  /** By which what was read of a catalog grows old; absent: the system's. */
  readonly catalogClock?: Clock
}

/** The PostgreSQL side of a gate, composed of its rooms as `main/` would. */
export async function startPostgresGate(
  upstreamPort: number,
  tls?: { readonly key: string; readonly certificate: string },
  more: MoreOfTheGate = {},
): Promise<TestGate> {
  const after = (delayMs: number, run: () => void): (() => void) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  }
  const parser = openParser({ after })
  const targets = new Map<string, PostgresTarget>()
  const policy: TestPolicy = { deny: [], masks: [] }
  const noted: Noted[] = []
  const troubles: GateError[] = []
  const faults = { catalogAway: false }
  const waiting = new Set<() => void>()
  const note = (entry: Noted): void => {
    noted.push(entry)
    for (const wake of [...waiting]) wake()
  }
  const upstream = { host: '127.0.0.1', port: upstreamPort, tls: { kind: 'none' } } as const
  const options = { timeoutMs: 60_000, random: systemRandom }
  const rooms: PostgresRooms = {
    identify: ({ password, database }) => {
      if (password.reveal() === GATE_PASSWORD) {
        return { principal: { ...TEST_PRINCIPAL, expiresAtMs: Number.MAX_SAFE_INTEGER }, target: database }
      }
      throw new GateError('credentials-expired', 'a wrong password')
    },
    target: database => {
      const known = targets.get(database)
      if (known !== undefined) return known
      const made: PostgresTarget = {
        place: { region: 'r', account: '1', target: 't', database },
        connections: more.connections ?? 2_000,
        connect: async (_principal, settings, signal) => {
          const isCatalog = settings.some(([, value]) => value === 'sallyport catalog')
          if (isCatalog && faults.catalogAway)
            throw new GateError('database-unreachable', 'the catalog is away')
          return connectPostgres(
            upstream,
            { user: 'gate', database, password: async () => new Redacted(POSTGRES_PASSWORD), settings },
            { ...options, signal },
          )
        },
        cancel: key => cancelPostgres(upstream, key, options),
        catalog: new SharedCatalog({ parser, clock: more.catalogClock ?? systemClock, after }),
      }
      targets.set(database, made)
      return made
    },
    parser,
    decide: ({ pairs, context }) => {
      // The test may change it between statements: as a policy does that asks for the time.
      context.get('aws:currenttime')
      return answer(pairs, policy)
    },
    rowThresholds: () => [],
    masksValues: () => policy.masks.length > 0,
    // The policy of this gate never asks.
    approvals: { desk: {} as Desk, digestKey: Buffer.alloc(32, 5), requestUrl: id => id },
    detector: () => ({ mask: text => ({ text, count: 0 }) }),
    admit: () => ({ ended: new AbortController().signal, check: () => undefined, leave: () => undefined }),
    recorder: {
      newEventId: () => newId(systemClock, systemRandom),
      decision: async (eventId, { question, decision }) => {
        note({
          what: 'decision',
          eventId,
          ...(question && { question }),
          ...(decision && { effect: decision.effect }),
        })
      },
      refusal: async (eventId, { question }, _facts, { code }) => {
        note({ what: 'refusal', eventId, code, ...(question && { question }) })
      },
      outcome: async (eventId, { question }, outcome) => {
        note({ what: 'outcome', eventId, outcome, ...(question && { question }) })
      },
      resultBytes: () => 0,
    },
    hashKey: Buffer.alloc(32, 7),
    clock: systemClock,
    random: systemRandom,
    trouble: error => troubles.push(error),
    ...more.rooms,
  }
  const encryption = tls && {
    secureContext: databaseContext(tls.key, tls.certificate),
    requestCertificate: more.requestCertificate === true,
  }
  const gate = postgresGate(rooms, {
    ...(encryption === undefined ? { allowPlain: true } : { encryption }),
    ...more.options,
  })
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    void gate.serve(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    policy,
    noted,
    troubles,
    faults,
    decisions: () =>
      noted
        .filter(({ what, question }) => what === 'decision' && question?.text.message !== 'Connect')
        .map(({ effect, question }) => `${effect} ${question?.text.message} ${question?.text.sql}`),
    async until(like) {
      for (;;) {
        const found = noted.find(like)
        if (found !== undefined) return found
        await new Promise<void>(resolve => {
          const wake = (): void => {
            waiting.delete(wake)
            resolve()
          }
          waiting.add(wake)
        })
      }
    },
    url: (user = 'agent', password = GATE_PASSWORD) =>
      `postgres://${user}:${password}@127.0.0.1:${port}/postgres`,
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
      for (const { catalog } of targets.values()) catalog.close()
      await parser.close()
    },
  }
}

type Pairs = Parameters<PostgresRooms['decide']>[0]['pairs']

function answer(pairs: Pairs, { deny, masks }: TestPolicy): Decision {
  for (const { action, resource } of pairs) {
    const path = `${action} ${resource.split('/').slice(1).join('/')}`
    if (action === 'sql:Unknown' || deny.some(pattern => pattern.test(path)))
      return denied(`${path} is denied`)
  }
  const obligations = masks.map(
    ({ columns, as }): Obligation => ({
      kind: 'mask',
      fields: [],
      columns,
      detect: [],
      as,
      otherObjects: 'deny',
      from: { ...STATEMENT, effect: 'Mask' },
    }),
  )
  return { effect: 'allow', statements: [], obligations }
}

function denied(reason: string): Decision {
  return { effect: 'deny', statements: [STATEMENT], obligations: [], denial: { kind: 'explicit', reason } }
}
