import type { Socket } from 'node:net'
import { asGateError, GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { PostgresConnection } from '../../upstream/postgres/port.ts'
import type { Frame } from '../../wire/postgres/framer.ts'
import type { CancelKey, FrontendMessage } from '../../wire/postgres/messages.ts'
import type { BackendReader, FrontendReader } from '../../wire/postgres/reader.ts'
import { FRONTEND } from '../../wire/postgres/types.ts'
import type { ClientFacts } from '../sql/ports.ts'
import { ClientHold } from './client-hold.ts'
import { SQLSTATE, sqlstateOf, writeError } from './complaint.ts'
import { ExtendedQueries } from './extended.ts'
import { Handles } from './handles.ts'
import { Line } from './line.ts'
import { OwnAnswer, type OwnQuery, ownBatch } from './own-queries.ts'
import type { PostgresRooms, PostgresTarget } from './ports.ts'
import { reap } from './reap.ts'
import { Relay } from './relay.ts'
import { SessionNames } from './session-names.ts'
import type { CatalogView } from './shared-catalog.ts'
import { SimpleQueries } from './simple.ts'
import { farewell, Source } from './source.ts'

export interface SessionStart {
  readonly principal: Principal
  readonly facts: ClientFacts
  readonly client: Source<FrontendReader>
  readonly connection: PostgresConnection
  readonly target: PostgresTarget
}

/** Of the connection on which the catalog is read; for whoever looks at what goes on at the server. */
const CATALOG_SETTINGS = [['application_name', 'sallyport catalog']] as const
/** The longest that a timer takes; no session of a principal is as long. */
const MAX_TIMER_MS = 0x7fff_ffff
/** What the server ignores where it does not copy. */
const STRAY: ReadonlySet<number> = new Set([
  FRONTEND['copy-data'],
  FRONTEND['copy-done'],
  FRONTEND['copy-fail'],
])

/**
 * One client on one connection of the server, from its first message to its last. Messages of the client are taken one by
 * one, and each batch (up to Sync) when the one before is answered: so what is named, and what names mean, is known when the
 * next text is read.
 */
export class Session {
  readonly #client: Source<FrontendReader>
  readonly #upstream: Source<BackendReader>
  readonly #relay: Relay
  readonly #line: Line
  readonly #hold: ClientHold
  readonly #simple: SimpleQueries
  readonly #extended: ExtendedQueries
  readonly #target: PostgresTarget
  readonly #connection: PostgresConnection
  readonly #rooms: PostgresRooms
  readonly #catalog: CatalogView
  #failed = false
  #closed = false
  #isTaking = false
  /** Cancels that the server may still hear: what is sent before it has would be cancelled in the place of another. */
  #cancelled: Promise<void> = Promise.resolve()
  #isCancelling = false
  #isCancelledAgain = false

  readonly #principal: Principal

  constructor({ principal, facts, client, connection, target }: SessionStart, rooms: PostgresRooms) {
    this.#principal = principal
    this.#client = client
    this.#target = target
    this.#connection = connection
    this.#rooms = rooms
    this.#upstream = new Source(connection.socket, connection.reader)
    const ask: OwnQuery = sql => this.#ask(sql)
    const { parser } = rooms
    this.#catalog = target.catalog.join(signal => target.connect(principal, CATALOG_SETTINGS, signal))
    const names = new SessionNames({ ask, parser, shared: this.#catalog, state: connection.state })
    for (const [name, value] of connection.parameters) names.onParameter(name, value)
    const handles = new Handles(target.place, names, target.catalog.texts)
    this.#relay = new Relay(this.#upstream, client.socket, {
      onReady: state => {
        names.onReady(state)
        if (state === 'I') handles.clearPortals()
      },
      onParameter: (name, value) => names.onParameter(name, value),
      beforeWait: () => this.#line.flush(),
    })
    this.#hold = holdOf(connection, client.socket)
    this.#line = new Line({
      relay: this.#relay,
      upstream: connection.socket,
      client,
      names,
      handles,
      principal,
      facts,
      place: target.place,
      rooms,
      hold: this.#hold,
      fail: error => this.fail(error),
    })
    this.#simple = new SimpleQueries(this.#line)
    this.#extended = new ExtendedQueries(this.#line)
  }

  /** Reads what names mean, before the first text. Rejects with `sql-catalog-unclear`, `database-unreachable`. */
  async open(): Promise<void> {
    this.#watch()
    this.#client.onGone = () => this.#close()
    void this.#relayed()
    await this.#line.names.refresh()
    if (this.#upstream.ended) throw new GateError('database-unreachable', 'the database server has gone')
  }

  /** Also a session that only listens ends when its principal's does. Throws `session-revoked`. */
  #watch(): void {
    const { expiresAtMs } = this.#principal
    const admission = this.#rooms.admit(this.#principal)
    this.#line.admission = admission
    const onEnded = (): void => this.fail(asGateError(admission.ended.reason))
    admission.ended.addEventListener('abort', onEnded, { once: true })
    const expired = new GateError('credentials-expired', 'the session of the principal has ended')
    const leftMs = Math.max(expiresAtMs - this.#rooms.clock.now(), 0)
    const timer = setTimeout(() => this.fail(expired), Math.min(leftMs, MAX_TIMER_MS))
    this.#client.socket.once('close', () => {
      clearTimeout(timer)
      admission.ended.removeEventListener('abort', onEnded)
      admission.leave()
    })
  }

  /** Runs until one side is gone. Never rejects. */
  async run(): Promise<void> {
    try {
      for (;;) {
        const frame = this.#client.reader.next() ?? (await this.#more())
        if (frame === undefined || this.#failed) break
        if (frame.type === FRONTEND.terminate) break
        this.#isTaking = true
        const taking = this.#take(frame)
        if (taking !== undefined) await taking
        this.#isTaking = false
      }
      this.#line.flush()
    } catch (error) {
      this.fail(asGateError(error))
    }
    this.#close()
  }

  /** What the client sends next, now that all of what it has sent is on its way. */
  #more(): Promise<Frame | undefined> {
    this.#line.flush()
    return this.#client.next(reader => reader.next())
  }

  /** Whether it is at something: a statement that is read, held or run. */
  get isBusy(): boolean {
    return this.#isTaking || !this.#relay.queue.isEmpty
  }

  /** Whether it is at nothing, and no transaction is open. */
  get isAtRest(): boolean {
    return !this.isBusy && this.#line.names.state === 'I'
  }

  /** Asks the server to cancel what the session runs, if it runs something. */
  cancel(): void {
    if (this.#hold.cancel()) return
    const { cancelKey } = this.#connection
    if (cancelKey === undefined || !this.#runs) return
    if (this.#isCancelling) this.#isCancelledAgain = true
    else this.#cancelled = this.#cancelAll(cancelKey)
  }

  /** Whether the server is at something of the client's. */
  get #runs(): boolean {
    const { head } = this.#relay.queue
    return head !== undefined && head.own === undefined && !this.#upstream.ended
  }

  /** One connection at a time, however often the client asks: each is one more for the server. */
  async #cancelAll(key: CancelKey): Promise<void> {
    this.#isCancelling = true
    do {
      this.#isCancelledAgain = false
      await this.#askToCancel(key)
    } while (this.#isCancelledAgain && this.#runs)
    this.#isCancelling = false
  }

  async #askToCancel(key: CancelKey): Promise<void> {
    try {
      await this.#target.cancel(key)
    } catch (error) {
      this.#rooms.trouble(asGateError(error))
    }
  }

  /** Ends the session: the client is told why, and the server cancels what it is at. */
  fail(error: GateError): void {
    if (this.#failed) return
    this.#failed = true
    if (error.code === 'internal' || error.cause !== undefined) this.#rooms.trouble(error)
    const isProtocol = error.code.startsWith('postgres-')
    const sqlstate = isProtocol ? SQLSTATE.protocol : sqlstateOf(error)
    this.#goodBye({ sqlstate, message: error.message, detail: error.advice }, error.code)
  }

  #goodBye(complaint: Parameters<typeof writeError>[0], code: string): void {
    const { isWithin } = this.#relay
    farewell(this.#client.socket, isWithin ? undefined : writeError(complaint, 'FATAL'))
    this.#close(code)
  }

  /** The server's side; when it ends, so does the session. */
  async #relayed(): Promise<void> {
    try {
      await this.#relay.run()
    } catch (error) {
      return this.fail(asGateError(error))
    }
    if (this.#failed || this.#client.ended) return
    this.#failed = true
    const message = 'the database server has closed the connection'
    this.#goodBye({ sqlstate: SQLSTATE.upstreamGone, message }, 'database-unreachable')
  }

  /** Takes a message; gives what there is to wait for before the next, if anything. */
  #take(frame: Frame): Promise<void> | undefined {
    if (STRAY.has(frame.type)) return undefined
    const message = this.#client.reader.read(frame)
    if (this.#line.mayBegin && !this.#isCancelling) return this.#run(message, frame.bytes)
    return this.#takeLater(message, frame.bytes)
  }

  async #takeLater(message: FrontendMessage, bytes: Buffer): Promise<void> {
    if (!this.#line.mayBegin) await this.#relay.idle()
    await this.#cancelled
    await this.#run(message, bytes)
  }

  #run(message: FrontendMessage, bytes: Buffer): Promise<void> | undefined {
    if (this.#extended.skips(message.kind)) return undefined
    switch (message.kind) {
      case 'query':
        return this.#simple.query(message.sql)
      case 'function-call':
        return this.#simple.refuse(
          SQLSTATE.unsupported,
          'the gate does not let function calls of the protocol through',
        )
      default:
        return this.#extended.take(message, bytes)
    }
  }

  async #ask(sql: string): ReturnType<OwnQuery> {
    await this.#cancelled
    const answer = new OwnAnswer()
    const batch = ownBatch(sql, message => answer.take(message))
    for (const [sent] of batch) this.#relay.queue.push(sent)
    this.#connection.socket.write(Buffer.concat(batch.map(([, bytes]) => bytes)))
    await this.#relay.idle()
    if (this.#upstream.ended) throw new GateError('database-unreachable', 'the database server has gone')
    return answer.rows()
  }

  /** Lets both sides go, once. */
  #close(code = 'client-gone'): void {
    if (this.#closed) return
    this.#closed = true
    this.#failed = true
    this.#catalog.leave()
    const wasBusy = !this.#relay.queue.isEmpty
    this.#relay.abandon(code)
    farewell(this.#client.socket)
    this.#hold.leave()
    const { socket, cancelKey } = this.#connection
    this.#upstream.leave()
    const cancel = async (): Promise<void> => {
      if (wasBusy && cancelKey !== undefined) await this.#askToCancel(cancelKey)
    }
    if (!socket.destroyed) void reap(socket, cancel)
  }
}

/** A setting that no client minds: https://www.postgresql.org/docs/current/libpq-status.html#LIBPQ-PQPARAMETERSTATUS */
const QUIET_SETTING = 'server_encoding'

function holdOf({ parameters }: PostgresConnection, client: Socket): ClientHold {
  const value = parameters.get(QUIET_SETTING)
  return new ClientHold({
    tell: bytes => {
      if (client.writable) client.write(bytes)
    },
    setting: value === undefined ? undefined : [QUIET_SETTING, value],
    after: (delayMs, run) => {
      const timer = setTimeout(run, delayMs)
      return () => clearTimeout(timer)
    },
  })
}
