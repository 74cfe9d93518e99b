import type { Socket } from 'node:net'
import type { Decision } from '../../core/decision.ts'
import { asGateError, GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { SqlPlace } from '../../interpret/sql/ask.ts'
import type { Parsed } from '../../interpret/sql/postgres/parse/messages.ts'
import type { FrontendReader } from '../../wire/postgres/reader.ts'
import { writeFrontend } from '../../wire/postgres/writer.ts'
import type { Admission } from '../sessions/live-calls.ts'
import { detectorOf } from '../sql/detection.ts'
import type { KeptResult } from '../sql/kept-result.ts'
import { Outbox } from '../sql/outbox.ts'
import type { ClientFacts, SqlText } from '../sql/ports.ts'
import { type Met, metBy } from '../sql/statement-decision.ts'
import { askAbout, type Counting } from '../sql/statement-exchange.ts'
import { SteadyAnswers } from '../sql/steady-answers.ts'
import { isTransactionOnly, type Understood, unknown, writes } from '../sql/understood.ts'
import type { ClientHold } from './client-hold.ts'
import { refusalError } from './complaint.ts'
import { type Handles, isBoundForGood, type Portal, type Prepared } from './handles.ts'
import { sameMeaning } from './meaning.ts'
import type { PostgresRooms } from './ports.ts'
import type { Message, Relay, Sent } from './relay.ts'
import { Run } from './run.ts'
import type { SessionNames, Settled } from './session-names.ts'
import { drained, type Source } from './source.ts'
import { type PostgresMasks, postgresMasks } from './statement-masks.ts'
import { isSettingsOnly, type Names } from './understanding.ts'

export interface LineParts {
  readonly relay: Relay
  readonly upstream: Socket
  readonly client: Source<FrontendReader>
  readonly names: SessionNames
  readonly handles: Handles
  readonly principal: Principal
  readonly facts: ClientFacts
  readonly place: SqlPlace
  readonly rooms: PostgresRooms
  readonly hold: ClientHold
  fail(error: GateError): void
}

/** A text, read: as far as it could be. */
export interface Read {
  readonly parsed: Parsed
  readonly understood: Understood
  /** Why it could not be read at all, for no fault of its own. */
  readonly broken?: GateError
  /** What people have said of it already. */
  readonly met?: Met | undefined
  /** What it would be by other names; absent where it was planned before, and stays what it is. */
  readonly by?: (names: Names) => Understood
}

const NOTHING: Parsed = { kind: 'statements', statements: [] }
const FLUSH = writeFrontend({ kind: 'flush' })
const UNCOUNTED = 'a change whose rows are to be counted was about to be sent as if they were not'
const REBIND = 'what names mean may have changed since the portal was bound: bind it again'
/** An answer that comes so soon was not waited for: nobody had changed a name meanwhile for longer than that, ms. */
const SOON_MS = 50
const IN_DOUBT =
  'what names mean may have changed since the server was ready last: send Sync, or the statements one by one'

/** The way of messages to the server: what simple and extended queries have in common. */
export class Line {
  readonly relay: Relay
  readonly client: Source<FrontendReader>
  readonly names: SessionNames
  readonly handles: Handles
  readonly place: SqlPlace
  readonly rooms: PostgresRooms
  readonly #parts: LineParts
  /** What goes to the server with the next system call. */
  readonly #outbox: Outbox
  #isFlushing = false
  readonly #answers: SteadyAnswers
  /** Of the session, once it was let in: whoever gives it ends the session with it. */
  admission: Admission | undefined
  /** Names that nobody had changed, and when that was looked at last. */
  #good: { readonly settled?: Settled; readonly atMs: number } = { atMs: 0 }
  /** Whether something was sent since the server was ready last. */
  #isOpen = false

  constructor(parts: LineParts) {
    this.#parts = parts
    this.#outbox = new Outbox(parts.upstream)
    this.#answers = new SteadyAnswers({ ...parts, engine: 'postgres' }, parts.rooms)
    this.relay = parts.relay
    this.client = parts.client
    this.names = parts.names
    this.handles = parts.handles
    this.place = parts.place
    this.rooms = parts.rooms
  }

  /** Whether nothing was sent since the server was ready: the gate may ask it something of its own. */
  get isFresh(): boolean {
    return !this.#isOpen
  }

  /** Whether a message may be looked at: the first of a batch waits until the batch before it is answered. */
  get mayBegin(): boolean {
    return this.#isOpen || this.relay.queue.isEmpty
  }

  /** A Sync or Query was sent: the next message begins a batch. */
  endBatch(): void {
    this.#isOpen = false
  }

  /** Reads names anew where they are in doubt, if the server can be asked now. Whether they are known. */
  async hasNames(): Promise<boolean> {
    const { names } = this
    if (names.areFresh) return true
    // A batch that begins in a failed transaction runs nothing but its end: what stands behind that is in doubt.
    if (!this.isFresh) return names.follow()
    return (await names.refresh()) || names.state === 'E'
  }

  /** Reads a text by the names of now. */
  async read(sql: string): Promise<Read> {
    try {
      const parsed = await this.rooms.parser.parse(sql)
      const understood = await this.readParsed(parsed)
      return { parsed, understood, by: names => this.handles.understand(parsed, names) }
    } catch (error) {
      const broken = asGateError(error)
      return this.#broken({ kind: 'too-complex', reason: broken.message }, broken)
    }
  }

  async readParsed(parsed: Parsed): Promise<Understood> {
    // SET TRANSACTION has to come before any query of the transaction, those of the gate among them.
    const isKnown = isSettingsOnly(parsed) || (await this.hasNames())
    return this.#unlessInDoubt(isKnown, this.handles.understand(parsed))
  }

  /** Reads what was prepared by the names of now: at once where these are known. */
  readPrepared(prepared: Prepared): Read | Promise<Read> {
    const { parsed } = prepared
    return this.#byNames(parsed, isSettingsOnly(parsed), isKnown => {
      const understood = this.#unlessInDoubt(isKnown, this.handles.read(prepared))
      return { parsed, understood, by: names => this.handles.read(prepared, names) }
    })
  }

  /** What a portal runs, as far as that is known now: at once where names are. */
  readPortal(portal: Portal): Read | Promise<Read> {
    const { prepared } = portal
    const parsed: Parsed = prepared?.parsed ?? NOTHING
    return this.#byNames(parsed, false, isKnown => {
      const understood = this.handles.readPortal(portal, isKnown) ?? unknown(REBIND, this.place)
      const isPlanned = prepared === undefined || understood.statements.every(isBoundForGood)
      const by = isPlanned ? {} : { by: (names: Names) => this.handles.read(prepared, names) }
      return { parsed, understood, ...by }
    })
  }

  #byNames(parsed: Parsed, needsNone: boolean, read: (isKnown: boolean) => Read): Read | Promise<Read> {
    if (!needsNone && !this.names.areFresh) return this.#byNewNames(parsed, read)
    try {
      return read(true)
    } catch (error) {
      return this.#broken(parsed, asGateError(error))
    }
  }

  async #byNewNames(parsed: Parsed, read: (isKnown: boolean) => Read): Promise<Read> {
    try {
      return read(await this.hasNames())
    } catch (error) {
      return this.#broken(parsed, asGateError(error))
    }
  }

  #unlessInDoubt(isKnown: boolean, understood: Understood): Understood {
    if (isKnown || understood.statements.every(isTransactionOnly)) return understood
    return unknown(IN_DOUBT, this.place)
  }

  #broken(parsed: Parsed, broken: GateError): Read {
    return { parsed, understood: unknown(broken.message, this.place), broken }
  }

  /** Sends, where the server has not failed in this batch already. Resolves when it takes more. */
  async send(messages: readonly Message[]): Promise<void> {
    await this.pass(messages)
  }

  /** As `send`; gives what there is to wait for, if anything. */
  pass(messages: readonly Message[]): Promise<void> | undefined {
    this.transmit(messages)
    const { upstream } = this.#parts
    return upstream.writableNeedDrain ? drained(upstream) : undefined
  }

  /** As `send`, at once. False where the server skips the last of them. */
  transmit(messages: readonly Message[]): boolean {
    let isTaken = true
    for (const [sent, bytes] of messages) {
      isTaken = this.relay.queue.push(sent)
      if (isTaken) this.#outbox.push(bytes)
      else sent.undo?.()
      // What stands behind it in the same chunk goes with it; then somebody may wait for it.
      if (isTaken && sent.run !== undefined) this.#flushSoon()
    }
    this.#isOpen = true
    return isTaken
  }

  /** A message that has no answer. It leaves with the next `flush`. */
  write(bytes: Buffer): void {
    this.#outbox.push(bytes)
  }

  /** Sends what was gathered. To be called before anything is waited for that could hang on an answer of the server. */
  flush(): void {
    this.#outbox.flush()
  }

  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    setImmediate(() => {
      this.#isFlushing = false
      this.flush()
    })
  }

  async drained(): Promise<void> {
    const { upstream } = this.#parts
    if (upstream.writableNeedDrain) await drained(upstream)
  }

  /**
   * Runs the exchange of a text: decided, recorded, then sent as `messages` says. Gives the run where it was sent; where it
   * was not, `refuse` has told the client.
   */
  async ask(
    text: SqlText,
    read: Read,
    messages: (run: Run, counting?: Counting) => readonly Message[],
    refuse: (error: Buffer) => Promise<void>,
  ): Promise<Run | undefined> {
    const { principal, facts, rooms, hold, fail } = this.#parts
    const { parsed, understood, broken, met } = read
    let run: Run | undefined
    const asking = {
      principal,
      facts,
      engine: 'postgres' as const,
      place: this.place,
      text: { ...text, ...normalizedOf(parsed) },
      understood,
      answers: this.#answers,
      admission: this.admission,
      broken: broken ?? this.names.broken,
      ...(met === undefined ? {} : { met }),
      hold: async (...waiting: Parameters<ClientHold['hold']>) => {
        await this.#answered()
        const { version } = this.names
        const held = await hold.hold(...waiting)
        // What was made already, and waits to stay, means what it meant.
        if (held === 'held' && run === undefined) await this.#requireNames(version, read)
        return held
      },
      send: (decision: Decision, ended: AbortSignal, counting: Counting | undefined, kept: KeptResult) => {
        const going = this.#run(decision, understood, text.sql)
        going.kept = kept
        run = going
        const watch = this.admission === undefined ? watched(ended, fail) : undefined
        this.names.doubt(understood.change)
        if (writes(understood)) this.names.suspect()
        this.handles.forget(understood)
        const sent = messages(going, counting)
        const runs = text.message === 'Query' || text.message === 'Execute'
        if (counting !== undefined && runs && !going.isWithheld) throw new GateError('internal', UNCOUNTED)
        if (!this.transmit(sent)) {
          going.failed('skipped')
          going.end()
        }
        return watch === undefined ? going.ended : going.ended.finally(watch)
      },
      refuse: async (refusal: Parameters<typeof refusalError>[0]) => {
        if (run === undefined) return refuse(refusalError(refusal))
        // It was sent, and what came of it cannot be recorded: the session is not to go on.
        if ('error' in refusal) fail(refusal.error)
      },
    }
    await askAbout(asking, rooms)
    await this.drained()
    return run
  }

  /** Asks the server for its answers to all that was sent, also within a batch. */
  hurry(): void {
    this.write(FLUSH)
    this.flush()
  }

  /** Ends the session. */
  fail(error: GateError): void {
    this.#parts.fail(error)
  }

  #run(decision: Decision, understood: Understood, sql: string): Run {
    const masks = this.masks(decision, understood)
    return new Run(masks, this.rooms.hashKey, Buffer.byteLength(sql), {
      met: metBy(decision),
      detector: detectorOf(masks, this.rooms),
    })
  }

  /** Resolves when all that was sent is answered, also within a batch. */
  async #answered(): Promise<void> {
    if (!this.relay.queue.isEmpty) this.hurry()
    await this.relay.idle()
  }

  /** People have approved what the text meant when they were asked. Throws `sql-names-changed`. */
  async #requireNames(version: unknown, { understood, by }: Read): Promise<void> {
    const { names } = this
    const isKnown = await (this.isFresh ? names.refresh() : names.follow())
    if (isKnown || names.state === 'E') {
      if (names.version === version || by === undefined) return
      if (isKnown && sameMeaning(understood, by(names.names))) return
    }
    throw new GateError(
      'sql-names-changed',
      'what names mean may have changed while the statement waited for an approval',
    )
  }

  /**
   * For what is sent now: whether its answer has come soon enough to be of the names by which it was read. Where it has not,
   * the statement may have waited at the server for somebody who changes what they mean, and it is read once more. What could
   * not be told when it was sent may mean anything.
   */
  inTime({ understood, by }: Read): Pick<Sent, 'inTime'> {
    if (by === undefined || understood.unclear !== undefined) return {}
    const { clock } = this.rooms
    const [sentMs, { settled }] = [clock.now(), this.names]
    const inTime = (): Promise<void> | undefined => {
      const { settled: good, atMs } = this.#good
      const waitedMs = clock.now() - (good === settled ? Math.max(atMs, sentMs) : sentMs)
      return waitedMs >= 0 && waitedMs <= SOON_MS ? undefined : this.#requireMeaning(understood, by, settled)
    }
    return { inTime }
  }

  async #requireMeaning(
    understood: Understood,
    by: (names: Names) => Understood,
    settled: Settled,
  ): Promise<void> {
    const atMs = this.rooms.clock.now()
    const names = await this.names.since(settled)
    if (names === undefined) this.#good = { settled, atMs }
    if (names === undefined || sameMeaning(understood, by(names))) return
    throw new GateError(
      'sql-names-changed',
      'what names mean has changed while the statement waited at the database server',
    )
  }

  /** Tells the client something of the gate's own; in order only while nothing is on its way. */
  reply(bytes: Buffer): void {
    const { socket } = this.#parts.client
    if (socket.writable) socket.write(bytes)
  }

  masks(decision: Decision, understood: Understood): PostgresMasks {
    return postgresMasks(decision, understood, this.names.names.catalog)
  }

  /** Whether a text goes no further, by what the policies would say or for what is broken. */
  isDenied({ effect }: Decision, { broken }: Read): boolean {
    return effect === 'deny' || broken !== undefined || this.names.broken !== undefined
  }

  /** What the policies would say, unrecorded, of what is only parsed or bound and runs nothing. */
  decideAhead(understood: Understood): Decision {
    return this.#answers.ahead(understood)
  }
}

/** Ends a session with what is on its way in it; gives what stops that. */
function watched(ended: AbortSignal, fail: (error: GateError) => void): () => void {
  const stop = (): void => fail(asGateError(ended.reason))
  ended.addEventListener('abort', stop, { once: true })
  return () => ended.removeEventListener('abort', stop)
}

function normalizedOf(parsed: Parsed): Pick<SqlText, 'normalized'> {
  return parsed.kind !== 'too-complex' && parsed.normalized !== undefined
    ? { normalized: parsed.normalized }
    : {}
}
