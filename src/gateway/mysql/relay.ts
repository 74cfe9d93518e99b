import type { Socket } from 'node:net'
import { GateError } from '../../core/errors.ts'
import type { Row } from '../../interpret/sql/mysql/catalog/load.ts'
import type { Column, Command, Eof, Ok } from '../../wire/mysql/messages.ts'
import { nextSequence, type Packet, writePacket } from '../../wire/mysql/packet.ts'
import type { ServerReader } from '../../wire/mysql/reader.ts'
import { Replies, type Reply } from '../../wire/mysql/replies.ts'
import { writeFailure } from '../../wire/mysql/write-reply.ts'
import { drained, type Source } from '../sql/source.ts'
import { OwnAnswer } from './own-answer.ts'
import type { Run } from './run.ts'

/** A command for the server, and what becomes of its answer. */
export interface Sent {
  readonly kind: Exclude<Command['kind'], 'other' | 'stmt-unknown'>
  readonly payload: Buffer
  /** The statement that it belongs to. */
  readonly run?: Run
  /** The number that the client gives to the packet behind its command. */
  readonly next: number
  /** Sees each packet of the answer that is no row, before it goes on. */
  readonly onReply?: (reply: Reply) => void
  /** Whether this OK is kept back: whoever asked for that passes it on, or something else. */
  readonly holds?: (ok: Ok) => boolean
  /** The server wants a file of the client; resolves with the number of the packet that follows. Absent: it has no reason to. */
  readonly onFile?: (request: Packet) => Promise<number>
  /** The files that it may want, as the statement names them; the client is asked for no other. */
  readonly files?: ReadonlySet<string>
}

/** Rows that pass by one write at most. */
const MAX_ROWS = 4096
/** Of an error that could quote what is masked, its numbers are kept, and this. */
const HUSHED = 'the server says more, which may hold what is masked for this principal'

/** What a session learns from the ends of answers. */
export type OnStatus = (end: Ok | Eof) => void

/**
 * The way to the server and back: one command at a time, its answer in order, masked, and no faster than the client reads.
 *
 * Invariant: the client sees packets numbered as they would be without the gate; where a mask made a row of another number
 * of parts, everything behind it in the same answer is numbered anew.
 */
export class Relay {
  readonly #upstream: Source<ServerReader>
  readonly #client: Socket
  readonly #replies: Replies
  readonly #onStatus: OnStatus
  #isBusy = false
  /** Columns of the result that is described, and how many they are to be. */
  #columns: Column[] = []
  #count = 0
  /** What the client's numbers are ahead of the server's, in the answer that comes. */
  #shift = 0
  /** The number of the packet that the client waits for; undefined within a row that passes in pieces. */
  #awaited: number | undefined = 1

  constructor(upstream: Source<ServerReader>, client: Socket, capabilities: number, onStatus: OnStatus) {
    this.#upstream = upstream
    this.#client = client
    this.#replies = new Replies(capabilities)
    this.#onStatus = onStatus
  }

  /** Whether the server is at something for the client. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /** The number that a last word for the client must have; undefined where it would be read as a part of a row. */
  get awaited(): number | undefined {
    return this.#awaited
  }

  /**
   * Sends a command, and resolves when its answer has passed, or one side is gone. Rejects where the server says what has
   * no place.
   */
  async pass(sent: Sent): Promise<void> {
    this.#isBusy = true
    this.#awaited = sent.next
    try {
      this.#begin(sent.kind, sent.payload)
      this.#shift = (sent.next - nextSequence(sent.payload.length, 0)) & 0xff
      while (!this.#replies.done) {
        const file = this.#steps(sent)
        if (file !== undefined) await this.#file(file, sent)
        else if (this.#client.destroyed) return
        else if (this.#client.writableNeedDrain) await drained(this.#client)
        else if (this.#replies.done) return
        else if (this.#upstream.ended)
          throw new GateError('database-unreachable', 'the database server has gone')
        else await this.#upstream.more()
      }
    } finally {
      this.#isBusy = false
      if (this.#replies.done) this.#awaited = 1
    }
  }

  /** Asks something of the gate's own, while nothing else is on its way. Rejects with `sql-catalog-unclear`, `database-unreachable`. */
  async ask(payload: Buffer): Promise<readonly Row[]> {
    this.#begin('query', payload)
    const answer = new OwnAnswer()
    const { reader } = this.#upstream
    reader.holdsRows = true
    while (!this.#replies.done) {
      const packet = this.#replies.inRows ? reader.nextRow() : reader.next()
      if (packet === undefined) {
        if (this.#upstream.ended) throw new GateError('database-unreachable', 'the database server has gone')
        await this.#upstream.more()
      } else if (packet.part === 'whole') {
        const reply = this.#replies.read(packet.payload)
        const end = reply.kind === 'end' ? reply.end : reply.kind === 'ok' ? reply : undefined
        if (end !== undefined) this.#onStatus(end)
        answer.take(reply, packet.payload)
      }
    }
    return answer.rows()
  }

  /** A command that has no answer. */
  write(payload: Buffer): void {
    const { socket } = this.#upstream
    if (socket.writable) socket.write(writePacket(payload, 0))
  }

  #begin(kind: Sent['kind'], payload: Buffer): void {
    this.#replies.begin(kind)
    this.#upstream.reader.expect(nextSequence(payload.length, 0))
    this.write(payload)
  }

  /** As many packets as there are and the client takes. A request for a file stops it. */
  #steps(sent: Sent): Packet | undefined {
    this.#client.cork()
    try {
      while (!this.#replies.done && !this.#client.writableNeedDrain) {
        const taken = this.#replies.inRows ? this.#rows(sent) : this.#reply(sent)
        if (taken === undefined) return undefined
        if (taken !== 'passed') return taken
      }
      return undefined
    } finally {
      this.#client.uncork()
    }
  }

  #reply(sent: Sent): 'passed' | Packet | undefined {
    const packet = this.#upstream.reader.next()
    if (packet === undefined) return undefined
    const reply = this.#replies.read(packet.payload)
    if (reply.kind === 'local-file') {
      if (sent.onFile === undefined || sent.files?.has(reply.name) !== true) throw unwantedFile()
      this.#forward(packet, sent.run)
      return packet
    }
    this.#take(packet, reply, sent)
    return 'passed'
  }

  #rows(sent: Sent): 'passed' | undefined {
    const { reader } = this.#upstream
    const { run } = sent
    reader.holdsRows = run?.isReading === true || this.#shift !== 0
    const many = reader.nextRows(MAX_ROWS)
    if (many !== undefined) {
      run?.passed(many.count)
      this.#write(many.bytes, run)
      this.#awaited = this.#awaited === undefined ? undefined : (this.#awaited + many.count) & 0xff
      return 'passed'
    }
    const packet = reader.nextRow()
    if (packet === undefined) return undefined
    if (packet.part !== 'whole') {
      if (packet.part === 'first') run?.passed(1)
      this.#write(packet.bytes, run)
      this.#awaited = undefined
      return 'passed'
    }
    const reply = this.#replies.read(packet.payload)
    if (reply.kind !== 'row') this.#take(packet, reply, sent)
    else this.#row(packet, run)
    return 'passed'
  }

  #row(packet: Packet, run: Run | undefined): void {
    run?.passed(1)
    if (run?.isReading !== true) {
      this.#forward(packet, run)
      return
    }
    const payload = run.row(packet.payload)
    if (payload === packet.payload) {
      this.#forward(packet, run)
      return
    }
    this.#say(payload, packet.sequence, run)
    this.#shift += nextSequence(payload.length, 0) - nextSequence(packet.payload.length, 0)
    this.#shift &= 0xff
  }

  #take(packet: Packet, reply: Reply, sent: Sent): void {
    const { run } = sent
    if (reply.kind === 'columns') {
      this.#columns = []
      this.#count = reply.count
    }
    if (reply.kind === 'column' && this.#columns.push(reply.column) === this.#count) {
      run?.describe(this.#columns)
    }
    sent.onReply?.(reply)
    if (reply.kind === 'error') {
      run?.failed(reply.sqlstate ?? String(reply.code))
      const message = run === undefined ? reply.message : run.messageOf(reply.message)
      if (message !== reply.message) {
        this.#say(writeFailure({ ...reply, message: message ?? HUSHED }), packet.sequence, run)
        return
      }
    }
    if (reply.kind === 'ok') {
      this.#onStatus(reply)
      run?.done(reply)
      if (sent.holds?.(reply) === true) return
    }
    if (reply.kind === 'columns-end') this.#onStatus(reply.eof)
    if (reply.kind === 'end') {
      this.#onStatus(reply.end)
      run?.resultEnded()
    }
    this.#forward(packet, run)
  }

  async #file(request: Packet, { onFile }: Sent): Promise<void> {
    if (onFile === undefined) throw unwantedFile()
    this.#upstream.reader.expect(await onFile(request))
  }

  #forward(packet: Packet, run: Run | undefined): void {
    if (this.#shift !== 0) {
      this.#say(packet.payload, packet.sequence, run)
      return
    }
    this.#write(packet.bytes, run)
    this.#awaited = packet.next
  }

  /** Writes a packet in the place of the server's of this number. */
  #say(payload: Buffer, sequence: number, run: Run | undefined): void {
    const number = (sequence + this.#shift) & 0xff
    this.#write(writePacket(payload, number), run)
    this.#awaited = nextSequence(payload.length, number)
  }

  #write(bytes: Buffer, run: Run | undefined): void {
    run?.sent(bytes.length)
    if (this.#client.writable) this.#client.write(bytes)
  }
}

function unwantedFile(): GateError {
  const message = 'the server sends a request for a file that no statement was to read'
  return new GateError('mysql-reply-malformed', message)
}
