import type { Socket } from 'node:net'
import { asGateError, GateError } from '../../core/errors.ts'
import { connectionFacts } from '../../listener/facts.ts'
import { leaveMysql } from '../../upstream/mysql/connect.ts'
import type { MysqlConnection } from '../../upstream/mysql/port.ts'
import { has, STATUS } from '../../wire/mysql/capabilities.ts'
import { writeFailure, writeOk } from '../../wire/mysql/writer.ts'
import { DOOR_LIMITS, Door, type DoorLimits, type Full } from '../sql/door.ts'
import { watchIdle } from '../sql/idle.ts'
import { OpenSessions } from '../sql/open-sessions.ts'
import type { ClientFacts, Identified } from '../sql/ports.ts'
import { authenticate } from './authenticate.ts'
import { type ConnectionId, ConnectionIds, type Killer, type KillLanes } from './connection-ids.ts'
import { Dialogue } from './dialogue.ts'
import { type Entered, enter } from './enter.ts'
import { type Claim, type GreetingOptions, greet, type Newcomer, requireReadable } from './greeting.ts'
import type { KillKind, MysqlRooms, MysqlSession, MysqlSessionEnd, OpenMysqlSession } from './ports.ts'
import { GREETING_ERRORS, payloadFor, Unwelcome } from './unwelcome.ts'

/** How long a client may take until it has said who it is, ms. */
const GREETING_MS = 60_000
/** After so long without a word the kernel asks whether the other side is still there, ms. */
const KEEP_ALIVE_MS = 60_000

export interface MysqlGateOptions extends GreetingOptions {
  /** How long a client may take until it has proven who it is, ms. */
  readonly greetingMs?: number
  /** The longest that a client may be connected without a statement, ms; absent: for as long as it likes. */
  readonly idleMs?: number
  readonly door?: DoorLimits
  /** Absent: this process is all of the gate. */
  readonly lanes?: KillLanes
}

/** The MySQL side of the gate: whoever has sockets gives them here. */
export interface MysqlGate {
  /** Serves a client from its first byte on. Never rejects; resolves when it is gone. */
  serve(socket: Socket): Promise<void>
  /** Kills a connection of this process, for a client that came to another process. Rejects with `database-…`. */
  kill(by: Killer, id: number, kind: KillKind): Promise<'done' | 'unknown'>
  readonly sessions: OpenSessions
}

/** What all clients of a gate have in common. */
interface House {
  readonly rooms: MysqlRooms
  readonly options: MysqlGateOptions
  readonly open: OpenMysqlSession
  readonly ids: ConnectionIds
  readonly door: Door
  readonly sessions: OpenSessions
}

export function mysqlGate(rooms: MysqlRooms, open: OpenMysqlSession, options: MysqlGateOptions): MysqlGate {
  const ids = new ConnectionIds(rooms.random, options.lanes)
  const door = new Door(options.door ?? DOOR_LIMITS)
  const sessions = new OpenSessions()
  const house = { rooms, options, open, ids, door, sessions }
  return {
    serve: socket => new Visit(socket, house).run(),
    kill: (by, id, kind) => ids.killHere(by, id, kind),
    sessions,
  }
}

/** A client, the gate knows whose. */
interface Known {
  readonly claim: Claim
  readonly identified: Identified
}

/** One client, from its first byte to its last. */
class Visit {
  readonly #house: House
  readonly #raw: Socket
  readonly #facts: ClientFacts
  readonly #connectionId: ConnectionId
  #dialogue: Dialogue

  constructor(socket: Socket, house: House) {
    this.#raw = socket
    this.#house = house
    this.#facts = { clientAddress: connectionFacts(socket).clientAddress, secure: true }
    this.#connectionId = house.ids.take()
    this.#dialogue = Dialogue.withStranger(socket)
  }

  async run(): Promise<void> {
    // A client that breaks its connection is no error of ours; whoever reads sees it end.
    this.#raw.on('error', () => this.#raw.destroy())
    this.#raw.setNoDelay(true)
    // A client that is gone without a word would keep its place.
    this.#raw.setKeepAlive(true, KEEP_ALIVE_MS)
    try {
      await this.#stay()
    } catch (failure) {
      const payload = payloadFor(failure)
      if (payload === undefined) this.#house.rooms.trouble(asGateError(failure))
      if (payload === undefined) this.#dialogue.client.socket.destroy()
      else this.#dialogue.leave(payload)
    } finally {
      this.#connectionId.giveBack()
    }
  }

  /** One session after the other, as long as the client comes as somebody else. */
  async #stay(): Promise<void> {
    const { rooms, options } = this.#house
    const newcomer = await this.#asStranger(() =>
      greet(this.#dialogue, this.#connectionId.id, options, rooms.random),
    )
    if (newcomer === undefined) return this.#close()
    let known = newcomer.known
    for (;;) {
      const end = await this.#work(known, newcomer)
      if (end?.kind !== 'change-user') return
      this.#dialogue = new Dialogue(this.#dialogue.client, end.packet.next)
      requireReadable(end.command.collation)
      const next = await this.#asStranger(async () => ({ ...newcomer, claim: end.command }))
      if (next === undefined) return this.#close()
      known = next.known
    }
  }

  /** Greets and identifies a client, within the time and the places that there are for strangers. */
  async #asStranger(
    greeting: () => Promise<Newcomer | undefined>,
  ): Promise<(Newcomer & { readonly known: Known }) | undefined> {
    const { rooms, options, door } = this.#house
    const leave = placed(door.stranger(this.#facts.clientAddress))
    const timer = setTimeout(() => this.#raw.destroy(), options.greetingMs ?? GREETING_MS)
    try {
      const newcomer = await greeting()
      if (newcomer === undefined) return undefined
      const identified = await authenticate(
        { ...newcomer, dialogue: this.#dialogue, facts: this.#facts },
        rooms,
      )
      return identified && { ...newcomer, known: { claim: newcomer.claim, identified } }
    } finally {
      clearTimeout(timer)
      leave()
    }
  }

  /** Undefined where the session did not come about. */
  async #work(
    { claim, identified }: Known,
    { capabilities }: Newcomer,
  ): Promise<MysqlSessionEnd | undefined> {
    const { rooms, open, ids, door } = this.#house
    const { collation, attributes, database } = claim
    const wishes = { capabilities, collation, attributes }
    const entered = await enter(identified, wishes, this.#facts, rooms, door)
    const { principal, connection } = entered
    const { client } = this.#dialogue
    if (client.ended) return void leaveMysql(connection)
    const session = open(
      {
        ...entered,
        ...{
          facts: this.#facts,
          client,
          capabilities,
          database: database === '' ? identified.target : database,
        },
        connectionId: this.#connectionId.id,
        kill: (id, kind) => ids.kill(principal, id, kind),
        localFiles: has(capabilities, 'localFiles'),
      },
      rooms,
    )
    await session.open()
    return this.#runs(session, entered, capabilities)
  }

  async #runs(session: MysqlSession, entered: Entered, capabilities: number): Promise<MysqlSessionEnd> {
    const { principal, target, connection } = entered
    const kill = (kind: KillKind): Promise<void> =>
      killed(kind, session, () => target.kill(principal, connection.connectionId, kind))
    this.#connectionId.heldBy({ principal, kill })
    const rest = this.#watched(session)
    const leave = this.#house.sessions.add(session)
    this.#dialogue.say(welcome(connection, capabilities))
    this.#dialogue.client.reader.expect(0)
    try {
      return await session.run()
    } finally {
      rest()
      leave()
      this.#connectionId.heldBy(undefined)
    }
  }

  /** Ends the session when its client has been idle for too long. */
  #watched(session: MysqlSession): () => void {
    const { idleMs } = this.#house.options
    if (idleMs === undefined) return () => undefined
    const { socket } = this.#dialogue.client
    const bytes = (): number => this.#raw.bytesRead + socket.bytesWritten
    const onIdle = (): void =>
      session.fail(new GateError('session-idle', `the client has sent no statement for ${idleMs} ms`))
    return watchIdle(bytes, session, idleMs, onIdle)
  }

  #close(): void {
    this.#dialogue.client.socket.destroy()
  }
}

function placed(place: (() => void) | Full): () => void {
  if (typeof place === 'function') return place
  // In the place of a handshake it has no SQLSTATE: nobody has agreed on one yet.
  const [code] = GREETING_ERRORS.full
  throw new Unwelcome(writeFailure({ kind: 'error', code, sqlstate: undefined, message: place.full }))
}

/** Nothing is stopped where nothing runs, and nothing is sent that could be stopped in the place of another. */
async function killed(kind: KillKind, session: MysqlSession, kill: () => Promise<void>): Promise<void> {
  if (kind === 'query' && !session.runs) return
  const done = kill()
  session.holdBack(done)
  await done
}

/** What a server says to somebody whom it lets in. */
function welcome({ status }: MysqlConnection, capabilities: number): Buffer {
  const told = status & (STATUS.autocommit | STATUS.inTransaction | STATUS.noBackslashEscapes)
  const counts = { affectedRows: 0n, lastInsertId: 0n, warnings: 0, info: undefined, changes: [] }
  return writeOk({ kind: 'ok', status: told, ...counts }, capabilities)
}
