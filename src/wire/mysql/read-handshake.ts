/**
 * Reads what server and client say to each other before the first command.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets.html
 * https://mariadb.com/kb/en/connection/
 *
 *     Handshake   | 10 | version 0 | connection id, 4 | challenge, 8 | 0 | capabilities, low 2 | collation, 1 | status, 2
 *                 | capabilities, high 2 | 21 | 0, 6 | extended, 4 | challenge, 12 | 0 | plugin 0 |
 *     response    | capabilities, 4 | most bytes, 4 | collation, 1 | 0, 23 | user 0 | proof
 *                 | database 0 | plugin 0 | attributes |
 *     TLS request | the first 32 bytes of a response |
 *     AuthSwitchRequest | fe | plugin 0 | challenge |         AuthMoreData | 01 | data |
 *
 * Invariant: both sides can do what MySQL 5.7 could (`NEEDED`), or the packet is refused. An answer has the form that
 * its own capabilities say; what was agreed on for the packets after it is what was offered, too (`agree`).
 */
import { GateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import { has, NEEDED } from './capabilities.ts'
import { Cursor } from './cursor.ts'
import { MYSQL_LIMITS, type MysqlLimits } from './limits.ts'
import type { Attribute, AuthenticationReply, Handshake, HandshakeResponse, TlsRequest } from './messages.ts'

const PROTOCOL = 10
/** Bytes of the challenge in its first and second part, and with the zero byte behind it. */
const FIRST_PART = 8
const SECOND_PART = 12
const CHALLENGE_BYTES = 21
const TLS_REQUEST_BYTES = 32
/** `collation` is one byte here, so that ids beyond 255 cannot be asked for by it. */
const COLLATION_BYTES = 1

/** What a server says first; an ERR (`readFailure`) may come instead. Throws `mysql-reply-malformed`. */
export function readHandshake(payload: Buffer, limits: MysqlLimits = MYSQL_LIMITS): Handshake {
  const cursor = new Cursor('server', 'handshake', payload)
  cursor.expect(PROTOCOL, 'another version of the protocol than 10')
  const version = cursor.textUntilZero(limits.nameBytes)
  const connectionId = cursor.number(4)
  const first = cursor.take(FIRST_PART)
  cursor.zeros(1)
  const low = cursor.number(2)
  const collation = cursor.number(COLLATION_BYTES)
  const status = cursor.number(2)
  const capabilities = (low | (cursor.number(2) << 16)) >>> 0
  cursor.expect(CHALLENGE_BYTES, 'a challenge of another length than 20')
  cursor.zeros(6)
  const extended = cursor.number(4)
  const challenge = Buffer.concat([first, cursor.take(SECOND_PART)])
  cursor.zeros(1)
  const plugin = cursor.textUntilZero(limits.nameBytes)
  cursor.end()
  if ((capabilities & NEEDED) !== NEEDED) throw cursor.malformed('capabilities of before MySQL 5.7')
  return { version, connectionId, challenge, capabilities, extended, collation, status, plugin }
}

/** A client's answer. Throws `mysql-malformed`, `mysql-capability-missing`, `mysql-text-invalid`, limits. */
export function readHandshakeResponse(
  payload: Buffer,
  limits: MysqlLimits = MYSQL_LIMITS,
): HandshakeResponse | TlsRequest {
  const cursor = new Cursor('client', 'handshake response', payload)
  const capabilities = cursor.number(4)
  if ((capabilities & NEEDED) !== NEEDED) {
    throw new GateError('mysql-capability-missing', 'the client lacks capabilities of MySQL 5.7')
  }
  const mostPacketBytes = cursor.number(4)
  const collation = cursor.number(1)
  cursor.zeros(23)
  const head = { capabilities, mostPacketBytes, collation }
  if (payload.length === TLS_REQUEST_BYTES) {
    if (!has(capabilities, 'tls')) throw cursor.malformed('no user, and no request for TLS')
    return { kind: 'tls-request', ...head }
  }
  const user = cursor.textUntilZero(limits.nameBytes)
  const proof = new Redacted(Buffer.from(readProof(cursor, capabilities)))
  const database = has(capabilities, 'connectWithDatabase')
    ? cursor.textUntilZero(limits.nameBytes)
    : undefined
  const plugin = cursor.textUntilZero(limits.nameBytes)
  const attributes = has(capabilities, 'connectAttributes') ? readAttributes(cursor, limits) : []
  cursor.end()
  return { kind: 'handshake-response', ...head, user, proof, database, plugin, attributes }
}

function readProof(cursor: Cursor, capabilities: number): Buffer {
  return has(capabilities, 'longAuthData') ? cursor.bytes() : cursor.take(cursor.number(1))
}

/** Names and values, with the bytes of all of them before them. */
export function readAttributes(cursor: Cursor, limits: MysqlLimits): Attribute[] {
  const inner = new Cursor(cursor.side, cursor.what, cursor.bytes())
  const attributes: Attribute[] = []
  while (inner.left > 0) {
    inner.count(attributes.length + 1, limits.entries, 0, 'attributes')
    attributes.push([inner.text(limits.nameBytes), inner.text()])
  }
  return attributes
}

/** Asks for another plugin, or for more of this one. Throws `mysql-reply-malformed`. */
export function readAuthenticationReply(
  payload: Buffer,
  limits: MysqlLimits = MYSQL_LIMITS,
): AuthenticationReply {
  const cursor = new Cursor('server', 'authentication', payload)
  const kind = cursor.number(1)
  if (kind === 0x01) return { kind: 'auth-more', data: cursor.rest() }
  if (kind !== 0xfe) throw cursor.malformed('a kind that is none')
  if (cursor.left === 0) throw cursor.malformed('a request for passwords as before MySQL 4.1')
  return { kind: 'auth-switch', plugin: cursor.textUntilZero(limits.nameBytes), challenge: cursor.rest() }
}
