/**
 * Reads what a client or a server of MySQL sends: bytes in, packets out. What a packet means depends on what came
 * before it: `read-handshake.ts` and `read-command.ts` read those of clients, `replies.ts` those of servers.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
 *
 * A packet is forwarded by its bytes when nothing in it and in its sequence number changes; everything else is
 * written again of what was read.
 */
import { GateError } from '../../core/errors.ts'
import { type Allowance, Framer, type Piece } from './framer.ts'
import { MYSQL_LIMITS, type MysqlLimits } from './limits.ts'
import type { Packet } from './packet.ts'

/** What a client sends. */
export class ClientReader {
  readonly #limits: MysqlLimits
  readonly #framer: Framer

  constructor(limits: MysqlLimits = MYSQL_LIMITS) {
    this.#limits = limits
    this.#framer = new Framer({
      sequence: (expected, found) =>
        new GateError(
          'mysql-sequence-broken',
          `the client sent packet ${found} where packet ${expected} belongs`,
        ),
      tooLarge: limit =>
        new GateError('mysql-message-too-large', `the packet of the client has more than ${limit} bytes`),
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

  /** The number that the next packet must have: 0 for a command, `packet.next` of the server's within an exchange. */
  expect(sequence: number): void {
    this.#framer.expect(sequence)
  }

  /** A packet that greets or authenticates. Throws `mysql-message-too-large`, `mysql-sequence-broken`. */
  nextHandshake(): Packet | undefined {
    return whole(this.#framer.next({ whole: this.#limits.handshakeBytes }))
  }

  /** A command, or a part of a local file. Throws `mysql-message-too-large`, `mysql-sequence-broken`. */
  nextCommand(): Packet | undefined {
    return whole(this.#framer.next({ whole: this.#limits.commandBytes }))
  }

  /**
   * To be called after a request for TLS, which nobody answers: the bytes behind it are TLS's already, and are to be
   * given to it. Nothing that came in the clear is read as if it had come after TLS began.
   */
  takeRest(): Buffer {
    return this.#framer.takeRest()
  }
}

/** What a server sends. */
export class ServerReader {
  readonly #framer: Framer
  readonly #reply: Allowance
  readonly #held: Allowance
  readonly #passing: Allowance
  #holds = false

  constructor(limits: MysqlLimits = MYSQL_LIMITS) {
    this.#reply = { whole: limits.replyBytes }
    this.#held = { whole: limits.heldBytes }
    this.#passing = { whole: limits.windowBytes, pieces: limits.rowBytes }
    this.#framer = new Framer({
      sequence: (expected, found) =>
        new GateError(
          'mysql-reply-malformed',
          `the server sent packet ${found} where packet ${expected} belongs`,
        ),
      tooLarge: limit =>
        new GateError('mysql-reply-too-large', `the packet of the server has more than ${limit} bytes`),
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

  /** The number that the next packet must have: 0 for a handshake, `packet.next` of the command that it answers. */
  expect(sequence: number): void {
    this.#framer.expect(sequence)
  }

  /** A packet that is no row. Throws `mysql-reply-too-large`, `mysql-reply-malformed`. */
  next(): Packet | undefined {
    return whole(this.#framer.next(this.#reply))
  }

  /** Whether rows are held whole, to be masked; from the next packet on. */
  set holdsRows(held: boolean) {
    this.#holds = held
  }

  /**
   * A packet where rows come: a row, an error or the end. A large row passes in pieces, unless rows are held. Throws
   * `mysql-reply-too-large`, `mysql-reply-malformed`.
   */
  nextRow(): Packet | Piece | undefined {
    return this.#framer.next(this.#holds ? this.#held : this.#passing)
  }

  /**
   * The rows that lie next to each other in what came, unread: how many, and their bytes, for one write. At most
   * `most`. Undefined where there is none that is whole, or while rows are held; `nextRow` then has what there is.
   */
  nextRows(most: number): { readonly count: number; readonly bytes: Buffer } | undefined {
    return this.#holds ? undefined : this.#framer.nextRun(this.#passing, most)
  }

  /** To be called before TLS begins. */
  requireNothingBuffered(): void {
    if (this.buffered === 0 && !this.#framer.inside) return
    throw new GateError('mysql-reply-malformed', 'the server sent bytes behind its handshake, before TLS')
  }
}

function whole(frame: Packet | Piece | undefined): Packet | undefined {
  if (frame === undefined || frame.part === 'whole') return frame
  throw new GateError('internal', 'a piece of a row came where none may pass')
}
