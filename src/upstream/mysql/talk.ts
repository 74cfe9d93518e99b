import type { Socket } from 'node:net'
import { nextSequence, type Packet, writePacket } from '../../wire/mysql/packet.ts'
import { ServerReader } from '../../wire/mysql/reader.ts'
import { Conversation } from '../conversation.ts'

/** With a MySQL server. */
export class Talk extends Conversation<ServerReader> {
  constructor(socket: Socket) {
    super(socket, new ServerReader())
  }

  /** The next packet that is no row. Rejects with `database-unreachable`, `mysql-reply-…`. */
  packet(): Promise<Packet> {
    return this.until(reader => reader.next())
  }

  /** Says which number the server's next packet has. */
  expect(sequence: number): void {
    this.reader.expect(sequence)
  }

  /** Sends a packet, which the server answers with the next number. */
  sendPacket(payload: Buffer, sequence: number): void {
    this.expect(nextSequence(payload.length, sequence))
    this.socket.write(writePacket(payload, sequence))
  }
}
