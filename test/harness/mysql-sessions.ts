import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { systemClock, systemRandom } from '../../src/core/clock.ts'
import type { Decision, MaskForm, Obligation } from '../../src/core/decision.ts'
import type { GateError } from '../../src/core/errors.ts'
import { newId } from '../../src/core/id.ts'
import { Redacted } from '../../src/core/redacted.ts'
import type { MysqlRooms, MysqlTarget } from '../../src/gateway/mysql/ports.ts'
import { openMysqlSession } from '../../src/gateway/mysql/session.ts'
import type { SqlOutcome, SqlQuestion } from '../../src/gateway/sql/ports.ts'
import { Source } from '../../src/gateway/sql/source.ts'
import type { Desk } from '../../src/grants/desk.ts'
import { openQueryParser } from '../../src/interpret/sql/mysql/parse/parser.ts'
import { TEST_PRINCIPAL } from '../../src/policy/testing.ts'
import { connectMysql, killMysql } from '../../src/upstream/mysql/connect.ts'
import { agree, capabilities } from '../../src/wire/mysql/capabilities.ts'
import { writePacket } from '../../src/wire/mysql/packet.ts'
import { readHandshakeResponse } from '../../src/wire/mysql/read-handshake.ts'
import { ClientReader } from '../../src/wire/mysql/reader.ts'
import { writeHandshake } from '../../src/wire/mysql/write-handshake.ts'
import { writeOk } from '../../src/wire/mysql/write-reply.ts'
import type { Mariadb } from './mariadb.ts'

const STATEMENT = { policy: 'test.yaml', statement: 'NotThat', effect: 'Deny' } as const
const OFFERED = capabilities(
  ...([
    'longPassword',
    'foundRows',
    'longFlag',
    'connectWithDatabase',
    'protocol41',
    'transactions',
  ] as const),
  ...(['secureConnection', 'multiStatements', 'multiResults', 'preparedMultiResults', 'pluginAuth'] as const),
  ...(['connectAttributes', 'longAuthData', 'sessionTrack', 'deprecateEof'] as const),
)

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
  readonly question?: SqlQuestion
  readonly effect?: string
  readonly outcome?: SqlOutcome
  readonly code?: string
}

export interface TestMysqlGate {
  readonly port: number
  readonly policy: TestPolicy
  readonly noted: Noted[]
  readonly troubles: GateError[]
  /** What was decided of texts: `allow Query select 1`. */
  decisions(): string[]
  stop(): Promise<void>
}

/** MySQL sessions of a gate behind a greeting that takes everybody: what it is to greet is shown elsewhere. */
export async function startMysqlSessions(upstream: Mariadb, database: string): Promise<TestMysqlGate> {
  const parser = openQueryParser({
    after: (delayMs, run) => {
      const timer = setTimeout(run, delayMs)
      return () => clearTimeout(timer)
    },
  })
  const policy: TestPolicy = { deny: [], masks: [] }
  const noted: Noted[] = []
  const troubles: GateError[] = []
  const place = { host: '127.0.0.1', port: upstream.port, tls: { kind: 'none' } } as const
  const login = { user: upstream.user, database, password: async () => new Redacted('') }
  const target: MysqlTarget = {
    place: { region: 'r', account: '1', target: 't', database },
    connections: 2_000,
    connect: (_principal, wishes, signal) =>
      connectMysql(place, { ...login, ...wishes }, { timeoutMs: 60_000, signal }),
    kill: (_principal, id, kind) =>
      killMysql(place, { ...login, capabilities: OFFERED, collation: 45, attributes: [] }, id, kind, {
        timeoutMs: 60_000,
      }),
  }
  const rooms: MysqlRooms = {
    identify: () => {
      throw new Error('nobody is identified')
    },
    target: () => target,
    parser,
    decide: request => answer(request.pairs, policy),
    rowThresholds: () => [],
    // The policy of this gate never asks.
    approvals: { desk: {} as Desk, digestKey: Buffer.alloc(32, 5), requestUrl: id => id },
    detector: () => ({ mask: text => ({ text, count: 0 }) }),
    admit: () => ({ ended: new AbortController().signal, check: () => undefined, leave: () => undefined }),
    recorder: {
      newEventId: () => newId(systemClock, systemRandom),
      decision: async (_id, { question, decision }) => {
        noted.push({
          what: 'decision',
          ...(question && { question }),
          ...(decision && { effect: decision.effect }),
        })
      },
      refusal: async (_id, { question }, _facts, { code }) => {
        noted.push({ what: 'refusal', code, ...(question && { question }) })
      },
      outcome: async (_id, { question }, outcome) => {
        noted.push({ what: 'outcome', outcome, ...(question && { question }) })
      },
      resultBytes: () => 0,
    },
    hashKey: Buffer.alloc(32, 7),
    clock: systemClock,
    random: systemRandom,
    trouble: error => void troubles.push(error),
  }
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.setNoDelay(true)
    void serve(socket, target, rooms, database).catch((error: unknown) => {
      troubles.push(error as GateError)
      socket.destroy()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    policy,
    noted,
    troubles,
    decisions: () =>
      noted
        .filter(({ what }) => what === 'decision')
        .map(({ effect, question }) => `${effect} ${question?.text.message} ${question?.text.sql}`),
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
      await parser.close()
    },
  }
}

async function serve(
  socket: Socket,
  target: MysqlTarget,
  rooms: MysqlRooms,
  database: string,
): Promise<void> {
  const client = new Source(socket, new ClientReader())
  const handshake = {
    version: '8.0.36-test',
    connectionId: 7,
    challenge: Buffer.alloc(20, 0x41),
    capabilities: OFFERED,
    extended: 0,
    collation: 45,
    status: 2,
    plugin: 'mysql_native_password',
  }
  socket.write(writePacket(writeHandshake(handshake), 0))
  client.reader.expect(1)
  const packet = await client.next(reader => reader.nextHandshake())
  if (packet === undefined) return
  const response = readHandshakeResponse(packet.payload)
  if (response.kind !== 'handshake-response') throw new Error('no TLS here')
  const principal = { ...TEST_PRINCIPAL, expiresAtMs: Number.MAX_SAFE_INTEGER }
  const agreed = agree(response.capabilities, OFFERED)
  const wishes = { capabilities: agreed, collation: response.collation, attributes: response.attributes }
  const connection = await target.connect(principal, wishes, new AbortController().signal)
  const session = openMysqlSession(
    {
      principal,
      facts: { clientAddress: '127.0.0.1', secure: false },
      client,
      capabilities: agreed,
      database,
      connection,
      target,
      connectionId: 7,
      kill: async () => 'unknown',
      localFiles: false,
    },
    rooms,
  )
  try {
    await session.open()
  } catch (error) {
    session.fail(error as GateError)
    return
  }
  const ok = {
    kind: 'ok',
    affectedRows: 0n,
    lastInsertId: 0n,
    status: 2,
    warnings: 0,
    info: '',
    changes: [],
  } as const
  socket.write(writePacket(writeOk(ok, agreed), packet.next))
  await session.run()
}

type Pairs = Parameters<MysqlRooms['decide']>[0]['pairs']

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
