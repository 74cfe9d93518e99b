import type { Socket } from 'node:net'
import { GateError } from '../../core/errors.ts'
import { endPointBinding } from '../../wire/postgres/channel-binding.ts'
import type { CancelKey } from '../../wire/postgres/messages.ts'
import { writeFrontend, writeStartup } from '../../wire/postgres/writer.ts'
import { secure, withinTime } from '../database-socket.ts'
import { Conversation } from './conversation.ts'
import { type Channel, logIn } from './login.ts'
import type { ConnectOptions, PostgresConnection, PostgresLogin, PostgresPlace } from './port.ts'

/**
 * Opens a connection to a PostgreSQL server and logs in. With TLS the server's certificate is verified before anything is
 * said. Rejects with `database-unreachable`, `database-tls`, `database-refused`.
 */
export async function connectPostgres(
  place: PostgresPlace,
  login: PostgresLogin,
  options: ConnectOptions,
): Promise<PostgresConnection> {
  return withinTime(place, options, async (socket, onWait) => {
    const { talk, channel } = await openChannel(socket, place, onWait)
    return logIn(talk, channel, login, options)
  })
}

/** Asks the server to cancel what a connection is at. Resolves when the server has taken note; it answers nothing. */
export async function cancelPostgres(
  place: PostgresPlace,
  key: CancelKey,
  options: ConnectOptions,
): Promise<void> {
  await withinTime(place, options, async (socket, onWait) => {
    const { talk } = await openChannel(socket, place, onWait)
    talk.leave()
    // A server that ends meanwhile has nothing left to cancel; `close` follows.
    talk.socket.on('error', () => talk.socket.destroy())
    const ended = new Promise<void>(resolve => talk.socket.once('close', () => resolve()))
    talk.socket.end(writeStartup({ kind: 'cancel', key }))
    talk.socket.resume()
    await ended
  })
}

/** Says good-bye, so that the server need not find out. */
export function leavePostgres({ socket }: PostgresConnection): void {
  if (socket.destroyed) return
  socket.end(writeFrontend({ kind: 'terminate' }))
}

type OnWait = (talk: Conversation) => void

/** Asks for TLS, in the way that every server since 2000 knows, and verifies who answers. */
async function openChannel(
  socket: Socket,
  { tls, host }: PostgresPlace,
  onWait: OnWait,
): Promise<{ readonly talk: Conversation; readonly channel: Channel }> {
  const plain = new Conversation(socket)
  onWait(plain)
  if (tls.kind === 'none') return { talk: plain, channel: { encrypted: false, binding: undefined } }
  socket.write(writeStartup({ kind: 'ssl-request' }))
  if ((await plain.encryptionReply()) !== 'S') {
    throw new GateError('database-tls', 'the database server does not take TLS')
  }
  plain.reader.requireNothingBuffered()
  plain.leave()
  const secured = await secure(socket, tls.name ?? host, tls.ca)
  const talk = new Conversation(secured)
  onWait(talk)
  const certificate = secured.getPeerCertificate().raw
  return { talk, channel: { encrypted: true, binding: endPointBinding(certificate) } }
}
