import type { Socket } from 'node:net'
import type { CancelKey, PostgresVersion, Setting } from '../../wire/postgres/messages.ts'
import { FrontendReader } from '../../wire/postgres/reader.ts'
import { writeBackend } from '../../wire/postgres/writer.ts'
import { SQLSTATE, type Words } from './complaint.ts'
import { beginsWithTls, type EncryptionOptions, encrypted, type Seen, seenOf } from './encryption.ts'
import { Source } from './source.ts'
import { type StartupSettings, startupSettings } from './startup-settings.ts'
import { Unwelcome } from './unwelcome.ts'

/** A client that has said as whom it comes, and has proven nothing. */
export interface Newcomer {
  readonly kind: 'client'
  readonly client: Source<FrontendReader>
  /** The version of the protocol that both speak. */
  readonly version: PostgresVersion
  readonly user: string
  readonly database: string
  readonly brought: StartupSettings
  readonly secure: boolean
  readonly seen: Seen
}

/** How a client comes in. */
export type Greeted = Newcomer | { readonly kind: 'cancel'; readonly key: CancelKey }

export interface GreetingOptions {
  /** For TLS with clients; without one nobody can give a password, unless `allowPlain`. */
  readonly encryption?: EncryptionOptions
  /** Takes passwords in the clear: for a socket that does not leave the machine. */
  readonly allowPlain?: boolean
}

/** The newest version that the gate speaks: what it adds to 3.0 is longer keys to cancel by. */
const NEWEST = { major: 3, minor: 2 }
const OLDEST = { major: 3, minor: 0 }
const UNSEEN: Seen = { isNamed: false }
const PLAIN: Words = {
  sqlstate: SQLSTATE.identity,
  message: 'the gate takes connections over TLS alone: set sslmode=require',
}

/**
 * Takes the startup packets of a client. Undefined where it leaves. Rejects with `Unwelcome`, and what the reader throws.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
 *
 * @param onTls told of the socket that stands for the client from then on
 */
export async function greet(
  socket: Socket,
  options: GreetingOptions,
  onTls: (secured: Socket) => void,
): Promise<Greeted | undefined> {
  const isDirect = await beginsWithTls(socket)
  if (isDirect === undefined) return undefined
  if (!isDirect) return greetPlain(socket, options, onTls)
  if (options.encryption === undefined) throw new Unwelcome(without('TLS'))
  return greetSecure(socket, options.encryption, onTls, true)
}

/** What comes before TLS: a client may ask for each kind of encryption once. */
async function greetPlain(
  socket: Socket,
  { encryption, allowPlain }: GreetingOptions,
  onTls: (secured: Socket) => void,
): Promise<Greeted | undefined> {
  const client = new Source(socket, new FrontendReader())
  const requests = new Set<string>()
  for (;;) {
    const packet = await client.next(reader => reader.nextStartup())
    if (packet === undefined) return undefined
    if (packet.kind === 'cancel') return packet
    if (packet.kind === 'startup') {
      if (allowPlain !== true) throw new Unwelcome(PLAIN)
      return newcomer(client, packet, false, UNSEEN)
    }
    if (requests.has(packet.kind)) throw new Unwelcome(again())
    requests.add(packet.kind)
    if (packet.kind === 'ssl-request' && encryption !== undefined) {
      client.reader.requireNothingBuffered()
      client.leave()
      socket.write('S')
      return greetSecure(socket, encryption, onTls, false)
    }
    socket.write('N')
  }
}

async function greetSecure(
  socket: Socket,
  encryption: EncryptionOptions,
  onTls: (secured: Socket) => void,
  isDirect: boolean,
): Promise<Greeted | undefined> {
  const secured = encrypted(socket, encryption)
  onTls(secured)
  const client = new Source(secured, new FrontendReader())
  const packet = await client.next(reader => reader.nextStartup())
  if (packet === undefined) return undefined
  const seen = seenOf(secured)
  // Else somebody could make another protocol's client speak to the gate: https://alpaca-attack.com
  if (isDirect && !seen.isNamed) throw new Unwelcome(without('ALPN `postgresql`'))
  if (packet.kind === 'cancel') return packet
  if (packet.kind !== 'startup') throw new Unwelcome(again())
  return newcomer(client, packet, true, seen)
}

interface Startup {
  readonly version: PostgresVersion
  readonly parameters: readonly Setting[]
}

function newcomer(
  client: Source<FrontendReader>,
  { version: asked, parameters }: Startup,
  secure: boolean,
  seen: Seen,
): Newcomer {
  const version = asked.minor >= NEWEST.minor ? NEWEST : OLDEST
  const unknown = parameters.map(([name]) => name).filter(name => name.startsWith('_pq_.'))
  if (asked.minor !== version.minor || unknown.length > 0) {
    client.socket.write(writeBackend({ kind: 'negotiate-version', version, unknown }))
  }
  const brought = startupSettings(parameters)
  if ('sqlstate' in brought) throw new Unwelcome(brought)
  const settingOf = (name: string): string => parameters.find(([each]) => each === name)?.[1] ?? ''
  const user = settingOf('user')
  if (user === '') throw new Unwelcome({ sqlstate: SQLSTATE.identity, message: 'the client names no user' })
  return {
    kind: 'client',
    client,
    version,
    user,
    database: settingOf('database') || user,
    brought,
    secure,
    seen,
  }
}

function without(what: string): Words {
  return { sqlstate: SQLSTATE.protocol, message: `a TLS connection without ${what} is not for this gate` }
}

function again(): Words {
  return {
    sqlstate: SQLSTATE.protocol,
    message: 'the client asks for encryption again, where it was answered',
  }
}
