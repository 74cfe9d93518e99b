/**
 * Answers a server's handshake, and proves the password as the server's plugin wants it.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
 *
 * Invariants: a password, and what can be tried against guesses of it, leaves over TLS alone or is a proof that is bound to
 * the server's challenge; a server may ask for another plugin once; what it asks for twice is not answered.
 */
import { GateError } from '../../core/errors.ts'
import type { Redacted } from '../../core/redacted.ts'
import { capabilities, has, UNREADABLE } from '../../wire/mysql/capabilities.ts'
import type { Handshake, HandshakeResponse, Ok } from '../../wire/mysql/messages.ts'
import type { Packet } from '../../wire/mysql/packet.ts'
import {
  CACHING_SHA2,
  CLEAR,
  challengeOf,
  NATIVE,
  nativeProof,
  SHA2_FULL,
  SHA2_KNOWN,
  sha2Proof,
  writeClearPassword,
} from '../../wire/mysql/passwords.ts'
import { Replies } from '../../wire/mysql/replies.ts'
import { writeHandshakeResponse } from '../../wire/mysql/writer.ts'
import type { MysqlLogin } from './port.ts'
import type { Talk } from './talk.ts'

/** What of the agreed capabilities the form of packets, or the meaning of statements, hangs on. */
export const SHARED: number = capabilities(
  ...(['foundRows', 'longFlag', 'localFiles', 'ignoreSpace', 'protocol41', 'interactive'] as const),
  ...(['transactions', 'multiStatements', 'multiResults', 'preparedMultiResults'] as const),
  ...(['sessionTrack', 'deprecateEof', 'queryAttributes'] as const),
)
/** What the gate asks of a server for itself. */
const OWN = capabilities(
  'longPassword',
  'protocol41',
  'secureConnection',
  'pluginAuth',
  'connectWithDatabase',
)
/** Asked for where the server has it. */
const OPTIONAL = capabilities('longAuthData', 'connectAttributes')
/** Of the attributes of clients, in names and values; servers take 64 KiB. */
const MAX_ATTRIBUTE_BYTES = 4 * 1024
/** Steps of a login; the longest has five. */
const MAX_STEPS = 8

/** A login that has gone well. */
export interface LoggedIn {
  readonly capabilities: number
  readonly ok: Ok
}

/** What a login is bound to. */
export interface Offer {
  readonly handshake: Handshake
  readonly encrypted: boolean
  /** Number of the packet that answers: 1, or 2 behind a request for TLS. */
  readonly sequence: number
}

/** The capabilities to ask for. Throws `database-refused` where the server cannot what the client was promised. */
export function capabilitiesFor(wished: number, handshake: Handshake, encrypted: boolean): number {
  const shared = (wished & SHARED) >>> 0
  const missing = (shared & ~handshake.capabilities) >>> 0
  if (missing !== 0) {
    throw refused(`it is too old for what the client uses (capabilities ${missing.toString(16)} are missing)`)
  }
  const own = encrypted ? OWN | capabilities('tls') : OWN
  return ((shared | own | (OPTIONAL & handshake.capabilities)) & ~UNREADABLE) >>> 0
}

/** Logs in. Rejects with `database-refused`, `database-unreachable`, `mysql-reply-…`. */
export async function logIn(talk: Talk, offer: Offer, login: MysqlLogin): Promise<LoggedIn> {
  const { handshake, encrypted, sequence } = offer
  const agreed = capabilitiesFor(login.capabilities, handshake, encrypted)
  const password = await login.password()
  const proof = new Proof(password, encrypted)
  talk.sendPacket(writeHandshakeResponse(responseOf(login, agreed, handshake, proof)), sequence)
  const replies = new Replies(agreed)
  replies.begin('handshake')
  for (let step = 0; step < MAX_STEPS; step++) {
    const packet = await talk.packet()
    const reply = replies.read(packet.payload)
    switch (reply.kind) {
      case 'ok':
        return { capabilities: agreed, ok: reply }
      case 'error':
        throw refused(`it says \`${reply.code}\`: ${reply.message.slice(0, 500)}`)
      case 'auth-switch':
        answer(talk, packet, proof.switched(reply.plugin, reply.challenge))
        break
      case 'auth-more':
        answer(talk, packet, proof.more(reply.data))
        break
      default:
        throw refused(`it sends \`${reply.kind}\`, which has no place there`)
    }
  }
  throw refused('its questions about the password do not end')
}

function answer(talk: Talk, asked: Packet, data: Redacted<Buffer> | undefined): void {
  if (data === undefined) talk.expect(asked.next)
  else talk.sendPacket(data.reveal(), asked.next)
}

function responseOf(
  { user, database, collation, attributes }: MysqlLogin,
  agreed: number,
  handshake: Handshake,
  proof: Proof,
): HandshakeResponse {
  return {
    kind: 'handshake-response',
    capabilities: agreed,
    mostPacketBytes: 0x4000_0000,
    collation,
    user,
    ...proof.first(handshake),
    database,
    attributes: has(agreed, 'connectAttributes') ? fitting(attributes) : [],
  }
}

function fitting(attributes: MysqlLogin['attributes']): MysqlLogin['attributes'] {
  let left = MAX_ATTRIBUTE_BYTES
  return attributes.filter(([name, value]) => {
    left -= Buffer.byteLength(name) + Buffer.byteLength(value)
    return left >= 0
  })
}

/** The proof of one password, as one server asks for it step by step. */
class Proof {
  readonly #password: Redacted
  readonly #encrypted: boolean
  #plugin = ''
  #switched = false
  #sent = false

  constructor(password: Redacted, encrypted: boolean) {
    this.#password = password
    this.#encrypted = encrypted
  }

  /** With the answer to the handshake. A plugin that proves nothing yet is answered by an empty proof: it will switch. */
  first({ plugin, challenge }: Handshake): { readonly plugin: string; readonly proof: Redacted<Buffer> } {
    if (plugin !== NATIVE && plugin !== CACHING_SHA2) {
      this.#plugin = NATIVE
      return { plugin: NATIVE, proof: nativeProof(this.#password, challenge) }
    }
    return { plugin, proof: this.#begin(plugin, challenge) }
  }

  /** Throws `database-refused` for a plugin that is not spoken, and for a second switch. */
  switched(plugin: string, challenge: Buffer): Redacted<Buffer> {
    if (this.#switched) throw refused('it asks for another plugin twice')
    this.#switched = true
    return this.#begin(plugin, challenge)
  }

  /** Throws `database-refused`, too, where the password would leave in the clear. */
  more(data: Buffer): Redacted<Buffer> | undefined {
    if (this.#plugin !== CACHING_SHA2 || this.#sent || data.length !== 1) {
      throw refused('it asks for more of a password that was proven')
    }
    if (data[0] === SHA2_KNOWN) return undefined
    if (data[0] !== SHA2_FULL) throw refused('it asks for what `caching_sha2_password` does not know')
    if (!this.#encrypted) {
      throw refused('it wants the password in full, over a connection without TLS')
    }
    this.#sent = true
    return writeClearPassword(this.#password)
  }

  #begin(plugin: string, challenge: Buffer): Redacted<Buffer> {
    this.#plugin = plugin
    switch (plugin) {
      case NATIVE:
        return nativeProof(this.#password, challengeOf(challenge))
      case CACHING_SHA2:
        return sha2Proof(this.#password, challengeOf(challenge))
      case CLEAR:
        if (!this.#encrypted)
          throw refused('it wants the password in the clear, over a connection without TLS')
        return writeClearPassword(this.#password)
      default:
        throw refused(`it wants \`${plugin}\`, which the gate does not speak`)
    }
  }
}

export function refused(why: string): GateError {
  return new GateError('database-refused', `the database server does not let the gate in: ${why}`)
}
