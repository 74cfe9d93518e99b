/**
 * Writes packets of MySQL: payloads by `write-handshake.ts` and `write-command.ts` for clients, `write-handshake.ts` and
 * `write-reply.ts` for servers, and the packets around them by `writePacket`.
 */
export { writeExecute } from './execute.ts'
export { nextSequence, writePacket } from './packet.ts'
export { writeCommand } from './write-command.ts'
export { writeAuthenticationReply, writeHandshake, writeHandshakeResponse } from './write-handshake.ts'
export {
  complaint,
  writeBinaryRow,
  writeColumn,
  writeColumnCount,
  writeEof,
  writeFailure,
  writeLocalFile,
  writeOk,
  writePrepared,
  writeTextRow,
} from './write-reply.ts'
