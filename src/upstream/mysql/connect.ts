import type { Socket } from 'node:net'
import { GateError } from '../../core/errors.ts'
import { has } from '../../wire/mysql/capabilities.ts'
import { characterSetOf } from '../../wire/mysql/collations.ts'
import type { Handshake } from '../../wire/mysql/messages.ts'
import { readHandshake } from '../../wire/mysql/read-handshake.ts'
import { ERROR, readFailure } from '../../wire/mysql/read-reply.ts'
import { writeCommand, writeHandshakeResponse, writePacket } from '../../wire/mysql/writer.ts'
import { secure, type Waiting, withinTime } from '../database-socket.ts'
import { type Answer, ask } from './ask.ts'
import { capabilitiesFor, type LoggedIn, logIn, type Offer, refused } from './login.ts'
import {
  type MysqlConnection,
  type MysqlConnectOptions,
  type MysqlLogin,
  type MysqlPlace,
  type MysqlProduct,
  READ_VARIABLES,
  type ReadVariable,
} from './port.ts'
import { Talk } from './talk.ts'

/** As every other driver says it. */
const MOST_PACKET_BYTES = 0x4000_0000
/** How long a server may take to hear that it is left, ms. */
const FAREWELL_MS = 10_000
const MARIADB_PREFIX = '5.5.5-'
/** "Unknown thread id": what was to be killed has ended by itself. */
const UNKNOWN_THREAD = 1094

/**
 * Opens a connection to a MySQL or MariaDB server and logs in. With TLS the server's certificate is verified before the user
 * is named. Rejects with `database-unreachable`, `database-tls`, `database-refused`, `mysql-reply-…`.
 */
export function connectMysql(
  place: MysqlPlace,
  login: MysqlLogin,
  options: MysqlConnectOptions,
): Promise<MysqlConnection> {
  return withinTime(place, options, async (socket, onWait) => {
    const { talk, offer } = await meet(socket, place, login, onWait)
    return settle(talk, offer.handshake, await logIn(talk, offer, login), login)
  })
}

/** Asks the server to stop what a connection of the same user is at, or to end it. Rejects as `connectMysql` does. */
export function killMysql(
  place: MysqlPlace,
  login: MysqlLogin,
  connectionId: number,
  kind: 'query' | 'connection',
  options: MysqlConnectOptions,
): Promise<void> {
  return withinTime(place, options, async (socket, onWait) => {
    const { talk, offer } = await meet(socket, place, login, onWait)
    const { capabilities: agreed } = await logIn(talk, offer, login)
    await ask(talk, agreed, `KILL ${kind.toUpperCase()} ${connectionId}`, UNKNOWN_THREAD)
    talk.leave()
    quit(talk.socket)
  })
}

/** Says good-bye, so that the server need not find out. */
export function leaveMysql({ socket }: Pick<MysqlConnection, 'socket'>): void {
  if (!socket.destroyed) quit(socket)
}

function quit(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), FAREWELL_MS)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
  // What it still says is for nobody.
  socket.resume()
  socket.end(writePacket(writeCommand({ kind: 'quit' }, 0), 0), () => socket.destroySoon())
}

/** Reads who the server is, and begins TLS. */
async function meet(
  socket: Socket,
  { tls, host }: MysqlPlace,
  login: MysqlLogin,
  onWait: (waiting: Waiting) => void,
): Promise<{ readonly talk: Talk; readonly offer: Offer }> {
  const plain = new Talk(socket)
  onWait(plain)
  const { payload } = await plain.packet()
  if (payload[0] === ERROR) {
    const { code, message } = readFailure(payload)
    throw refused(`it says \`${code}\`: ${message.slice(0, 500)}`)
  }
  const handshake = readHandshake(payload)
  if (tls.kind === 'none') return { talk: plain, offer: { handshake, encrypted: false, sequence: 1 } }
  if (!has(handshake.capabilities, 'tls')) {
    throw new GateError('database-tls', 'the database server does not take TLS')
  }
  plain.reader.requireNothingBuffered()
  const agreed = capabilitiesFor(login.capabilities, handshake, true)
  const request = { capabilities: agreed, mostPacketBytes: MOST_PACKET_BYTES, collation: login.collation }
  socket.write(writePacket(writeHandshakeResponse({ kind: 'tls-request', ...request }), 1))
  plain.leave()
  const talk = new Talk(await secure(socket, tls.name ?? host, tls.ca))
  onWait(talk)
  return { talk, offer: { handshake, encrypted: true, sequence: 2 } }
}

/** Sees to the character set, and reads what the meaning of SQL hangs on. */
async function settle(
  talk: Talk,
  { version, connectionId }: Handshake,
  { capabilities: agreed }: LoggedIn,
  { collation }: MysqlLogin,
): Promise<MysqlConnection> {
  const wanted = characterSetOf(collation)
  if (wanted === undefined)
    throw new GateError('internal', `collation ${collation} is of no readable character set`)
  let read = await readVariables(talk, agreed)
  // A server that does not know a collation takes its own default for it, and says nothing.
  if (nameOf(read.variables.get('character_set_client')) !== wanted) {
    await ask(talk, agreed, `SET NAMES ${wanted}`)
    read = await readVariables(talk, agreed)
  }
  if (nameOf(read.variables.get('character_set_client')) !== wanted) {
    throw refused(`it does not take the character set \`${wanted}\``)
  }
  talk.leave()
  return {
    socket: talk.socket,
    reader: talk.reader,
    capabilities: agreed,
    version: version.startsWith(MARIADB_PREFIX) ? version.slice(MARIADB_PREFIX.length) : version,
    product: productOf(version),
    connectionId,
    ...read,
  }
}

/** MariaDB says so; some of its builds can be told to say another version, but not without the prefix. */
function productOf(version: string): MysqlProduct {
  return version.startsWith(MARIADB_PREFIX) || /mariadb/i.test(version) ? 'mariadb' : 'mysql'
}

function nameOf(characterSet: string | undefined): string | undefined {
  return characterSet === 'utf8' ? 'utf8mb3' : characterSet
}

async function readVariables(
  talk: Talk,
  agreed: number,
): Promise<{ readonly variables: ReadonlyMap<ReadVariable, string>; readonly status: number }> {
  const asked = READ_VARIABLES.map(name => `@@${name}`).join(', ')
  const { rows, status }: Answer = await ask(talk, agreed, `SELECT ${asked}`)
  const values = rows[0] ?? []
  if (values.length !== READ_VARIABLES.length) throw refused('it does not tell its variables')
  return {
    variables: new Map(READ_VARIABLES.map((name, i) => [name, values[i]?.toString('latin1') ?? ''])),
    status,
  }
}
