import type { Decision } from '../../core/decision.ts'
import { asGateError, GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { SqlPlace } from '../../interpret/sql/ask.ts'
import type { SqlStatement } from '../../interpret/sql/model.ts'
import { isNative } from '../../interpret/sql/mysql/analyse/words.ts'
import { LOAD_LOCAL } from '../../interpret/sql/mysql/routines.ts'
import { writePacket } from '../../wire/mysql/packet.ts'
import type { ClientReader } from '../../wire/mysql/reader.ts'
import { writeOk } from '../../wire/mysql/write-reply.ts'
import type { Held, Refusal } from '../exchange.ts'
import { detectorOf } from '../sql/detection.ts'
import type { KeptResult } from '../sql/kept-result.ts'
import { masksOf } from '../sql/masks.ts'
import type { ClientFacts, SqlText } from '../sql/ports.ts'
import { drained, type Source } from '../sql/source.ts'
import { askAbout, type Counting } from '../sql/statement-exchange.ts'
import { SteadyAnswers } from '../sql/steady-answers.ts'
import { type Understood, unknown } from '../sql/understood.ts'
import { CountedChange } from './counted-change.ts'
import { denial, ERRORS, writeError } from './denial.ts'
import type { OwnQuery } from './own-answer.ts'
import type { MysqlRooms } from './ports.ts'
import { PreparedStatements } from './prepared.ts'
import type { Relay, Sent } from './relay.ts'
import { type ResultMasks, Run } from './run.ts'
import type { Names, SessionNames } from './session-names.ts'
import { type SessionState, textOf } from './session-state.ts'
import { meansTheSame, type ReadText, runsForeign, type Understanding } from './understanding.ts'

export interface LineParts {
  readonly relay: Relay
  readonly client: Source<ClientReader>
  readonly names: SessionNames
  readonly understanding: Understanding
  readonly principal: Principal
  readonly facts: ClientFacts
  readonly place: SqlPlace
  readonly rooms: MysqlRooms
  /** LOAD DATA LOCAL INFILE may be let through. */
  readonly localFiles: boolean
  /** What was agreed on with the client. */
  readonly capabilities: number
  /** Asks the server something of the gate's own, while nothing is on its way. */
  readonly ask: OwnQuery
  /** Aborts when the client leaves, or its session ends. */
  readonly left: AbortSignal
  fail(error: GateError): void
}

/** A text, read: as far as it could be. */
export interface Read {
  readonly sql: string
  readonly understood: Understood
  readonly normalized?: ReadText['normalized']
  readonly names: Names | undefined
  /** Reads it once more, by the names of then. */
  again(): Promise<Read>
  /** Why it could not be read at all, for no fault of its own. */
  readonly broken?: GateError
}

/** What is sent where a text may pass. */
export interface Sending {
  readonly sent: Omit<Sent, 'run'>
  /** Commands that have no answer, and go before it. */
  readonly ahead?: readonly Buffer[]
  readonly isBinary: boolean
  /** Rows of a cursor, which was described when it was opened. */
  readonly resumed?: ResultMasks
  /** Done by the gate itself, and never sent; resolves with the payload of the answer. */
  readonly own?: () => Promise<Buffer>
  /** It has been answered, and has not failed. */
  done?(run: Run): void
}

/** The way of commands to the server: what queries and prepared statements have in common. */
export class Line {
  readonly client: Source<ClientReader>
  readonly relay: Relay
  readonly names: SessionNames
  readonly prepared: PreparedStatements = new PreparedStatements()
  readonly #parts: LineParts
  readonly #answers: SteadyAnswers

  constructor(parts: LineParts) {
    this.#parts = parts
    this.#answers = new SteadyAnswers({ ...parts, engine: 'mysql' }, parts.rooms)
    this.client = parts.client
    this.relay = parts.relay
    this.names = parts.names
  }

  /** Reads the bytes of a text by the names of now. */
  async readBytes(bytes: Buffer): Promise<Read> {
    const again = (): Promise<Read> => this.readBytes(bytes)
    return this.#reading('', again, async names => {
      const sql = textOf(bytes, names.charset)
      if (sql !== undefined) return this.#withFiles({ sql, ...(await this.#understood(sql, names)), names })
      const why = `the text is not in the session's character set, \`${names.charset}\``
      return { sql: bytes.toString('latin1'), understood: unknown(why, this.#parts.place), names }
    })
  }

  /** Files of the client are asked for only where the configuration lets them. */
  #withFiles(read: Omit<Read, 'again'>): Omit<Read, 'again'> {
    if (this.#parts.localFiles || !read.understood.tags.includes(LOAD_LOCAL)) return read
    const understood = unknown(
      'files of the client are not let through: `localInfile` is not set',
      this.#parts.place,
    )
    return { ...read, understood }
  }

  /** Reads a text that was prepared before: the server looks for names where it did then, and knows changes since. */
  async readPrepared(sql: string, state: SessionState): Promise<Read> {
    const again = (): Promise<Read> => this.readPrepared(sql, state)
    return this.#reading(sql, again, async names => {
      const { dialect, charset } = names
      const isSame =
        charset === state.charset &&
        dialect.ansiQuotes === state.dialect.ansiQuotes &&
        dialect.noBackslashEscapes === state.dialect.noBackslashEscapes
      if (!isSame) {
        const why = 'it was prepared under another sql_mode or character set: prepare it again'
        return { sql, understood: unknown(why, this.#parts.place), names }
      }
      const read = await this.#understood(sql, { ...names, database: state.database })
      return { sql, ...read, names }
    })
  }

  async #reading(
    sql: string,
    again: () => Promise<Read>,
    read: (names: Names) => Promise<Omit<Read, 'again'>>,
  ): Promise<Read> {
    try {
      return { ...(await read(await this.names.now())), again }
    } catch (error) {
      const broken = asGateError(error)
      return { sql, understood: unknown(broken.message, this.#parts.place), names: undefined, broken, again }
    }
  }

  #understood(sql: string, names: Names): Promise<ReadText> {
    return this.#parts.understanding.read(sql, names, name => this.#named(name))
  }

  /** What EXECUTE runs by a name. */
  async #named(name: string): Promise<SqlStatement | undefined> {
    const found = this.prepared.named(name)
    if (found === undefined) return undefined
    const { understood } = await this.readPrepared(found.sql, found.state)
    const [statement, other] = understood.statements
    return other === undefined ? statement : undefined
  }

  /** Whether it would be denied now, unrecorded. */
  isDenied({ understood, broken }: Read): boolean {
    if (broken !== undefined || this.names.broken !== undefined) return true
    return this.#answers.decide(understood).decided.decision.effect === 'deny'
  }

  /**
   * Runs the exchange of a text: decided, recorded, then sent. Resolves when it is answered, or the client was told why
   * not. Gives the run where it was sent.
   */
  async ask(text: Omit<SqlText, 'tags' | 'sql'>, read: Read, sending: Sending): Promise<Run | undefined> {
    const { principal, facts, rooms, place, fail } = this.#parts
    const { sql, understood, normalized, names, broken } = read
    let run: Run | undefined
    let passing: Promise<void> = Promise.resolve()
    const asking = {
      principal,
      facts,
      engine: 'mysql' as const,
      place,
      text: { ...text, sql, tags: understood.tags, ...(normalized === undefined ? {} : { normalized }) },
      understood,
      answers: this.#answers,
      broken: broken ?? this.names.broken,
      hold: (wait: (left: AbortSignal) => Promise<void>) => this.#hold(wait),
      send: (decision: Decision, ended: AbortSignal, counting: Counting | undefined, kept: KeptResult) => {
        if (names === undefined) throw new GateError('internal', 'a text was sent that was not read')
        const masks = masksOf(decision, understood, names.catalog)
        const ahead = sending.ahead?.reduce((sum, { length }) => sum + length, 0) ?? 0
        const bytesIn = sending.sent.payload.length + ahead
        const { hashKey } = rooms
        const detector = detectorOf(masks, rooms)
        const { isBinary } = sending
        const going = new Run({ masks, kept, detector, hashKey, bytesIn, isBinary })
        run = going
        if (sending.resumed !== undefined) going.resume(sending.resumed)
        const stop = (): void => fail(asGateError(ended.reason))
        ended.addEventListener('abort', stop, { once: true })
        this.names.doubt(understood.change)
        if (runsForeign(understood)) this.names.suspect()
        passing = this.#stillMeans(read).then(isSame => {
          if (!isSame) return this.#changed(going, sending.sent.next)
          this.#forget(understood)
          return counting === undefined
            ? this.#pass(going, sending)
            : this.#count(going, sending, understood, counting)
        })
        return going.ended.finally(() => ended.removeEventListener('abort', stop))
      },
      refuse: async (refusal: Refusal) => {
        if (run === undefined) return this.reply(denial(refusal), sending.sent.next)
        // It was sent, and what came of it cannot be recorded: the session is not to go on.
        if ('error' in refusal) fail(refusal.error)
      },
    }
    await askAbout(asking, rooms)
    await passing
    return run
  }

  /**
   * Before a text is sent: what it gives names to is not known from then on, for it may fail behind that. A table that is
   * said to be temporary and is none is told by the server.
   */
  #forget({ statements }: Understood): void {
    if (statements.some(mayPrepare)) this.prepared.forgetNames()
    for (const effect of statements.flatMap(({ effects }) => effects)) {
      if (effect.kind === 'prepare') this.prepared.setNamed(effect.name, undefined)
      if (effect.kind === 'deallocate' && effect.name !== undefined)
        this.prepared.setNamed(effect.name, undefined)
      if (effect.kind === 'temporary') this.names.hide(effect.schema, effect.name)
    }
  }

  /** What a text that has run, and has not failed, gave names to. */
  learn({ understood, names }: Read): void {
    if (names === undefined) return
    for (const effect of understood.statements.flatMap(({ effects }) => effects)) {
      if (effect.kind !== 'prepare' || effect.text === undefined) continue
      this.prepared.setNamed(effect.name, { sql: effect.text, state: names })
    }
  }

  /** The client waits; MySQL has no notices to tell it for what. */
  async #hold(wait: (left: AbortSignal) => Promise<void>): Promise<Held> {
    const { left } = this.#parts
    if (left.aborted) return 'left'
    await wait(left)
    return left.aborted ? 'left' : 'held'
  }

  /**
   * Whether a text means what it meant when it was read: people may have been asked in between, and others may have changed
   * what names mean. Never rejects.
   */
  async #stillMeans({ understood, names, again }: Read): Promise<boolean> {
    try {
      if (names === undefined || (await this.names.isSame(names))) return names !== undefined
      return meansTheSame((await again()).understood, understood)
    } catch {
      return false
    }
  }

  #changed(run: Run, next: number): Promise<void> {
    run.failed('sql-catalog-unclear')
    run.end()
    const message = 'what names mean has changed since it was decided: send it again'
    return this.reply(writeError(ERRORS.denied, message), next)
  }

  /** Makes a change, and lets it stay when its rows are counted and decided. */
  async #count(run: Run, sending: Sending, understood: Understood, counting: Counting): Promise<void> {
    const { next } = sending.sent
    const change = new CountedChange({
      ask: sql => this.#parts.ask(sql),
      status: () => this.names.status,
      pass: ok => this.reply(writeOk(ok, this.#parts.capabilities), next),
      refuse: payload => this.reply(payload, next),
    })
    try {
      await change.begin(understood)
    } catch (error) {
      const { code, message } = asGateError(error)
      run.failed(code)
      run.end()
      return this.reply(writeError(ERRORS.denied, message), next)
    }
    await this.#pass(run, { ...sending, sent: { ...sending.sent, holds: ok => change.hold(ok) } })
    await change.settle(counting).catch((error: unknown) => this.#parts.fail(asGateError(error)))
  }

  async #pass(run: Run, { sent, ahead = [], own, done }: Sending): Promise<void> {
    try {
      if (own !== undefined) return await this.reply(await own(), sent.next)
      for (const payload of ahead) this.relay.write(payload)
      await this.relay.pass({ ...sent, run })
      if (run.error === undefined) done?.(run)
    } catch (error) {
      const { code } = asGateError(error)
      run.failed(code)
      this.#parts.fail(asGateError(error))
    } finally {
      run.end()
    }
  }

  /** Refuses what the gate does not let through at all. */
  refuse(message: string, sequence: number): Promise<void> {
    return this.reply(writeError(ERRORS.unsupported, message), sequence)
  }

  /** Tells the client something of the gate's own; `sequence`: the number that its answer has. */
  async reply(payload: Buffer, sequence: number): Promise<void> {
    const { socket } = this.client
    if (socket.writable && !socket.write(writePacket(payload, sequence))) await drained(socket)
  }
}

/** Procedures may give names to prepared statements of the session; functions and triggers may not. */
function mayPrepare({ tag, touches }: SqlStatement): boolean {
  const calls = touches.some(({ action, object }) => action === 'sql:Call' && !isNative(object))
  return tag === 'UNKNOWN' || (calls && (tag === 'CALL' || tag === 'EXECUTE'))
}
