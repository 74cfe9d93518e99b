import type { Random } from '../../core/clock.ts'
import type { Redacted } from '../../core/redacted.ts'
import { agree, type Capability, capabilities, STATUS } from '../../wire/mysql/capabilities.ts'
import { characterSetOf } from '../../wire/mysql/collations.ts'
import type { Attribute, HandshakeResponse } from '../../wire/mysql/messages.ts'
import { CACHING_SHA2 } from '../../wire/mysql/passwords.ts'
import { readHandshakeResponse } from '../../wire/mysql/read-handshake.ts'
import { writeHandshake } from '../../wire/mysql/writer.ts'
import { certificateOf, type EncryptionOptions } from '../sql/encryption.ts'
import type { Dialogue } from './dialogue.ts'
import { GREETING_ERRORS, unwelcome } from './unwelcome.ts'

export interface GreetingOptions {
  /** Passwords come over TLS alone, so that there is no greeting without. */
  readonly encryption: EncryptionOptions
  /**
   * What clients take the server for. Which database they mean is known only behind it, so it is one for all: some drivers ask
   * MySQL and MariaDB for different variables. MariaDB's is known to them by `-MariaDB` in it.
   */
  readonly serverVersion?: string
  /** Lets clients be asked for local files; whether one is read is a question to the policies. */
  readonly localFiles?: boolean
}

/** As whom a client comes, and to what; it has proven nothing. */
export interface Claim {
  readonly user: string
  readonly database: string
  /** Id of the collation of its texts. */
  readonly collation: number
  readonly attributes: readonly Attribute[]
  /** The plugin that it begins with, and that plugin's first step. */
  readonly plugin: string
  readonly proof: Redacted<Buffer>
}

/** A client that has answered the handshake over TLS. */
export interface Newcomer {
  readonly claim: Claim
  /** What was agreed on. */
  readonly capabilities: number
  readonly certificate?: Buffer
}

/** The oldest version that clients take for one of `caching_sha2_password` and of `utf8mb4`. */
export const SERVER_VERSION = '8.0.36-sallyport'
/** `utf8mb4_general_ci`, which every server and client knows. */
const COLLATION = 45
const CHALLENGE_BYTES = 20

/**
 * What clients are offered: as much as every server from MySQL 5.7 and MariaDB 10.3 on has, so that what is agreed on here can be
 * agreed on there. Not query attributes, which MariaDB lacks; not `ignoreSpace`, which changes what SQL means.
 */
const OFFERED: readonly Capability[] = [
  ...(['longPassword', 'foundRows', 'longFlag', 'connectWithDatabase', 'protocol41', 'interactive'] as const),
  ...(['tls', 'transactions', 'secureConnection', 'multiStatements', 'multiResults'] as const),
  ...(['preparedMultiResults', 'pluginAuth', 'connectAttributes', 'longAuthData', 'sessionTrack'] as const),
  'deprecateEof',
]

/**
 * Says what the gate is, and takes the client's answer, over TLS. Undefined where it leaves. Rejects with `Unwelcome`, and what
 * the reader throws.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
 */
export async function greet(
  dialogue: Dialogue,
  connectionId: number,
  options: GreetingOptions,
  random: Random,
): Promise<Newcomer | undefined> {
  const offered = capabilities(...OFFERED, ...(options.localFiles === true ? (['localFiles'] as const) : []))
  const handshake = {
    version: options.serverVersion ?? SERVER_VERSION,
    connectionId,
    challenge: freshChallenge(random),
    capabilities: offered,
    extended: 0,
    collation: COLLATION,
    status: STATUS.autocommit,
    plugin: CACHING_SHA2,
  }
  dialogue.say(writeHandshake(handshake))
  const request = await answer(dialogue)
  if (request === undefined) return undefined
  if (request.kind !== 'tls-request') {
    throw unwelcome(
      GREETING_ERRORS.plain,
      'the gate takes connections over TLS alone: set --ssl, ssl-mode=REQUIRED, or sslMode=trust or verify-full',
    )
  }
  const secured = dialogue.secure(options.encryption)
  const response = await answer(dialogue)
  if (response === undefined) return undefined
  if (response.kind === 'tls-request') {
    throw unwelcome(GREETING_ERRORS.handshake, 'the client asks for TLS within TLS')
  }
  const certificate = certificateOf(secured)
  return {
    claim: claimOf(response),
    capabilities: agree(response.capabilities, offered),
    ...(certificate === undefined ? {} : { certificate }),
  }
}

async function answer(dialogue: Dialogue): Promise<ReturnType<typeof readHandshakeResponse> | undefined> {
  const packet = await dialogue.hear()
  return packet && readHandshakeResponse(packet.payload)
}

function claimOf(response: HandshakeResponse): Claim {
  const { user, database, collation, attributes, plugin, proof } = response
  requireReadable(collation)
  if (user === '') throw unwelcome(GREETING_ERRORS.password, 'the client names no user')
  return { user, database: database ?? '', collation, attributes, plugin, proof }
}

/** Throws `Unwelcome` for character sets in which a text is not what its bytes seem to say. */
export function requireReadable(collation: number): void {
  if (characterSetOf(collation) !== undefined) return
  throw unwelcome(
    GREETING_ERRORS.characterSet,
    `the gate does not read texts of the collation ${collation}: set the client's character set to utf8mb4`,
  )
}

/** 20 bytes that no client takes for the end of a string. */
export function freshChallenge(random: Random): Buffer {
  return Buffer.from(random.bytes(CHALLENGE_BYTES).map(byte => (byte % 127) + 1))
}
