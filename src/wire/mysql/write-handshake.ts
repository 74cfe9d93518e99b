/**
 * Writes what server and client say to each other before the first command: the reverse of `read-handshake.ts`.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets.html
 */
import { has, NEEDED, UNREADABLE } from './capabilities.ts'
import type { Attribute, AuthenticationReply, Handshake, HandshakeResponse, TlsRequest } from './messages.ts'
import { Packer, unwritable } from './packer.ts'

/** The payload of a handshake. */
export function writeHandshake(handshake: Handshake): Buffer {
  const { challenge, capabilities } = handshake
  if (challenge.length !== 20 || (capabilities & NEEDED) !== NEEDED || (capabilities & UNREADABLE) !== 0) {
    throw unwritable('a handshake that no client takes')
  }
  return new Packer()
    .number(10, 1)
    .textUntilZero(handshake.version)
    .number(handshake.connectionId, 4)
    .raw(challenge.subarray(0, 8))
    .zeros(1)
    .number(capabilities & 0xffff, 2)
    .number(handshake.collation, 1)
    .number(handshake.status, 2)
    .number(capabilities >>> 16, 2)
    .number(21, 1)
    .zeros(6)
    .number(handshake.extended, 4)
    .raw(challenge.subarray(8))
    .zeros(1)
    .textUntilZero(handshake.plugin)
    .take()
}

/** The payload of a client's answer, or of its request for TLS. */
export function writeHandshakeResponse(response: HandshakeResponse | TlsRequest): Buffer {
  const { capabilities } = response
  const packer = new Packer()
    .number(capabilities, 4)
    .number(response.mostPacketBytes, 4)
    .number(response.collation, 1)
    .zeros(23)
  if (response.kind === 'tls-request') return packer.take()
  packer.textUntilZero(response.user)
  const proof = response.proof.reveal()
  if (has(capabilities, 'longAuthData')) packer.bytes(proof)
  else packer.number(proof.length, 1).raw(proof)
  if (has(capabilities, 'connectWithDatabase') !== (response.database !== undefined)) {
    throw unwritable('a database that does not fit the capabilities')
  }
  if (response.database !== undefined) packer.textUntilZero(response.database)
  packer.textUntilZero(response.plugin)
  if (has(capabilities, 'connectAttributes')) writeAttributes(packer, response.attributes)
  return packer.take()
}

export function writeAttributes(packer: Packer, attributes: readonly Attribute[]): void {
  const inner = new Packer()
  for (const [name, value] of attributes) inner.text(name).text(value)
  packer.bytes(inner.take())
}

/** The payload of a request for another plugin, or for more of this one. */
export function writeAuthenticationReply(reply: AuthenticationReply): Buffer {
  const packer = new Packer()
  if (reply.kind === 'auth-more') return packer.number(0x01, 1).raw(reply.data).take()
  return packer.number(0xfe, 1).textUntilZero(reply.plugin).raw(reply.challenge).take()
}
