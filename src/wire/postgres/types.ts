import type { Authentication, BackendMessage, FrontendMessage } from './messages.ts'

/*
 * The bytes that name the types of messages.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

const byte = (letter: string): number => letter.charCodeAt(0)

/** Messages of clients, by what they are here. Startup packets have no type. */
export const FRONTEND: Readonly<Record<FrontendMessage['kind'], number>> = Object.freeze({
  query: byte('Q'),
  parse: byte('P'),
  bind: byte('B'),
  describe: byte('D'),
  execute: byte('E'),
  close: byte('C'),
  flush: byte('H'),
  sync: byte('S'),
  'function-call': byte('F'),
  authentication: byte('p'),
  'copy-data': byte('d'),
  'copy-done': byte('c'),
  'copy-fail': byte('f'),
  terminate: byte('X'),
})

/** Messages of servers, by what they are here. */
export const BACKEND: Readonly<Record<BackendMessage['kind'], number>> = Object.freeze({
  authentication: byte('R'),
  'backend-key': byte('K'),
  'parameter-status': byte('S'),
  ready: byte('Z'),
  'row-description': byte('T'),
  'data-row': byte('D'),
  'copy-in-response': byte('G'),
  'copy-out-response': byte('H'),
  'copy-both-response': byte('W'),
  'copy-data': byte('d'),
  'copy-done': byte('c'),
  'command-complete': byte('C'),
  error: byte('E'),
  notice: byte('N'),
  notification: byte('A'),
  'parameter-description': byte('t'),
  'function-result': byte('V'),
  'negotiate-version': byte('v'),
  'parse-complete': byte('1'),
  'bind-complete': byte('2'),
  'close-complete': byte('3'),
  'no-data': byte('n'),
  'portal-suspended': byte('s'),
  'empty-query': byte('I'),
})

/** The codes that stand where a startup packet has its version. */
export const STARTUP: Readonly<Record<'cancel' | 'ssl' | 'gss', number>> = Object.freeze({
  cancel: 80_877_102,
  ssl: 80_877_103,
  gss: 80_877_104,
})

/** The numbers of the kinds of Authentication messages. */
export const AUTHENTICATION: Readonly<Record<Authentication['method'], number>> = Object.freeze({
  ok: 0,
  kerberos: 2,
  cleartext: 3,
  md5: 5,
  gss: 7,
  'gss-continue': 8,
  sspi: 9,
  sasl: 10,
  'sasl-continue': 11,
  'sasl-final': 12,
})
