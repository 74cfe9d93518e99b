/**
 * Writes the commands of clients: the reverse of `read-command.ts`.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
 */
import { has } from './capabilities.ts'
import { writeExecute, writeNamedParameters } from './execute.ts'
import type { ChangeUser, Command } from './messages.ts'
import { encode, Packer, unwritable } from './packer.ts'
import { COMMANDS } from './types.ts'
import { writeAttributes } from './write-handshake.ts'

/** The payload of a command, by what client and server agreed on. What never passes is never written. */
export function writeCommand(command: Command, capabilities: number): Buffer {
  if (command.kind === 'other') throw unwritable(`the command ${command.name}`)
  if (command.kind === 'stmt-unknown') throw unwritable('a statement that was not prepared')
  if (command.kind === 'stmt-execute') return writeExecute(command, capabilities)
  const packer = new Packer().number(COMMANDS[command.kind], 1)
  switch (command.kind) {
    case 'init-db':
      return packer.raw(encode(command.database)).take()
    case 'query':
      if (has(capabilities, 'queryAttributes')) writeNamedParameters(packer, command.attributes)
      else if (command.attributes.length > 0) throw unwritable('attributes that were not agreed on')
      return packer.raw(command.sql).take()
    case 'field-list':
      return packer.textUntilZero(command.table).raw(encode(command.wildcard)).take()
    case 'process-kill':
      return packer.number(command.connectionId, 4).take()
    case 'change-user':
      return changeUser(packer, command, capabilities)
    case 'stmt-prepare':
      return packer.raw(command.sql).take()
    case 'stmt-send-long-data':
      return packer.number(command.statement, 4).number(command.parameter, 2).raw(command.data).take()
    case 'stmt-close':
    case 'stmt-reset':
      return packer.number(command.statement, 4).take()
    case 'stmt-fetch':
      return packer.number(command.statement, 4).number(command.rows, 4).take()
    case 'set-option':
      return packer.number(command.option, 2).take()
    default:
      return packer.take()
  }
}

function changeUser(packer: Packer, command: ChangeUser, capabilities: number): Buffer {
  const proof = command.proof.reveal()
  packer.textUntilZero(command.user).number(proof.length, 1).raw(proof)
  packer.textUntilZero(command.database).number(command.collation, 2).textUntilZero(command.plugin)
  if (has(capabilities, 'connectAttributes')) writeAttributes(packer, command.attributes)
  return packer.take()
}
