/**
 * Reads what a client or a server of PostgreSQL sends: bytes in, frames out, and of a frame its message.
 * https://www.postgresql.org/docs/current/protocol.html
 *
 * A frame is forwarded by its bytes when nothing in it changes; everything else is written again of the message.
 * Which message may come when is not looked at here.
 */
import { GateError } from '../../core/errors.ts'
import { type Frame, Framer, type Grammar, STARTUP_PACKET } from './framer.ts'
import { POSTGRES_LIMITS, type PostgresLimits } from './limits.ts'
import type { BackendMessage, DataRow, FrontendMessage, StartupPacket } from './messages.ts'
import { backendName, readBackendMessage, readDataRow } from './read-backend.ts'
import { frontendName, readFrontendMessage } from './read-frontend.ts'
import { readStartup } from './read-startup.ts'
import { BACKEND, FRONTEND } from './types.ts'

/** What a client sends. */
export class FrontendReader {
  readonly #limits: PostgresLimits
  readonly #framer: Framer
  #held = false
  #known = false

  constructor(limits: PostgresLimits = POSTGRES_LIMITS) {
    this.#limits = limits
    const byType = frontendLimits(limits)
    const data = dataLimits(limits)
    this.#framer = new Framer({
      limitsOf: type => {
        if (!this.#known && !BEFORE.has(type)) return NONE
        return type === FRONTEND['copy-data'] ? data(this.#held) : (byType.get(type) ?? NONE)
      },
      malformed: what => new GateError('postgres-malformed', `a message of the client has ${what}`),
      tooLarge: (type, limit) => refuseFrontend(type, limit),
    })
  }

  /**
   * To be called once the client has authenticated. Until then nothing but startup packets and the steps of its
   * authentication is taken: nobody unknown makes the gate hold a large message.
   */
  authenticated(): void {
    this.#known = true
  }

  /** Adds bytes that came, already decrypted. They are the reader's from then on. */
  push(chunk: Buffer): void {
    this.#framer.push(chunk)
  }

  /** Bytes that were pushed and not yet pulled; beyond some, stop reading from the socket. */
  get buffered(): number {
    return this.#framer.buffered
  }

  /** Whether CopyData is held whole, however large, instead of passing in pieces; from the next message on. */
  set holdsData(held: boolean) {
    this.#held = held
  }

  /**
   * The next startup packet, for as long as no StartupMessage has come. Throws `postgres-malformed`,
   * `postgres-version-refused`, `postgres-message-too-large`, `postgres-too-many-values`,
   * `postgres-name-too-long`, `postgres-text-invalid`.
   */
  nextStartup(): StartupPacket | undefined {
    const frame = this.#framer.nextStartup()
    return frame && readStartup(frame.bytes, this.#limits)
  }

  /** The next message, framed. Throws `postgres-malformed`, `postgres-message-unknown`, `…-too-large`. */
  next(): Frame | undefined {
    return this.#framer.next()
  }

  /**
   * To be called before TLS begins: bytes that came before it, in the clear, must not be read as if they had come
   * after it (CVE-2021-23214). Throws `postgres-malformed`.
   */
  requireNothingBuffered(): void {
    if (this.buffered === 0 && !this.#framer.inside) return
    throw new GateError('postgres-malformed', 'the client sent bytes behind its request for encryption')
  }

  /** The message of a whole frame; CopyData in pieces has none. Throws `postgres-malformed` and limits. */
  read(frame: Frame): FrontendMessage {
    return readFrontendMessage(frame.type, wholeOf(frame), this.#limits)
  }
}

/** What a server sends. */
export class BackendReader {
  readonly #limits: PostgresLimits
  readonly #framer: Framer
  #held = false

  constructor(limits: PostgresLimits = POSTGRES_LIMITS) {
    this.#limits = limits
    const data = dataLimits(limits)
    const other = { whole: limits.replyBytes }
    this.#framer = new Framer({
      limitsOf: type => (isData(type) ? data(this.#held) : backendName(type) === undefined ? NONE : other),
      malformed: what => new GateError('postgres-reply-malformed', `a message of the server has ${what}`),
      tooLarge: (type, limit) => refuseBackend(type, limit),
    })
  }

  /** Adds bytes that came, already decrypted. They are the reader's from then on. */
  push(chunk: Buffer): void {
    this.#framer.push(chunk)
  }

  /** Bytes that were pushed and not yet pulled; beyond some, stop reading from the socket. */
  get buffered(): number {
    return this.#framer.buffered
  }

  /** Whether DataRow and CopyData are held whole, to be masked; from the next message on. */
  set holdsData(held: boolean) {
    this.#held = held
  }

  /**
   * The answer to a request for encryption: `S` TLS, `G` GSS, `N` neither. An `E` begins an ErrorResponse of servers
   * before 7.0, which cannot be trusted before TLS (CVE-2024-10977). Throws `postgres-reply-malformed`.
   */
  nextEncryptionReply(): 'S' | 'G' | 'N' | undefined {
    const byte = this.#framer.nextByte()
    if (byte === undefined) return undefined
    const letter = String.fromCharCode(byte)
    if (letter === 'S' || letter === 'G' || letter === 'N') return letter
    throw new GateError('postgres-reply-malformed', 'the server answers the request for encryption unclearly')
  }

  /** The type of the message that `next` gives, or goes on with; undefined where nothing of one has come. */
  get nextType(): number | undefined {
    return this.#framer.nextType
  }

  /** The next message, framed. Throws `postgres-reply-malformed`, `postgres-reply-too-large`. */
  next(): Frame | undefined {
    return this.#framer.next()
  }

  /**
   * The DataRows that lie next to each other in what came, unread: how many, and their bytes, for one write. At most
   * `most`. Undefined where there is none that is whole, or while rows are held; `next` then has what there is.
   * @param width values that each is to have: another ends the run; absent: however many
   */
  nextRows(most: number, width?: number): { readonly count: number; readonly bytes: Buffer } | undefined {
    if (this.#held) return undefined
    return this.#framer.nextRun(BACKEND['data-row'], most, width)
  }

  /** As `nextRows`, also while rows are held. */
  nextHeldRows(most: number): { readonly count: number; readonly bytes: Buffer } | undefined {
    return this.#framer.nextRun(BACKEND['data-row'], most)
  }

  /** As with a client: nothing may stand behind the answer before TLS begins (CVE-2021-23222). */
  requireNothingBuffered(): void {
    if (this.buffered === 0 && !this.#framer.inside) return
    throw new GateError('postgres-reply-malformed', 'the server sent bytes behind its answer before TLS')
  }

  /** The message of a whole frame. Throws `postgres-reply-malformed`, `postgres-reply-too-wide`. */
  read(frame: Frame): BackendMessage {
    return readBackendMessage(frame.type, wholeOf(frame), this.#limits)
  }

  /** As `read`, for a frame whose type is DataRow's. */
  readRow(frame: Frame): DataRow {
    return readDataRow(wholeOf(frame), this.#limits)
  }
}

/** What an allowance of no bytes says: the type may not come at all. */
const NONE = { whole: -1 }
/** What a client may send before it has authenticated. */
const BEFORE: ReadonlySet<number> = new Set([STARTUP_PACKET, FRONTEND.authentication, FRONTEND.terminate])

function wholeOf(frame: Frame): Buffer {
  if (frame.part === 'whole') return frame.bytes
  throw new GateError('internal', 'a piece of a message was to be read as if it were the whole')
}

/** The data of a CopyData or a piece of it: its bytes without the head. */
export function copyPayload(frame: Frame): Buffer {
  return frame.part === 'whole' || frame.part === 'first' ? frame.bytes.subarray(5) : frame.bytes
}

function isData(type: number): boolean {
  return type === BACKEND['data-row'] || type === BACKEND['copy-data']
}

function dataLimits(limits: PostgresLimits): (held: boolean) => ReturnType<Grammar['limitsOf']> {
  const held = { whole: limits.heldBytes }
  const passing = { whole: limits.windowBytes, pieces: limits.dataBytes }
  return isHeld => (isHeld ? held : passing)
}

function frontendLimits(limits: PostgresLimits): ReadonlyMap<number, { readonly whole: number }> {
  const byType = new Map<number, { readonly whole: number }>([
    [STARTUP_PACKET, { whole: limits.startupBytes }],
  ])
  for (const type of Object.values(FRONTEND)) byType.set(type, { whole: limits.controlBytes })
  for (const type of [FRONTEND.query, FRONTEND.parse]) byType.set(type, { whole: limits.statementBytes })
  for (const type of [FRONTEND.bind, FRONTEND['function-call']]) byType.set(type, { whole: limits.bindBytes })
  byType.set(FRONTEND.authentication, { whole: limits.authenticationBytes })
  return byType
}

function refuseFrontend(type: number, limit: number): GateError {
  const name = type === STARTUP_PACKET ? 'startup' : frontendName(type)
  if (name === undefined) {
    return new GateError('postgres-message-unknown', `the client sent a message of the unknown type ${type}`)
  }
  if (limit === NONE.whole) {
    return new GateError(
      'postgres-malformed',
      `the ${name} message comes before the client has authenticated`,
    )
  }
  return new GateError('postgres-message-too-large', `the ${name} message has more than ${limit} bytes`)
}

function refuseBackend(type: number, limit: number): GateError {
  const name = backendName(type)
  if (name === undefined) {
    return new GateError('postgres-reply-malformed', `the server sent a message of the unknown type ${type}`)
  }
  return new GateError('postgres-reply-too-large', `the ${name} message has more than ${limit} bytes`)
}
