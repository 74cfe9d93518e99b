import type { Decision } from '../../core/decision.ts'
import type { Principal } from '../../core/principal.ts'
import type { PostgresConnection } from '../../upstream/postgres/port.ts'
import type { Door } from '../sql/door.ts'
import type { Identified } from '../sql/ports.ts'
import { askAbout } from '../sql/statement-exchange.ts'
import { connecting } from '../sql/understood.ts'
import { refusalWords, SQLSTATE } from './complaint.ts'
import type { Newcomer } from './greeting.ts'
import type { PostgresRooms, PostgresTarget } from './ports.ts'
import { Unwelcome } from './unwelcome.ts'

/** A client that may come to a database, and its own connection there. */
export interface Entered {
  readonly principal: Principal
  readonly target: PostgresTarget
  readonly connection: PostgresConnection
}

/**
 * Asks whether a client may come to the database, with the settings that it brings, and connects there. Rejects with
 * `Unwelcome`.
 */
export async function enter(
  { brought, secure }: Newcomer,
  { principal, target: name }: Identified,
  clientAddress: string,
  rooms: PostgresRooms,
  door: Door,
): Promise<Entered> {
  const target = rooms.target(name)
  if (target === undefined) {
    throw new Unwelcome({
      sqlstate: SQLSTATE.target,
      message: `the gate has no PostgreSQL target \`${name}\``,
    })
  }
  const leave = door.guest(name, target.connections)
  if ('full' in leave) throw new Unwelcome({ sqlstate: SQLSTATE.overloaded, message: leave.full })
  try {
    const connection = await connected({ principal, target, brought, secure, clientAddress }, rooms)
    connection.socket.once('close', leave)
    if (connection.socket.destroyed) leave()
    return { principal, target, connection }
  } catch (failure) {
    leave()
    throw failure
  }
}

interface Coming extends Pick<Newcomer, 'brought' | 'secure'> {
  readonly principal: Principal
  readonly target: PostgresTarget
  readonly clientAddress: string
}

async function connected(
  { principal, target, brought, secure, clientAddress }: Coming,
  rooms: PostgresRooms,
): Promise<PostgresConnection> {
  const coming = Promise.withResolvers<PostgresConnection>()
  const understood = connecting(target.place, brought.asked)
  const asking = askAbout(
    {
      principal,
      facts: { clientAddress, secure },
      engine: 'postgres',
      place: target.place,
      text: { message: 'Connect', sql: '', tags: understood.tags, parameters: [] },
      understood,
      broken: undefined,
      async send(_decision: Decision, ended: AbortSignal) {
        coming.resolve(await target.connect(principal, brought.settings, ended))
        return { bytesIn: 0, bytesOut: 0 }
      },
      async refuse(refusal) {
        coming.reject(new Unwelcome(refusalWords(refusal)))
      },
    },
    rooms,
  )
  const [connection] = await Promise.all([coming.promise, asking])
  return connection
}
