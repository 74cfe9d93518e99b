import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import { readPassword } from '../../wire/postgres/authentication.ts'
import type { CancelKey, Setting } from '../../wire/postgres/messages.ts'
import { FrontendReader } from '../../wire/postgres/reader.ts'
import { writeBackend } from '../../wire/postgres/writer.ts'
import type { Claimed } from '../sql/ports.ts'
import { SQLSTATE, writeError } from './complaint.ts'
import { farewell, Source } from './source.ts'

/** How a client comes in. */
export type Greeted =
  | {
      readonly kind: 'client'
      readonly client: Source<FrontendReader>
      readonly claimed: Claimed
      readonly settings: readonly Setting[]
    }
  | { readonly kind: 'cancel'; readonly key: CancelKey }

export interface GreetingOptions {
  /** For TLS with clients; without one nobody can give a password, unless `allowPlain`. */
  readonly secureContext?: SecureContext
  /** Takes passwords in the clear: for a socket that does not leave the machine. */
  readonly allowPlain?: boolean
}

/** Why a client is not let in; it is told so. */
export class Unwelcome extends Error {
  override readonly name = 'Unwelcome'
  readonly sqlstate: string
  readonly client: Source<FrontendReader>

  constructor(sqlstate: string, message: string, client: Source<FrontendReader>) {
    super(message)
    this.sqlstate = sqlstate
    this.client = client
  }
}

/** Settings that a client may bring along, by their names in lower case: none changes what its SQL means. */
const SETTINGS: ReadonlySet<string> = new Set([
  'application_name',
  'datestyle',
  'timezone',
  'intervalstyle',
  'extra_float_digits',
  'statement_timeout',
  'lock_timeout',
])
const UTF8: ReadonlySet<string> = new Set(['utf8', 'utf-8', 'unicode'])

/**
 * Takes the startup packets of a client and its password, over TLS alone. Undefined where it leaves. Rejects with
 * `Unwelcome`, and what the reader throws.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
 */
export async function greet(socket: Socket, options: GreetingOptions): Promise<Greeted | undefined> {
  let client = new Source(socket, new FrontendReader())
  let secure = false
  for (;;) {
    const packet = await client.next(reader => reader.nextStartup())
    if (packet === undefined) return undefined
    if (packet.kind === 'cancel') {
      client.socket.end()
      return { kind: 'cancel', key: packet.key }
    }
    if (packet.kind === 'startup') {
      if (!secure && options.allowPlain !== true) {
        throw new Unwelcome(
          SQLSTATE.identity,
          'the gate takes connections over TLS alone: set sslmode=require',
          client,
        )
      }
      return welcome(client, packet, secure)
    }
    if (packet.kind === 'gss-request' || options.secureContext === undefined || secure) {
      client.socket.write('N')
      continue
    }
    client.reader.requireNothingBuffered()
    client.leave()
    socket.write('S')
    client = new Source(encrypted(socket, options.secureContext), new FrontendReader())
    secure = true
  }
}

function encrypted(socket: Socket, secureContext: SecureContext): TLSSocket {
  return new TLSSocket(socket, { isServer: true, secureContext })
}

interface Startup {
  readonly version: { readonly minor: number }
  readonly parameters: readonly Setting[]
}

async function welcome(
  client: Source<FrontendReader>,
  { version, parameters }: Startup,
  secure: boolean,
): Promise<Greeted | undefined> {
  const unknown = parameters.map(([name]) => name).filter(name => name.startsWith('_pq_.'))
  if (version.minor > 0 || unknown.length > 0) {
    client.socket.write(writeBackend({ kind: 'negotiate-version', version: { major: 3, minor: 0 }, unknown }))
  }
  const settings = settingsOf(client, parameters)
  const settingOf = (name: string): string | undefined => parameters.find(([each]) => each === name)?.[1]
  const user = settingOf('user') ?? ''
  if (user === '') throw new Unwelcome(SQLSTATE.identity, 'the client names no user', client)
  client.socket.write(writeBackend({ kind: 'authentication', method: 'cleartext' }))
  const frame = await client.next(reader => reader.next())
  if (frame === undefined) return undefined
  const message = client.reader.read(frame)
  if (message.kind === 'terminate') return undefined
  if (message.kind !== 'authentication') {
    throw new Unwelcome(SQLSTATE.protocol, 'the client sends no password where it was asked for one', client)
  }
  const claimed = {
    user,
    database: settingOf('database') ?? user,
    password: readPassword(message.data),
    clientAddress: client.socket.remoteAddress ?? '',
    secure,
  }
  return { kind: 'client', client, claimed, settings }
}

function settingsOf(client: Source<FrontendReader>, parameters: readonly Setting[]): readonly Setting[] {
  // A server whose own encoding is another one would speak that.
  const settings: Setting[] = [['client_encoding', 'UTF8']]
  for (const [name, value] of parameters) {
    const lower = name.toLowerCase()
    if (['user', 'database'].includes(name) || name.startsWith('_pq_.')) continue
    if (lower === 'client_encoding' && UTF8.has(value.toLowerCase())) continue
    if (name === 'replication' && ['false', 'off', 'no', '0'].includes(value)) continue
    if (!SETTINGS.has(lower)) {
      const why = `the gate does not take \`${name}\` when a client connects: use SET`
      throw new Unwelcome(
        SQLSTATE.unsupported,
        name === 'replication' ? 'the gate carries no replication' : why,
        client,
      )
    }
    settings.push([name, value])
  }
  return settings
}

/** Tells a client why it is not let in, and lets it go. */
export function turnAway({ socket }: Source<FrontendReader>, sqlstate: string, message: string): void {
  farewell(socket, writeError({ sqlstate, message }, 'FATAL'))
}
