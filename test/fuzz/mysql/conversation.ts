import assert from 'node:assert/strict'
import { agree, has } from '../../../src/wire/mysql/capabilities.ts'
import type { Prototype } from '../../../src/wire/mysql/execute.ts'
import type { Piece } from '../../../src/wire/mysql/framer.ts'
import type { Command, Value } from '../../../src/wire/mysql/messages.ts'
import type { Packet } from '../../../src/wire/mysql/packet.ts'
import { readCommand } from '../../../src/wire/mysql/read-command.ts'
import { readHandshake, readHandshakeResponse } from '../../../src/wire/mysql/read-handshake.ts'
import { readBinaryRow, readTextRow } from '../../../src/wire/mysql/read-reply.ts'
import { ClientReader, ServerReader } from '../../../src/wire/mysql/reader.ts'
import { Replies, type Reply } from '../../../src/wire/mysql/replies.ts'
import {
  writeAuthenticationReply,
  writeBinaryRow,
  writeColumn,
  writeColumnCount,
  writeCommand,
  writeEof,
  writeFailure,
  writeHandshake,
  writeHandshakeResponse,
  writeLocalFile,
  writeOk,
  writePacket,
  writePrepared,
  writeTextRow,
} from '../../../src/wire/mysql/writer.ts'

/** A whole conversation, walked through as the gate would: who speaks next follows from what was said. */
export class Conversation {
  /** What was said, by kind: `c query`, `s row`. */
  readonly kinds: string[] = []
  readonly #client = new ClientReader()
  readonly #server = new ServerReader()
  readonly #prototypes = new Map<
    number,
    { -readonly [K in keyof Prototype]: Prototype[K] } & { long: Set<number> }
  >()
  #capabilities = 0
  #replies = new Replies(0)
  #types: number[] = []
  /** What was written again of what was read. */
  readonly written: { c: Buffer[]; s: Buffer[] } = { c: [], s: [] }

  constructor(client: readonly Buffer[], server: readonly Buffer[]) {
    for (const piece of client) this.#client.push(piece)
    for (const piece of server) this.#server.push(piece)
  }

  run(): void {
    const greeting = this.#whole(this.#server.next())
    const handshake = readHandshake(greeting.payload)
    this.#write('s', greeting, writeHandshake(handshake))
    this.#client.expect(greeting.next)
    const packet = this.#whole(this.#client.nextHandshake())
    const response = readHandshakeResponse(packet.payload)
    this.#write('c', packet, writeHandshakeResponse(response))
    this.#capabilities = agree(response.capabilities, handshake.capabilities)
    this.#replies = new Replies(this.#capabilities)
    this.#replies.begin('handshake')
    this.#answer(packet, undefined)
    for (;;) {
      this.#client.expect(0)
      const asked = this.#client.nextCommand()
      if (asked === undefined) break
      const command = readCommand(asked.payload, {
        capabilities: this.#capabilities,
        prototype: statement => this.#prototypes.get(statement),
      })
      this.kinds.push(`c ${command.kind}`)
      this.#write('c', asked, writeCommand(command, this.#capabilities))
      assert.ok(command.kind !== 'other' && command.kind !== 'stmt-unknown')
      this.#remember(command)
      this.#replies.begin(command.kind)
      this.#answer(asked, command)
    }
    assert.equal(this.#server.buffered, 0)
    assert.equal(this.#client.buffered, 0)
  }

  #remember(command: Command): void {
    if (command.kind === 'stmt-execute') {
      const prototype = this.#prototypes.get(command.statement)!
      if (command.typed) prototype.types = command.parameters.map(({ type }) => type)
      prototype.long = new Set()
    }
    if (command.kind === 'stmt-send-long-data') {
      this.#prototypes.get(command.statement)?.long.add(command.parameter)
    }
    if (command.kind === 'stmt-close') this.#prototypes.delete(command.statement)
  }

  #answer(asked: Packet, command: Command | undefined): void {
    this.#server.expect(asked.next)
    if (command?.kind !== 'stmt-fetch') this.#types = []
    while (!this.#replies.done) {
      const packet = this.#whole(this.#replies.inRows ? this.#server.nextRow() : this.#server.next())
      const reply = this.#replies.read(packet.payload)
      this.kinds.push(`s ${reply.kind}`)
      const binary = command?.kind === 'stmt-execute' || command?.kind === 'stmt-fetch'
      this.#write('s', packet, this.#rewritten(reply, packet, binary))
      if (reply.kind === 'columns') this.#types = []
      if (reply.kind === 'column') this.#types.push(reply.column.type)
      if (reply.kind === 'prepared') {
        const { statement, parameters } = reply
        this.#prototypes.set(statement, { parameters, types: undefined, long: new Set() })
      }
      if (reply.kind === 'auth-switch' || reply.kind === 'local-file') this.#listen(packet, reply.kind)
    }
  }

  /** The client's proof, or its file up to an empty packet. */
  #listen(packet: Packet, kind: 'auth-switch' | 'local-file'): void {
    this.#client.expect(packet.next)
    let said: Packet
    do {
      said = this.#whole(this.#client.nextCommand())
      this.#write('c', said, said.payload)
    } while (kind === 'local-file' && said.payload.length > 0)
    this.#server.expect(said.next)
  }

  #rewritten(reply: Reply, packet: Packet, binary: boolean): Buffer {
    switch (reply.kind) {
      case 'ok':
        return writeOk(reply, this.#capabilities)
      case 'end':
        return reply.end.kind === 'eof' ? writeEof(reply.end) : writeOk(reply.end, this.#capabilities, 0xfe)
      case 'error':
        return writeFailure(reply)
      case 'columns':
        return writeColumnCount(reply.count)
      case 'column':
      case 'parameter':
        return writeColumn(reply.column)
      case 'columns-end':
        return writeEof(reply.eof)
      case 'prepared':
        return writePrepared(reply)
      case 'local-file':
        return writeLocalFile(reply.name)
      case 'auth-switch':
      case 'auth-more':
        return writeAuthenticationReply(reply)
      case 'statistics':
        return Buffer.from(reply.text)
      case 'row':
        return this.#row(packet.payload, binary)
    }
  }

  #row(payload: Buffer, binary: boolean): Buffer {
    const values: Value[] = binary
      ? readBinaryRow(payload, this.#types)
      : readTextRow(payload, this.#types.length)
    return binary ? writeBinaryRow(values, this.#types) : writeTextRow(values)
  }

  #whole(frame: Packet | Piece | undefined): Packet {
    assert.ok(frame?.part === 'whole', `a packet is missing after ${this.kinds.slice(-5).join(', ')}`)
    return frame
  }

  #write(by: 'c' | 's', packet: Packet, payload: Buffer): void {
    assert.deepEqual(payload, packet.payload, this.kinds.at(-1))
    this.written[by].push(writePacket(payload, packet.sequence))
  }

  /** Whether EOF packets were agreed to be gone. */
  get deprecatesEof(): boolean {
    return has(this.#capabilities, 'deprecateEof')
  }
}
