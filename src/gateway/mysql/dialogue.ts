import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { nextSequence, type Packet, writePacket } from '../../wire/mysql/packet.ts'
import { ClientReader } from '../../wire/mysql/reader.ts'
import { type EncryptionOptions, encrypted } from '../sql/encryption.ts'
import { farewell, Source } from '../sql/source.ts'

/**
 * Packets with a client, one at a time each way, as long as it is not let in: each has the number that follows the one before.
 */
export class Dialogue {
  #client: Source<ClientReader>
  #next: number

  /** `next`: the number of the packet that comes next, of either side. */
  constructor(client: Source<ClientReader>, next = 0) {
    this.#client = client
    this.#next = next
  }

  /** With somebody who has just connected. */
  static withStranger(socket: Socket): Dialogue {
    return new Dialogue(new Source(socket, new ClientReader()))
  }

  get client(): Source<ClientReader> {
    return this.#client
  }

  /** The client's next packet; undefined where it leaves. Rejects with `mysql-sequence-broken`, `mysql-message-too-large`. */
  async hear(): Promise<Packet | undefined> {
    this.#client.reader.expect(this.#next)
    const packet = await this.#client.next(reader => reader.nextHandshake())
    if (packet !== undefined) this.#next = packet.next
    return packet
  }

  say(payload: Buffer): void {
    this.#client.socket.write(writePacket(payload, this.#next))
    this.#next = nextSequence(payload.length, this.#next)
  }

  /** Says the last, and lets the client go. */
  leave(payload: Buffer): void {
    farewell(this.#client.socket, writePacket(payload, this.#next))
  }

  /** Begins TLS, which the client has asked for: what has come behind that is TLS's own. */
  secure(options: EncryptionOptions): TLSSocket {
    const { socket, reader } = this.#client
    this.#client.leave()
    const rest = reader.takeRest()
    if (rest.length > 0) socket.unshift(rest)
    const secured = encrypted(socket, options)
    secured.on('error', () => secured.destroy())
    this.#client = new Source(secured, new ClientReader())
    return secured
  }
}
