/**
 * Has a client prove who it is. Its password is a token that the gate has to read, so that no digest of it will do: the full
 * exchange of `caching_sha2_password`, or `mysql_clear_password` where the client begins with it; within TLS, both.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html
 */
import type { Random } from '../../core/clock.ts'
import { asGateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import { CACHING_SHA2, CLEAR, readClearPassword, SHA2_FULL } from '../../wire/mysql/passwords.ts'
import { writeAuthenticationReply } from '../../wire/mysql/writer.ts'
import type { Claimed, ClientFacts, Identified } from '../sql/ports.ts'
import type { Dialogue } from './dialogue.ts'
import { type Claim, freshChallenge } from './greeting.ts'
import type { MysqlRooms } from './ports.ts'
import { GREETING_ERRORS, type Unwelcome, unwelcome } from './unwelcome.ts'

type Rooms = Pick<MysqlRooms, 'identify' | 'random' | 'recorder' | 'trouble'>

/** A client that comes, over TLS. */
export interface Coming {
  readonly dialogue: Dialogue
  readonly claim: Claim
  readonly facts: ClientFacts
  readonly certificate?: Buffer
}

/** By its certificate, else by a password. Undefined where it leaves. Rejects with `Unwelcome`, and what the reader throws. */
export async function authenticate(coming: Coming, rooms: Rooms): Promise<Identified | undefined> {
  const { dialogue, claim, facts, certificate } = coming
  const claimed = { user: claim.user, database: claim.database, ...facts }
  if (certificate !== undefined) {
    const identified = await byCertificate({ ...claimed, password: new Redacted(''), certificate }, rooms)
    if (identified !== undefined) return identified
  }
  const password = await passwordOf(dialogue, claim, rooms.random)
  if (password === undefined) return undefined
  try {
    return await rooms.identify({ ...claimed, password })
  } catch (failure) {
    throw await unknown(claimed, failure, rooms)
  }
}

/** Undefined where it is of nobody here; then it may have a password. */
async function byCertificate(claimed: Claimed, rooms: Rooms): Promise<Identified | undefined> {
  try {
    return await rooms.identify(claimed)
  } catch (failure) {
    const error = asGateError(failure)
    if (error.code === 'internal') rooms.trouble(error)
    return undefined
  }
}

/** The password, as it was typed; empty where the client has none. Undefined where it leaves. */
async function passwordOf(
  dialogue: Dialogue,
  { plugin, proof }: Claim,
  random: Random,
): Promise<Redacted | undefined> {
  const first = proof.reveal()
  if (plugin === CLEAR) return first.length === 0 ? new Redacted('') : readClearPassword(first)
  if (plugin === CACHING_SHA2) return fullPassword(dialogue, first)
  // Most clients know caching_sha2_password, and begin with another since it was the default when they were made.
  const challenge = Buffer.concat([freshChallenge(random), Buffer.alloc(1)])
  dialogue.say(writeAuthenticationReply({ kind: 'auth-switch', plugin: CACHING_SHA2, challenge }))
  const packet = await dialogue.hear()
  return packet && fullPassword(dialogue, packet.payload)
}

/** @param proof that the client knows its password: empty where it has none, and else nothing that the gate could check */
async function fullPassword(dialogue: Dialogue, proof: Buffer): Promise<Redacted | undefined> {
  // Some send a zero byte for no password.
  if (proof.length === 0 || (proof.length === 1 && proof[0] === 0)) return new Redacted('')
  dialogue.say(writeAuthenticationReply({ kind: 'auth-more', data: Buffer.of(SHA2_FULL) }))
  const packet = await dialogue.hear()
  return packet && readClearPassword(packet.payload)
}

/** Records that somebody could not prove who it is; what it is told says no more than that. */
async function unknown(facts: Omit<Claimed, 'password'>, failure: unknown, rooms: Rooms): Promise<Unwelcome> {
  const error = asGateError(failure)
  if (error.code === 'internal') rooms.trouble(error)
  const eventId = rooms.recorder.newEventId()
  try {
    await rooms.recorder.refusal(eventId, {}, facts, error)
  } catch (unrecorded) {
    rooms.trouble(asGateError(unrecorded))
  }
  // Which of user and password is wrong is nobody's business.
  const message = `the gate does not know \`${facts.user.slice(0, 100)}\` by this password`
  return unwelcome(
    GREETING_ERRORS.password,
    `${message}; get a new one with \`sallyport token\` (event ${eventId})`,
  )
}
