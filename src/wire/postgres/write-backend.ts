/**
 * Writes the messages of servers: the reverse of `read-backend.ts`.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
import type { Authentication, BackendMessage, Column, Fields, Value } from './messages.ts'
import { Packer } from './packer.ts'
import { AUTHENTICATION, BACKEND } from './types.ts'

/** The bytes of a message of a server. */
export function writeBackend(message: BackendMessage): Buffer {
  if (message.kind === 'data-row') return writeDataRow(message.values)
  const size = message.kind === 'copy-data' ? message.data.length + 5 : undefined
  return new Packer(size).message(BACKEND[message.kind], packer => fields(packer, message)).take()
}

/** As `writeBackend` for a DataRow, in one allocation. */
export function writeDataRow(values: readonly Value[]): Buffer {
  let size = 7
  for (const value of values) size += 4 + (value === null ? 0 : value.length)
  return new Packer(size).message(BACKEND['data-row'], packer => packer.values(values)).take()
}

function fields(packer: Packer, message: Exclude<BackendMessage, { kind: 'data-row' }>): void {
  switch (message.kind) {
    case 'authentication':
      authentication(packer, message)
      return
    case 'backend-key':
      packer.int32(message.key.processId).raw(message.key.secret.reveal())
      return
    case 'parameter-status':
      packer.text(message.name).text(message.value)
      return
    case 'ready':
      packer.byte(message.state.charCodeAt(0))
      return
    case 'row-description':
      packer.uint16(message.columns.length)
      for (const one of message.columns) column(packer, one)
      return
    case 'copy-in-response':
    case 'copy-out-response':
    case 'copy-both-response':
      packer.byte(message.format).formats(message.columnFormats)
      return
    case 'copy-data':
      packer.raw(message.data)
      return
    case 'command-complete':
      packer.text(message.tag)
      return
    case 'error':
    case 'notice':
      for (const [letter, text] of message.fields) packer.byte(letter.charCodeAt(0)).text(text)
      packer.byte(0)
      return
    case 'notification':
      packer.int32(message.processId).text(message.channel).text(message.payload)
      return
    case 'parameter-description':
      packer.oids(message.types)
      return
    case 'function-result':
      packer.value(message.value)
      return
    case 'negotiate-version':
      packer.uint16(message.version.major).uint16(message.version.minor).int32(message.unknown.length)
      for (const name of message.unknown) packer.text(name)
      return
    default:
      return
  }
}

function column(
  packer: Packer,
  { name, table, attribute, type, typeSize, typeModifier, format }: Column,
): void {
  packer.text(name).uint32(table).int16(attribute).uint32(type)
  packer.int16(typeSize).int32(typeModifier).int16(format)
}

function authentication(packer: Packer, message: Authentication): void {
  packer.int32(AUTHENTICATION[message.method])
  switch (message.method) {
    case 'md5':
      packer.raw(message.salt)
      return
    case 'sasl':
      for (const name of message.mechanisms) packer.text(name)
      packer.byte(0)
      return
    case 'sasl-continue':
    case 'sasl-final':
    case 'gss-continue':
      packer.raw(message.data)
      return
    default:
      return
  }
}

/** What an error or notice of the gate says. */
export interface Complaint {
  readonly severity: 'FATAL' | 'ERROR' | 'WARNING' | 'NOTICE'
  /** Five characters: https://www.postgresql.org/docs/current/errcodes-appendix.html */
  readonly sqlstate: string
  readonly message: string
  readonly detail?: string
  readonly hint?: string
}

/** The fields of an error or notice in the order of PostgreSQL. Zero bytes and lone surrogates become U+FFFD. */
export function complaintFields(complaint: Complaint): Fields {
  const { severity, sqlstate, message, detail, hint } = complaint
  const all: (readonly [string, string | undefined])[] = [
    ['S', severity],
    ['V', severity],
    ['C', sqlstate],
    ['M', message],
    ['D', detail],
    ['H', hint],
  ]
  return all.flatMap(([letter, text]) => (text === undefined ? [] : [[letter, writable(text)] as const]))
}

function writable(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed()
}
