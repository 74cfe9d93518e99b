import type { Socket } from 'node:net'
import type { Decision } from '../../core/decision.ts'
import { asGateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { PostgresConnection } from '../../upstream/postgres/port.ts'
import type { CancelKey, Setting } from '../../wire/postgres/messages.ts'
import type { FrontendReader } from '../../wire/postgres/reader.ts'
import { writeBackend } from '../../wire/postgres/writer.ts'
import type { Refusal } from '../exchange.ts'
import type { Claimed, Identified } from '../sql/ports.ts'
import { askAbout } from '../sql/statement-exchange.ts'
import { connecting } from '../sql/understood.ts'
import { CancelKeys } from './cancel-keys.ts'
import { SQLSTATE, sqlstateOf } from './complaint.ts'
import { type GreetingOptions, greet, turnAway, Unwelcome } from './greeting.ts'
import type { PostgresRooms, PostgresTarget } from './ports.ts'
import { Session } from './session.ts'
import type { Source } from './source.ts'

/** How long a client may take until it is let in, ms. */
const GREETING_MS = 60_000

/** The PostgreSQL side of the gate: whoever has sockets gives them here. */
export interface PostgresGate {
  /** Serves a client from its first byte on. Never rejects; resolves when it is gone. */
  serve(socket: Socket): Promise<void>
}

export function postgresGate(rooms: PostgresRooms, options: GreetingOptions): PostgresGate {
  const keys = new CancelKeys(rooms.random)
  return { serve: socket => serve(socket, rooms, options, keys) }
}

async function serve(
  socket: Socket,
  rooms: PostgresRooms,
  options: GreetingOptions,
  keys: CancelKeys,
): Promise<void> {
  // A client that breaks its connection is no error of ours; whoever reads sees it end.
  socket.on('error', () => socket.destroy())
  socket.setNoDelay(true)
  const timer = setTimeout(() => socket.destroy(), GREETING_MS)
  try {
    const greeted = await greet(socket, options)
    if (greeted === undefined) return void socket.destroy()
    if (greeted.kind === 'cancel') return keys.cancel(greeted.key)
    const { client, claimed, settings } = greeted
    const entered = await enter(client, claimed, settings, rooms)
    clearTimeout(timer)
    if (entered !== undefined) await work(client, claimed, entered, rooms, keys)
  } catch (failure) {
    if (failure instanceof Unwelcome) turnAway(failure.client, failure.sqlstate, failure.message)
    else socket.destroy()
  } finally {
    clearTimeout(timer)
  }
}

interface Entered {
  readonly principal: Principal
  readonly target: PostgresTarget
  readonly connection: PostgresConnection
}

/** Identifies the client, asks whether it may come to the database, and connects there. */
async function enter(
  client: Source<FrontendReader>,
  claimed: Claimed,
  settings: readonly Setting[],
  rooms: PostgresRooms,
): Promise<Entered | undefined> {
  const { principal, target: name } = await identified(client, claimed, rooms)
  const target = rooms.target(name)
  if (target === undefined)
    throw new Unwelcome('3D000', `the gate has no PostgreSQL target \`${name}\``, client)
  const coming = Promise.withResolvers<PostgresConnection | undefined>()
  const understood = connecting(target.place)
  await askAbout(
    {
      principal,
      facts: { clientAddress: claimed.clientAddress, secure: claimed.secure },
      engine: 'postgres',
      place: target.place,
      text: { message: 'Connect', sql: '', tags: understood.tags, parameters: [] },
      understood,
      broken: undefined,
      async send(_decision: Decision, ended: AbortSignal) {
        coming.resolve(await target.connect(principal, settings, ended))
        return { bytesIn: 0, bytesOut: 0 }
      },
      async refuse(refusal) {
        refuse(client, refusal)
        coming.resolve(undefined)
      },
    },
    rooms,
  )
  const connection = await coming.promise
  return connection && { principal, target, connection }
}

function refuse(client: Source<FrontendReader>, refusal: Refusal): void {
  if ('error' in refusal) turnAway(client, sqlstateOf(refusal.error), refusal.error.message)
  else turnAway(client, SQLSTATE.denied, `${refusal.decision.denial?.reason} (event ${refusal.eventId})`)
}

async function identified(
  client: Source<FrontendReader>,
  claimed: Claimed,
  rooms: PostgresRooms,
): Promise<Identified> {
  try {
    return await rooms.identify(claimed)
  } catch (failure) {
    const error = asGateError(failure)
    if (error.code === 'internal') rooms.trouble(error)
    // Which of user and password is wrong is nobody's business.
    throw new Unwelcome(
      SQLSTATE.password,
      `the gate does not know \`${claimed.user}\` by this password`,
      client,
    )
  }
}

async function work(
  client: Source<FrontendReader>,
  { clientAddress, secure }: Claimed,
  { principal, target, connection }: Entered,
  rooms: PostgresRooms,
  keys: CancelKeys,
): Promise<void> {
  const facts = { clientAddress, secure }
  const session = new Session({ principal, facts, client, connection, target }, rooms)
  try {
    await session.open()
  } catch (failure) {
    session.fail(asGateError(failure))
    return
  }
  const { key, takeBack } = keys.issue(() => session.cancel())
  client.reader.authenticated()
  client.socket.write(welcomeBytes(connection, key))
  try {
    await session.run()
  } finally {
    takeBack()
  }
}

/** What a server says to somebody whom it lets in. */
function welcomeBytes({ parameters, state }: PostgresConnection, key: CancelKey): Buffer {
  return Buffer.concat([
    writeBackend({ kind: 'authentication', method: 'ok' }),
    ...[...parameters].map(([name, value]) => writeBackend({ kind: 'parameter-status', name, value })),
    writeBackend({ kind: 'backend-key', key }),
    writeBackend({ kind: 'ready', state }),
  ])
}
