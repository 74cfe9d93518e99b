import type { Socket } from 'node:net'
import { asGateError, GateError } from '../../core/errors.ts'
import { connectionFacts } from '../../listener/facts.ts'
import type { PostgresConnection } from '../../upstream/postgres/port.ts'
import type { CancelKey } from '../../wire/postgres/messages.ts'
import { writeBackend } from '../../wire/postgres/writer.ts'
import { DOOR_LIMITS, Door, type DoorLimits, type Full } from '../sql/door.ts'
import { watchIdle } from '../sql/idle.ts'
import { OpenSessions } from '../sql/open-sessions.ts'
import { authenticate } from './authenticate.ts'
import { CancelKeys, type CancelLanes } from './cancel-keys.ts'
import { SQLSTATE } from './complaint.ts'
import { type Entered, enter } from './enter.ts'
import { type GreetingOptions, greet, type Newcomer } from './greeting.ts'
import type { PostgresRooms } from './ports.ts'
import { Session } from './session.ts'
import { turnAway, Unwelcome, wordsFor } from './unwelcome.ts'

/** How long a client may take until it has said who it is, ms. */
const GREETING_MS = 60_000

export interface PostgresGateOptions extends GreetingOptions {
  /** How long a client may take until it has proven who it is, ms. */
  readonly greetingMs?: number
  /** The longest that a client may be connected without a statement, ms; absent: for as long as it likes. */
  readonly idleMs?: number
  readonly door?: DoorLimits
  /** Absent: this process is all of the gate. */
  readonly lanes?: CancelLanes
}

/** The PostgreSQL side of the gate: whoever has sockets gives them here. */
export interface PostgresGate {
  /** Serves a client from its first byte on. Never rejects; resolves when it is gone. */
  serve(socket: Socket): Promise<void>
  /** Cancels what a session of this process runs, for a client that came to another process. */
  cancel(key: CancelKey): void
  readonly sessions: OpenSessions
}

/** What all clients of a gate have in common. */
interface House {
  readonly rooms: PostgresRooms
  readonly options: PostgresGateOptions
  readonly keys: CancelKeys
  readonly door: Door
  readonly sessions: OpenSessions
}

export function postgresGate(rooms: PostgresRooms, options: PostgresGateOptions): PostgresGate {
  const keys = new CancelKeys(rooms.random, options.lanes)
  const door = new Door(options.door ?? DOOR_LIMITS)
  const sessions = new OpenSessions()
  const house = { rooms, options, keys, door, sessions }
  return {
    serve: socket => new Visit(socket, house).run(),
    cancel: key => keys.cancelHere(key),
    sessions,
  }
}

/** One client, from its first byte to its last. */
class Visit {
  readonly #house: House
  readonly #address: string
  /** What the kernel gave. */
  readonly #raw: Socket
  /** What stands for the client: `raw`, or TLS on it. */
  #socket: Socket

  constructor(socket: Socket, house: House) {
    this.#raw = socket
    this.#socket = socket
    this.#address = connectionFacts(socket).clientAddress
    this.#house = house
  }

  async run(): Promise<void> {
    // A client that breaks its connection is no error of ours; whoever reads sees it end.
    this.#raw.on('error', () => this.#raw.destroy())
    this.#raw.setNoDelay(true)
    const { rooms, door } = this.#house
    try {
      const known = await this.#asStranger()
      if (known === undefined) return void this.#socket.destroy()
      const { newcomer, identified } = known
      const entered = await enter(newcomer, identified, this.#address, rooms, door)
      await this.#work(newcomer, entered)
    } catch (failure) {
      const words = wordsFor(failure)
      if (words === undefined) rooms.trouble(asGateError(failure))
      if (words === undefined) this.#socket.destroy()
      else turnAway(this.#socket, words)
    }
  }

  /** Greets and identifies a client, within the time and the places that there are for strangers. */
  async #asStranger(): Promise<
    { newcomer: Newcomer; identified: Awaited<ReturnType<typeof authenticate>> & object } | undefined
  > {
    const { rooms, options, keys, door } = this.#house
    const leave = placed(door.stranger(this.#address))
    const timer = setTimeout(() => this.#raw.destroy(), options.greetingMs ?? GREETING_MS)
    try {
      const greeted = await greet(this.#raw, options, secured => this.#secured(secured))
      if (greeted?.kind === 'cancel') keys.cancel(greeted.key)
      if (greeted?.kind !== 'client') return undefined
      const identified = await authenticate(greeted, this.#address, rooms)
      return identified && { newcomer: greeted, identified }
    } finally {
      clearTimeout(timer)
      leave()
    }
  }

  #secured(socket: Socket): void {
    this.#socket = socket
    socket.on('error', () => socket.destroy())
  }

  async #work({ client, version, secure }: Newcomer, entered: Entered): Promise<void> {
    const { rooms, keys, sessions } = this.#house
    const { principal, target, connection } = entered
    const facts = { clientAddress: this.#address, secure }
    const session = new Session({ principal, facts, client, connection, target }, rooms)
    const leave = sessions.add(session)
    try {
      await session.open()
    } catch (failure) {
      leave()
      session.fail(asGateError(failure))
      return
    }
    const { key, takeBack } = keys.issue(version, () => session.cancel())
    const rest = this.#watched(session)
    client.reader.authenticated()
    client.socket.write(welcomeBytes(connection, key))
    try {
      await session.run()
    } finally {
      rest()
      takeBack()
      leave()
    }
  }

  /** Ends the session when its client has been idle for too long. */
  #watched(session: Session): () => void {
    const { idleMs } = this.#house.options
    if (idleMs === undefined) return () => undefined
    const bytes = (): number => this.#raw.bytesRead + this.#socket.bytesWritten
    const onIdle = (): void =>
      session.fail(new GateError('session-idle', `the client has sent no statement for ${idleMs} ms`))
    return watchIdle(bytes, session, idleMs, onIdle)
  }
}

function placed(place: (() => void) | Full): () => void {
  if (typeof place === 'function') return place
  throw new Unwelcome({ sqlstate: SQLSTATE.overloaded, message: place.full })
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
