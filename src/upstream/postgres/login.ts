import { GateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import { md5Password, writePassword, writeSaslInitial } from '../../wire/postgres/authentication.ts'
import type { Authentication, BackendMessage, CancelKey, Fields } from '../../wire/postgres/messages.ts'
import { ScramClient } from '../../wire/postgres/scram-client.ts'
import { writeFrontend, writeStartup } from '../../wire/postgres/writer.ts'
import type { Conversation } from './conversation.ts'
import type { ConnectOptions, PostgresConnection, PostgresLogin } from './port.ts'

const NONCE_BYTES = 24
/** That a server reports of itself; those that there are report 15. */
const MAX_SETTINGS = 256
/** The version that every server since 2003 speaks; what 3.2 adds is longer cancel keys. */
const VERSION = { major: 3, minor: 0 }

/** Whether the connection is encrypted, and what binds a proof to it. */
export interface Channel {
  readonly encrypted: boolean
  readonly binding: Buffer | undefined
}

/**
 * Logs in, and reads until the server is ready. A password leaves in the clear over TLS alone. Rejects with
 * `database-refused`, `scram-…`, `postgres-reply-…`.
 */
export async function logIn(
  talk: Conversation,
  channel: Channel,
  login: PostgresLogin,
  { random }: Pick<ConnectOptions, 'random'>,
): Promise<PostgresConnection> {
  const { user, database, settings } = login
  const parameters = [['user', user], ['database', database], ...settings] as const
  talk.socket.write(writeStartup({ kind: 'startup', version: VERSION, parameters }))
  await prove(talk, channel, login, random)
  return greeting(talk)
}

async function prove(
  talk: Conversation,
  channel: Channel,
  login: PostgresLogin,
  random: ConnectOptions['random'],
): Promise<void> {
  let scram: ScramClient | undefined
  for (;;) {
    const message = await answer(talk)
    if (message.kind !== 'authentication') throw unexpected(message)
    if (message.method === 'ok') {
      // Whoever only pretends to know the password would skip the proof.
      if (scram !== undefined && !scram.proven)
        throw refused('it ends the proof of the password before its own')
      return
    }
    scram = (await step(talk, channel, login, message, scram, random)) ?? scram
  }
}

async function step(
  talk: Conversation,
  { encrypted, binding }: Channel,
  { user, password }: PostgresLogin,
  asked: Authentication,
  scram: ScramClient | undefined,
  random: ConnectOptions['random'],
): Promise<ScramClient | undefined> {
  const send = (data: Redacted<Buffer>): void => {
    talk.socket.write(writeFrontend({ kind: 'authentication', data }))
  }
  switch (asked.method) {
    case 'cleartext':
      if (!encrypted) throw refused('it wants the password in the clear, over a connection without TLS')
      send(writePassword(await password()))
      return undefined
    case 'md5':
      if (!encrypted) throw refused('it wants the MD5 of the password, over a connection without TLS')
      send(writePassword(md5Password(await password(), user, asked.salt)))
      return undefined
    case 'sasl': {
      const nonce = random.bytes(NONCE_BYTES).toString('base64')
      const client = new ScramClient({
        password: await password(),
        mechanisms: asked.mechanisms,
        binding,
        nonce,
      })
      send(writeSaslInitial({ mechanism: client.mechanism, data: client.first() }))
      return client
    }
    case 'sasl-continue':
      if (scram === undefined) throw refused('it goes on with a proof that was not begun')
      send(new Redacted(await scram.final(asked.data)))
      return scram
    case 'sasl-final':
      if (scram === undefined) throw refused('it ends a proof that was not begun')
      scram.verify(asked.data)
      return scram
    default:
      throw refused(`it wants \`${asked.method}\`, which the gate does not speak`)
  }
}

/** What a server says before it is ready: settings, the key to cancel, notices. */
async function greeting(talk: Conversation): Promise<PostgresConnection> {
  const parameters = new Map<string, string>()
  let cancelKey: CancelKey | undefined
  for (;;) {
    const message = await answer(talk)
    if (message.kind === 'parameter-status') {
      if (parameters.size === MAX_SETTINGS) throw refused(`it reports more than ${MAX_SETTINGS} settings`)
      parameters.set(message.name, message.value)
    } else if (message.kind === 'backend-key') cancelKey = message.key
    else if (message.kind === 'ready') {
      talk.leave()
      const { socket, reader } = talk
      return {
        socket,
        reader,
        parameters,
        state: message.state,
        ...(cancelKey === undefined ? {} : { cancelKey }),
      }
    } else if (message.kind !== 'notice' && message.kind !== 'negotiate-version') throw unexpected(message)
  }
}

/** The next message that is no error. */
async function answer(talk: Conversation): Promise<BackendMessage> {
  const message = await talk.message()
  if (message.kind !== 'error') return message
  throw refused(`it says \`${field(message.fields, 'C')}\`: ${field(message.fields, 'M').slice(0, 500)}`)
}

function field(fields: Fields, letter: string): string {
  return fields.find(([name]) => name === letter)?.[1] ?? ''
}

function refused(why: string): GateError {
  return new GateError('database-refused', `the database server does not let the gate in: ${why}`)
}

function unexpected({ kind }: BackendMessage): GateError {
  return refused(`it sends \`${kind}\`, which has no place there`)
}
