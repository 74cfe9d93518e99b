import type { Decision } from '../../core/decision.ts'
import type { Principal } from '../../core/principal.ts'
import type { MysqlConnection, MysqlWishes } from '../../upstream/mysql/port.ts'
import type { Door } from '../sql/door.ts'
import type { ClientFacts, Identified } from '../sql/ports.ts'
import { askAbout } from '../sql/statement-exchange.ts'
import { connecting } from '../sql/understood.ts'
import type { MysqlRooms, MysqlTarget } from './ports.ts'
import { GREETING_ERRORS, refusalOfEntry, unwelcome } from './unwelcome.ts'

/** A client that may come to a database, and its own connection there. */
export interface Entered {
  readonly principal: Principal
  readonly target: MysqlTarget
  readonly connection: MysqlConnection
}

/** Asks whether a client may come to the database, and connects there. Rejects with `Unwelcome`, and `GateError`s. */
export async function enter(
  { principal, target: name }: Identified,
  wishes: MysqlWishes,
  facts: ClientFacts,
  rooms: MysqlRooms,
  door: Door,
): Promise<Entered> {
  const target = rooms.target(name)
  if (target === undefined) {
    throw unwelcome(GREETING_ERRORS.target, `the gate has no MySQL target \`${name.slice(0, 100)}\``)
  }
  const leave = door.guest(name, target.connections)
  if ('full' in leave) throw unwelcome(GREETING_ERRORS.targetFull, leave.full)
  try {
    const connection = await connected({ principal, target, wishes, facts }, rooms)
    connection.socket.once('close', leave)
    if (connection.socket.destroyed) leave()
    return { principal, target, connection }
  } catch (failure) {
    leave()
    throw failure
  }
}

interface Coming {
  readonly principal: Principal
  readonly target: MysqlTarget
  readonly wishes: MysqlWishes
  readonly facts: ClientFacts
}

async function connected(
  { principal, target, wishes, facts }: Coming,
  rooms: MysqlRooms,
): Promise<MysqlConnection> {
  const coming = Promise.withResolvers<MysqlConnection>()
  const understood = connecting(target.place)
  const asking = askAbout(
    {
      principal,
      facts,
      engine: 'mysql',
      place: target.place,
      text: { message: 'Connect', sql: '', tags: understood.tags, parameters: [] },
      understood,
      broken: undefined,
      async send(_decision: Decision, ended: AbortSignal) {
        coming.resolve(await target.connect(principal, wishes, ended))
        return { bytesIn: 0, bytesOut: 0 }
      },
      async refuse(refusal) {
        coming.reject(refusalOfEntry(refusal))
      },
    },
    rooms,
  )
  const [connection] = await Promise.all([coming.promise, asking])
  return connection
}
