import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { GateError } from '../../src/core/errors.ts'
import { Redacted } from '../../src/core/redacted.ts'
import type { MysqlRooms, MysqlTarget } from '../../src/gateway/mysql/ports.ts'
import { type MysqlGateOptions, mysqlGate } from '../../src/gateway/mysql/serve.ts'
import { openMysqlSession } from '../../src/gateway/mysql/session.ts'
import { databaseContext } from '../../src/gateway/sql/encryption.ts'
import type { Claimed } from '../../src/gateway/sql/ports.ts'
import { openQueryParser } from '../../src/interpret/sql/mysql/parse/parser.ts'
import { TEST_PRINCIPAL } from '../../src/policy/testing.ts'
import { connectMysql, killMysql } from '../../src/upstream/mysql/connect.ts'
import type { MysqlPlace } from '../../src/upstream/mysql/port.ts'
import { type Watched, watchedRooms } from './sql-rooms.ts'

/** As long as a token of the gate is. */
export const GATE_TOKEN: string = `token-${'of-the-gate-'.repeat(150)}`

/** Where a gate of a test leads. */
export interface TestUpstream {
  readonly place: MysqlPlace
  readonly user: string
  readonly password: string
  /** The database of the target, and the target's name. */
  readonly database: string
}

export interface MoreOfTheMysqlGate {
  readonly options?: Partial<MysqlGateOptions>
  readonly rooms?: Partial<MysqlRooms>
  /** Most connections to the target. */
  readonly connections?: number
  readonly readsVersionComments?: boolean
  readonly requestCertificate?: boolean
  readonly connectMs?: number
  /** Where it listens; absent: 127.0.0.1. */
  readonly host?: string
}

export interface TestMysqlFront extends Watched {
  readonly port: number
  /** What clients claimed, in order. */
  readonly claimed: Claimed[]
  /** As a gate does that is told to stop. */
  endThoseAtRest(): void
  stop(): Promise<void>
}

/** The MySQL side of a gate, composed of its rooms as `main/` would. Whoever has the token is who it says. */
export async function startMysqlGate(
  upstream: TestUpstream,
  tls: { readonly key: string; readonly certificate: string },
  more: MoreOfTheMysqlGate = {},
): Promise<TestMysqlFront> {
  const parser = openQueryParser({
    after: (delayMs, run) => {
      const timer = setTimeout(run, delayMs)
      return () => clearTimeout(timer)
    },
  })
  const { watched, rooms: neutral } = watchedRooms()
  const claimed: Claimed[] = []
  const target = targetOf(upstream, more)
  const rooms: MysqlRooms = {
    ...neutral,
    identify: claim => {
      claimed.push(claim)
      if (claim.password.reveal() !== GATE_TOKEN)
        throw new GateError('credentials-expired', 'a wrong password')
      const principal = {
        ...{ ...TEST_PRINCIPAL, expiresAtMs: Number.MAX_SAFE_INTEGER },
        arn: `${TEST_PRINCIPAL.arn}-${claim.user}`,
      }
      return { principal, target: claim.database === '' ? upstream.database : claim.database }
    },
    target: name => (name === upstream.database ? target : undefined),
    parser,
    ...more.rooms,
  }
  const gate = mysqlGate(rooms, openMysqlSession, {
    encryption: {
      secureContext: databaseContext(tls.key, tls.certificate),
      requestCertificate: more.requestCertificate === true,
    },
    ...more.options,
  })
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    void gate.serve(socket)
  }).listen(0, more.host ?? '127.0.0.1')
  await once(server, 'listening')
  return {
    ...watched,
    port: (server.address() as AddressInfo).port,
    claimed,
    endThoseAtRest: () =>
      gate.sessions.endThoseAtRest(new GateError('gate-stopping', 'the gate is stopping')),
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
      await parser.close()
    },
  }
}

function targetOf(
  { place, user, password, database }: TestUpstream,
  { connections = 2_000, connectMs = 60_000, readsVersionComments = false }: MoreOfTheMysqlGate,
): MysqlTarget {
  const login = { user, database, password: async () => new Redacted(password) }
  const options = { timeoutMs: connectMs }
  return {
    place: { region: 'r', account: '1', target: database, database },
    connections,
    readsVersionComments,
    connect: (_principal, wishes, signal) =>
      connectMysql(place, { ...login, ...wishes }, { ...options, signal }),
    kill: (_principal, id, kind) =>
      killMysql(place, { ...login, capabilities: 0, collation: 45, attributes: [] }, id, kind, options),
  }
}
