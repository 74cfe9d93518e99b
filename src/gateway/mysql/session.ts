import { asGateError, GateError } from '../../core/errors.ts'
import { leaveMysql } from '../../upstream/mysql/connect.ts'
import { STATUS } from '../../wire/mysql/capabilities.ts'
import type { Command, Eof, Ok } from '../../wire/mysql/messages.ts'
import { type Packet, writePacket } from '../../wire/mysql/packet.ts'
import { readCommand } from '../../wire/mysql/read-command.ts'
import type { ServerReader } from '../../wire/mysql/reader.ts'
import { writeCommand } from '../../wire/mysql/write-command.ts'
import { writeOk } from '../../wire/mysql/write-reply.ts'
import { farewell, Source } from '../sql/source.ts'
import { denialOfCommand } from './commands.ts'
import { ERRORS, numberOf, writeError } from './denial.ts'
import { Line } from './line.ts'
import { passFile } from './local-file.ts'
import type { KillKind, MysqlRooms, MysqlSession, MysqlSessionEnd, MysqlSessionStart } from './ports.ts'
import type { Prepared } from './prepared.ts'
import { Queries } from './queries.ts'
import { Relay } from './relay.ts'
import { SessionNames } from './session-names.ts'
import { Statements } from './statements.ts'
import { ownConnection, targetKnowledge } from './target-knowledge.ts'

/** The longest that a timer takes; no session of a principal is as long. */
const MAX_TIMER_MS = 0x7fff_ffff

const DONE: Ok = {
  kind: 'ok',
  affectedRows: 0n,
  lastInsertId: 0n,
  status: STATUS.autocommit,
  warnings: 0,
  info: '',
  changes: [],
}

/** Makes the session of a client that came in. */
export function openMysqlSession(start: MysqlSessionStart, rooms: MysqlRooms): MysqlSession {
  return new Session(start, rooms)
}

/** One client on one connection of the server: one command after the other. */
class Session implements MysqlSession {
  readonly #start: MysqlSessionStart
  readonly #rooms: MysqlRooms
  readonly #upstream: Source<ServerReader>
  readonly #relay: Relay
  readonly #line: Line
  readonly #queries: Queries
  readonly #statements: Statements
  readonly #leave: () => void
  /** Kills that the server may still hear: what is sent before it has would be stopped in the place of another. */
  #heldBack: Promise<unknown> = Promise.resolve()
  #failed = false
  #isTaking = false
  #closed = false
  readonly #left = new AbortController()
  #stopWatching: () => void = () => undefined

  constructor(start: MysqlSessionStart, rooms: MysqlRooms) {
    const { connection, client, target, principal, facts } = start
    this.#start = start
    this.#rooms = rooms
    this.#upstream = new Source(connection.socket, connection.reader)
    this.#relay = new Relay(this.#upstream, client.socket, connection.capabilities, end =>
      this.#onStatus(end),
    )
    const { catalog, understanding } = targetKnowledge(target, rooms)
    this.#leave = catalog.join(() => ownConnection(target, principal))
    const names = new SessionNames(sql => this.#ask(sql), catalog, {
      mariadb: connection.product === 'mariadb',
      readsVersionComments: target.readsVersionComments === true,
    })
    this.#line = new Line({
      relay: this.#relay,
      client,
      names,
      understanding,
      principal,
      facts,
      place: target.place,
      rooms,
      localFiles: start.localFiles,
      capabilities: start.capabilities,
      ask: sql => this.#ask(sql),
      left: this.#left.signal,
      fail: error => this.fail(error),
    })
    names.onStatus(connection.status)
    this.#queries = new Queries(this.#line, {
      capabilities: connection.capabilities,
      kill: (id, what) => this.#kill(id, what),
      onFile: request => passFile(request, client, connection.socket),
    })
    this.#statements = new Statements(this.#line, connection.capabilities)
  }

  get runs(): boolean {
    return this.#relay.isBusy
  }

  get isBusy(): boolean {
    return this.#isTaking || this.#relay.isBusy
  }

  get isAtRest(): boolean {
    return !this.isBusy && (this.#line.names.status & STATUS.inTransaction) === 0
  }

  holdBack(until: Promise<unknown>): void {
    this.#heldBack = Promise.allSettled([this.#heldBack, until])
  }

  async open(): Promise<void> {
    try {
      this.#watch()
      await this.#line.names.now()
    } catch (error) {
      this.#leaveServer()
      throw error
    }
  }

  async run(): Promise<MysqlSessionEnd> {
    const { client } = this.#start
    client.onGone = () => this.#close()
    this.#upstream.onGone = () => this.#onServerGone()
    try {
      for (;;) {
        client.reader.expect(0)
        const packet = await client.next(reader => reader.nextCommand())
        if (packet === undefined || this.#failed) break
        this.#isTaking = true
        await this.#heldBack
        const end = await this.#take(packet)
        this.#isTaking = false
        if (end !== undefined) return end
      }
    } catch (error) {
      this.fail(asGateError(error))
    }
    this.#close()
    return { kind: 'gone' }
  }

  fail(error: GateError): void {
    if (this.#failed) return
    this.#failed = true
    if (error.code === 'internal' || error.cause !== undefined) this.#rooms.trouble(error)
    const { awaited } = this.#relay
    const words = writeError(numberOf(error), error.message)
    farewell(this.#start.client.socket, awaited === undefined ? undefined : writePacket(words, awaited))
    this.#close()
  }

  /** Also an idle session ends when its principal's does. Throws `session-revoked`. */
  #watch(): void {
    const { principal, client } = this.#start
    const admission = this.#rooms.admit(principal)
    const onEnded = (): void => this.fail(asGateError(admission.ended.reason))
    admission.ended.addEventListener('abort', onEnded, { once: true })
    const expired = new GateError('credentials-expired', 'the session of the principal has ended')
    const leftMs = Math.max(principal.expiresAtMs - this.#rooms.clock.now(), 0)
    const timer = setTimeout(() => this.fail(expired), Math.min(leftMs, MAX_TIMER_MS))
    const onClosed = (): void => this.#close()
    client.socket.once('close', onClosed)
    this.#stopWatching = () => {
      client.socket.off('close', onClosed)
      clearTimeout(timer)
      admission.ended.removeEventListener('abort', onEnded)
      admission.leave()
    }
  }

  async #take(packet: Packet): Promise<MysqlSessionEnd | undefined> {
    const { capabilities } = this.#start
    const prototype = (id: number): Prepared | undefined => this.#line.prepared.get(id)
    const command = readCommand(packet.payload, { capabilities, prototype })
    if (command.kind === 'quit') {
      this.#close()
      return { kind: 'gone' }
    }
    if (command.kind === 'change-user') {
      this.#start.client.onGone = () => undefined
      this.#leaveServer()
      return { kind: 'change-user', command, packet }
    }
    await this.#run(command, packet)
    return this.#failed ? { kind: 'gone' } : undefined
  }

  async #run(command: Command, packet: Packet): Promise<void> {
    switch (command.kind) {
      case 'query':
        return this.#queries.query(command.sql, packet)
      case 'init-db':
        return this.#queries.initDb(command.database, packet)
      case 'stmt-prepare':
        return this.#statements.prepare(command.sql, packet)
      case 'stmt-execute':
        return this.#statements.execute(command, packet)
      case 'stmt-fetch':
        return this.#statements.fetch(command.statement, packet)
      case 'stmt-send-long-data':
        return this.#statements.sendLongData(command)
      case 'stmt-reset':
        return this.#statements.reset(command, packet)
      case 'stmt-close':
        return this.#statements.close(command, packet)
      case 'stmt-unknown':
        return this.#statements.unknown(command.statement, packet.next)
      case 'ping':
      case 'set-option':
        return this.#relay.pass({ kind: command.kind, payload: packet.payload, next: packet.next })
      case 'reset-connection':
        return this.#reset(packet)
      case 'process-kill':
        return this.#queries.kill(command.connectionId, packet)
      default:
        return this.#line.refuse(denialOfCommand(command), packet.next)
    }
  }

  /** The session begins anew: nothing that it has prepared, set or made is there any more. */
  async #reset({ payload, next }: Packet): Promise<void> {
    this.#line.prepared.clear()
    this.#line.names.forget()
    await this.#relay.pass({ kind: 'reset-connection', payload, next })
  }

  /** By an id of the gate: what is killed is a connection of the same principal. */
  async #kill(connectionId: number, what: KillKind): Promise<Buffer> {
    const done = await this.#start.kill(connectionId, what)
    if (done === 'done') return writeOk(DONE, this.#start.capabilities)
    return writeError(ERRORS.noThread, `there is no connection ${connectionId} of yours`)
  }

  #ask(sql: string): ReturnType<Relay['ask']> {
    const command: Command = { kind: 'query', attributes: [], sql: Buffer.from(sql) }
    return this.#relay.ask(writeCommand(command, this.#start.connection.capabilities))
  }

  /** What the ends of answers tell of the session. */
  #onStatus(end: Ok | Eof): void {
    this.#line.names.onStatus(end.status)
    if (end.kind === 'ok' && end.changes.some(({ type }) => type <= 1)) this.#line.names.doubt('names')
  }

  #onServerGone(): void {
    if (this.#closed || this.#relay.isBusy) return
    this.fail(new GateError('database-unreachable', 'the database server has closed the connection'))
  }

  /** Lets both sides go, once. */
  #close(): void {
    if (this.#closed) return
    farewell(this.#start.client.socket)
    this.#leaveServer()
  }

  #leaveServer(): void {
    if (this.#closed) return
    this.#closed = true
    this.#left.abort()
    this.#failed = true
    this.#stopWatching()
    this.#leave()
    const { connection, principal, target } = this.#start
    const { socket, connectionId } = connection
    if (socket.destroyed) return
    // A server notices that nobody reads only when it has something to say.
    if (this.#relay.isBusy) {
      socket.destroy()
      void target.kill(principal, connectionId, 'connection').catch((error: unknown) => {
        this.#rooms.trouble(asGateError(error))
      })
    } else leaveMysql(connection)
  }
}
