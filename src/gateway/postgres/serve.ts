import type { Socket } from 'node:net'
import { asGateError, GateError } from '../../core/errors.ts'
import { connectionFacts } from '../../listener/facts.ts'
import type { PostgresConnection } from '../../upstream/postgres/port.ts'
import type { CancelKey } from '../../wire/postgres/messages.ts'
import { writeBackend } from '../../wire/postgres/writer.ts'
import { DOOR_LIMITS, Door, type DoorLimits, type Full } from '../sql/door.ts'
import { watchIdle } from '../sql/idle.ts'
import { authenticate } from './authenticate.ts'
import { CancelKeys } from './cancel-keys.ts'
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
}

/** The PostgreSQL side of the gate: whoever has sockets gives them here. */
export interface PostgresGate {
  /** Serves a client from its first byte on. Never rejects; resolves when it is gone. */
  serve(socket: Socket): Promise<void>
}

export function postgresGate(rooms: PostgresRooms, options: PostgresGateOptions): PostgresGate {
  const keys = new CancelKeys(rooms.random)
  const door = new Door(options.door ?? DOOR_LIMITS)
  return { serve: socket => new Visit(socket, rooms, options, keys, door).run() }
}

/** One client, from its first byte to its last. */
class Visit {
  readonly #rooms: PostgresRooms
  readonly #options: PostgresGateOptions
  readonly #keys: CancelKeys
  readonly #door: Door
  readonly #address: string
  /** What the kernel gave. */
  readonly #raw: Socket
  /** What stands for the client: `raw`, or TLS on it. */
  #socket: Socket

  constructor(
    socket: Socket,
    rooms: PostgresRooms,
    options: PostgresGateOptions,
    keys: CancelKeys,
    door: Door,
  ) {
    this.#raw = socket
    this.#socket = socket
    this.#address = connectionFacts(socket).clientAddress
    this.#rooms = rooms
    this.#options = options
    this.#keys = keys
    this.#door = door
  }

  async run(): Promise<void> {
    // A client that breaks its connection is no error of ours; whoever reads sees it end.
    this.#raw.on('error', () => this.#raw.destroy())
    this.#raw.setNoDelay(true)
    try {
      const known = await this.#asStranger()
      if (known === undefined) return void this.#socket.destroy()
      const { newcomer, identified } = known
      const entered = await enter(newcomer, identified, this.#address, this.#rooms, this.#door)
      await this.#work(newcomer, entered)
    } catch (failure) {
      const words = wordsFor(failure)
      if (words === undefined) this.#rooms.trouble(asGateError(failure))
      if (words === undefined) this.#socket.destroy()
      else turnAway(this.#socket, words)
    }
  }

  /** Greets and identifies a client, within the time and the places that there are for strangers. */
  async #asStranger(): Promise<
    { newcomer: Newcomer; identified: Awaited<ReturnType<typeof authenticate>> & object } | undefined
  > {
    const leave = placed(this.#door.stranger(this.#address))
    const timer = setTimeout(() => this.#raw.destroy(), this.#options.greetingMs ?? GREETING_MS)
    try {
      const greeted = await greet(this.#raw, this.#options, secured => this.#secured(secured))
      if (greeted?.kind === 'cancel') this.#keys.cancel(greeted.key)
      if (greeted?.kind !== 'client') return undefined
      const identified = await authenticate(greeted, this.#address, this.#rooms)
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
    const { principal, target, connection } = entered
    const facts = { clientAddress: this.#address, secure }
    const session = new Session({ principal, facts, client, connection, target }, this.#rooms)
    try {
      await session.open()
    } catch (failure) {
      session.fail(asGateError(failure))
      return
    }
    const { key, takeBack } = this.#keys.issue(version, () => session.cancel())
    const rest = this.#watched(session)
    client.reader.authenticated()
    client.socket.write(welcomeBytes(connection, key))
    try {
      await session.run()
    } finally {
      rest()
      takeBack()
    }
  }

  /** Ends the session when its client has been idle for too long. */
  #watched(session: Session): () => void {
    const { idleMs } = this.#options
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
