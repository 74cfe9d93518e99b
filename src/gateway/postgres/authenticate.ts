import { asGateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import { readPassword, readSaslInitial } from '../../wire/postgres/authentication.ts'
import type { FrontendReader } from '../../wire/postgres/reader.ts'
import { ScramServer } from '../../wire/postgres/scram-server.ts'
import { makeVerifier } from '../../wire/postgres/scram-verifier.ts'
import { writeBackend } from '../../wire/postgres/writer.ts'
import type { Claimed, Identified } from '../sql/ports.ts'
import { SQLSTATE } from './complaint.ts'
import type { Newcomer } from './greeting.ts'
import type { Offered, PostgresRooms } from './ports.ts'
import type { Source } from './source.ts'
import { Unwelcome } from './unwelcome.ts'

const SALT_BYTES = 16
const NONCE_BYTES = 24

type Rooms = Pick<PostgresRooms, 'identify' | 'offered' | 'random' | 'recorder' | 'trouble'>
type Facts = Omit<Claimed, 'password' | 'certificate'>

/**
 * Has a client prove who it is: by the certificate that it came with, by SCRAM where it names credentials of the gate, else by a
 * password in the clear, within TLS. Undefined where it leaves. Rejects with `Unwelcome`, and what the reader throws.
 */
export async function authenticate(
  newcomer: Newcomer,
  clientAddress: string,
  rooms: Rooms,
): Promise<Identified | undefined> {
  const { client, user, database, secure, seen, brought } = newcomer
  const facts = { user, database, clientAddress, secure }
  if (seen.certificate !== undefined) {
    const identified = await byCertificate(facts, seen.certificate, rooms)
    if (identified !== undefined) return identified
  }
  if (brought.token !== undefined) return byScram(newcomer, brought.token, facts, rooms)
  client.socket.write(writeBackend({ kind: 'authentication', method: 'cleartext' }))
  const data = await step(client)
  if (data === undefined) return undefined
  try {
    return await rooms.identify({ ...facts, password: readPassword(data) })
  } catch (failure) {
    throw await unknown(facts, failure, rooms)
  }
}

/** Undefined where it is of nobody here: libpq sends what lies in its folder, whoever asks. Then it may have a password. */
async function byCertificate(
  facts: Facts,
  certificate: Buffer,
  rooms: Rooms,
): Promise<Identified | undefined> {
  try {
    return await rooms.identify({ ...facts, password: new Redacted(''), certificate })
  } catch (failure) {
    const error = asGateError(failure)
    if (error.code === 'internal') rooms.trouble(error)
    return undefined
  }
}

/**
 * The proof that a client knows the secret access key of the credentials that it names; the key itself is not sent. Bound to the
 * TLS connection where the client can.
 * https://www.postgresql.org/docs/current/sasl-authentication.html
 */
async function byScram(
  { client, seen }: Newcomer,
  token: string,
  facts: Facts,
  rooms: Rooms,
): Promise<Identified | undefined> {
  const offered = await offeredBy(token, facts, rooms)
  const scram = new ScramServer({
    verifier: await makeVerifier(offered.secretAccessKey, rooms.random.bytes(SALT_BYTES)),
    binding: seen.binding,
    nonce: rooms.random.bytes(NONCE_BYTES).toString('base64'),
  })
  client.socket.write(writeBackend({ kind: 'authentication', method: 'sasl', mechanisms: scram.mechanisms }))
  const initial = await step(client)
  if (initial === undefined) return undefined
  const { mechanism, data } = readSaslInitial(initial)
  try {
    const first = scram.first(mechanism, data ?? Buffer.alloc(0))
    client.socket.write(writeBackend({ kind: 'authentication', method: 'sasl-continue', data: first }))
    const proof = await step(client)
    if (proof === undefined) return undefined
    const last = scram.final(proof.reveal())
    client.socket.write(writeBackend({ kind: 'authentication', method: 'sasl-final', data: last }))
  } catch (failure) {
    if (failure instanceof Unwelcome) throw failure
    throw await unknown(facts, failure, rooms)
  }
  return { principal: offered.principal, target: offered.target }
}

async function offeredBy(token: string, facts: Facts, rooms: Rooms): Promise<Offered> {
  const at = token.indexOf(':')
  if (rooms.offered === undefined || at < 1) {
    throw new Unwelcome({
      sqlstate: SQLSTATE.password,
      message: 'the gate takes no `sallyport.token` of this form',
      hint: 'write it as ACCESS_KEY_ID:SESSION_TOKEN',
    })
  }
  const { user, database } = facts
  const [accessKeyId, sessionToken] = [token.slice(0, at), token.slice(at + 1)]
  try {
    return await rooms.offered({ accessKeyId, sessionToken, user, database })
  } catch (failure) {
    throw await unknown(facts, failure, rooms)
  }
}

/** The next password or step of SASL; undefined where the client leaves. */
async function step(client: Source<FrontendReader>): Promise<Redacted<Buffer> | undefined> {
  const frame = await client.next(reader => reader.next())
  if (frame === undefined) return undefined
  const message = client.reader.read(frame)
  if (message.kind === 'terminate') return undefined
  if (message.kind === 'authentication') return message.data
  throw new Unwelcome({
    sqlstate: SQLSTATE.protocol,
    message: 'the client sends no password where it was asked for one',
  })
}

/** Records that somebody could not prove who it is; what it is told says no more than that. */
async function unknown(facts: Facts, failure: unknown, rooms: Rooms): Promise<Unwelcome> {
  const error = asGateError(failure)
  if (error.code === 'internal') rooms.trouble(error)
  const eventId = rooms.recorder.newEventId()
  try {
    await rooms.recorder.refusal(eventId, {}, facts, error)
  } catch (unrecorded) {
    rooms.trouble(asGateError(unrecorded))
  }
  return new Unwelcome({
    sqlstate: SQLSTATE.password,
    // Which of user and password is wrong is nobody's business.
    message: `the gate does not know \`${facts.user}\` by this password`,
    detail: 'get a new password with `sallyport token`',
    hint: `event ${eventId}`,
  })
}
