/**
 * Writes startup packets and the messages of clients: the reverse of `read-startup.ts` and `read-frontend.ts`.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
import type { FrontendMessage, StartupPacket } from './messages.ts'
import { Packer } from './packer.ts'
import { FRONTEND, STARTUP } from './types.ts'

/** The bytes of a startup packet. */
export function writeStartup(packet: StartupPacket): Buffer {
  return new Packer().message(undefined, packer => startup(packer, packet)).take()
}

function startup(packer: Packer, packet: StartupPacket): void {
  switch (packet.kind) {
    case 'ssl-request':
      packer.uint32(STARTUP.ssl)
      return
    case 'gss-request':
      packer.uint32(STARTUP.gss)
      return
    case 'cancel':
      packer.uint32(STARTUP.cancel).int32(packet.key.processId).raw(packet.key.secret.reveal())
      return
    case 'startup':
      packer.uint16(packet.version.major).uint16(packet.version.minor)
      for (const [name, value] of packet.parameters) packer.text(name).text(value)
      packer.byte(0)
  }
}

/** The bytes of a message of a client. */
export function writeFrontend(message: FrontendMessage): Buffer {
  const size = message.kind === 'copy-data' ? message.data.length + 5 : undefined
  return new Packer(size).message(FRONTEND[message.kind], packer => fields(packer, message)).take()
}

function fields(packer: Packer, message: FrontendMessage): void {
  switch (message.kind) {
    case 'query':
      packer.text(message.sql)
      return
    case 'parse':
      packer.text(message.statement).text(message.sql).oids(message.types)
      return
    case 'bind':
      packer.text(message.portal).text(message.statement)
      packer.formats(message.formats).values(message.parameters).formats(message.resultFormats)
      return
    case 'describe':
    case 'close':
      packer.byte(message.handle.charCodeAt(0)).text(message.name)
      return
    case 'execute':
      packer.text(message.portal).int32(message.maxRows)
      return
    case 'function-call':
      packer
        .uint32(message.oid)
        .formats(message.formats)
        .values(message.parameters)
        .int16(message.resultFormat)
      return
    case 'authentication':
      packer.raw(message.data.reveal())
      return
    case 'copy-data':
      packer.raw(message.data)
      return
    case 'copy-fail':
      packer.text(message.reason)
      return
    case 'copy-done':
    case 'flush':
    case 'sync':
    case 'terminate':
      return
  }
}
