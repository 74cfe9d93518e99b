import type { Socket } from 'node:net'
import { GateError } from '../../core/errors.ts'
import { nextSequence, type Packet, writePacket } from '../../wire/mysql/packet.ts'
import type { ClientReader } from '../../wire/mysql/reader.ts'
import { drained, type Source } from '../sql/source.ts'

/**
 * Passes a file of the client to the server: packets of any number, the last of which is empty. Numbers go on from the
 * request's. Resolves with the number of the server's answer; rejects where the client leaves in between.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_local_infile_request.html
 */
export async function passFile(
  request: Packet,
  client: Source<ClientReader>,
  server: Socket,
): Promise<number> {
  let next = request.next
  for (;;) {
    client.reader.expect(next)
    const packet = await client.next(reader => reader.nextCommand())
    if (packet === undefined)
      throw new GateError('client-gone', 'the client has left in the middle of a file')
    next = nextSequence(packet.payload.length, packet.sequence)
    if (server.writable && !server.write(writePacket(packet.payload, packet.sequence))) await drained(server)
    if (packet.payload.length === 0) return next
  }
}
