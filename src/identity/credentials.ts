/**
 * The credentials that the gate issues: they look like AWS's, work nowhere else, and are verified
 * without a look-up by any replica that has the key file.
 */

import { hash } from 'node:crypto'
import QuickLRU from 'quick-lru'
import type { Clock, Random } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import type { Redacted } from '../core/redacted.ts'
import type { Keyring } from './keyring.ts'
import { deriveSecret, MAX_TOKEN_CHARS, openToken, sealToken, splitToken } from './sealed-token.ts'
import { readClaims, type SessionClaims, writeClaims } from './session-claims.ts'

/** Credentials as a client gets them, once. */
export interface IssuedCredentials {
  /** `ASIA` and 16 characters of base 32. */
  readonly accessKeyId: string
  readonly secretAccessKey: Redacted
  readonly sessionToken: Redacted
  readonly expiresAtMs: number
}

/** Authentic, live credentials: who signs with them. The request's signature has not been verified yet. */
export interface OpenedCredentials {
  readonly principal: Principal
  readonly accessKeyId: string
  /** The same object for as long as the credentials stay cached: signing keys are kept by it. */
  readonly secretAccessKey: Redacted
  /** Set for an S3 Express session: the one bucket that it is for. */
  readonly expressBucket?: string
}

/** Which header the session token came in: `x-amz-security-token`, or `x-amz-s3session-token`. */
export type TokenUse = 'session' | 's3express'

export interface GateCredentialsOptions {
  readonly keyring: Keyring
  readonly clock: Clock
  readonly random: Random
  /** Most credentials kept open; each is about 5 KB. */
  readonly cacheSize?: number
}

interface Cached {
  readonly keyId: string
  readonly opened: OpenedCredentials
}

const GATE_KEY_ID = /^ASIA[A-Z2-7]{16}$/
const AWS_KEY_ID = /^A[A-Z]IA[A-Z0-9]{12,28}$/
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export class GateCredentials {
  readonly #options: GateCredentialsOptions
  readonly #cache: QuickLRU<string, Cached>

  constructor(options: GateCredentialsOptions) {
    this.#options = options
    // QuickLRU keeps up to twice its size.
    this.#cache = new QuickLRU({ maxSize: Math.max(1, Math.floor((options.cacheSize ?? 10_000) / 2)) })
  }

  /** Credentials for a session that has just been decided on. Throws `sts-too-large`. */
  issue(claims: SessionClaims): IssuedCredentials {
    const { keyring, random } = this.#options
    const key = keyring.sealing()
    let accessKeyId = 'ASIA'
    for (const byte of random.bytes(16)) accessKeyId += BASE32.charAt(byte & 31)
    return {
      accessKeyId,
      secretAccessKey: deriveSecret(key, accessKeyId),
      sessionToken: sealToken(key, accessKeyId, writeClaims(claims), random),
      expiresAtMs: claims.principal.expiresAtMs,
    }
  }

  /**
   * The principal of an access key id and a session token. Throws `credentials-not-gate` for what another
   * than the gate issued, `credentials-invalid`, `credentials-expired`. Messages name no key id of AWS and
   * never a token. Whether a person has ended the session is for `Revocations` to say.
   */
  open(accessKeyId: string, sessionToken: string | undefined, use: TokenUse = 'session'): OpenedCredentials {
    if (!GATE_KEY_ID.test(accessKeyId) || sessionToken === undefined)
      throw notOfTheGate(accessKeyId, sessionToken)
    if (sessionToken.length > MAX_TOKEN_CHARS)
      throw invalid('the session token is too long to be one of the gate')
    const cacheKey = hash('sha256', `${accessKeyId}${sessionToken}`, 'base64')
    const cached = this.#cache.get(cacheKey)
    const entry = cached ?? this.#verify(accessKeyId, sessionToken)
    // A key that was taken out of the ring takes with it what was opened by it.
    if (cached !== undefined && this.#options.keyring.find(cached.keyId) === undefined) {
      this.#cache.delete(cacheKey)
      throw invalid('the key that sealed this session token has been retired')
    }
    this.#refuseEnded(entry.opened)
    refuseMisuse(entry.opened, use)
    if (cached === undefined) this.#cache.set(cacheKey, entry)
    return entry.opened
  }

  #verify(accessKeyId: string, sessionToken: string): Cached {
    const parts = splitToken(sessionToken)
    if (parts === undefined) throw notOfTheGate(accessKeyId, sessionToken)
    const key = this.#options.keyring.find(parts.keyId)
    if (key === undefined)
      throw invalid('the session token is sealed with a key that this gate does not have')
    const text = openToken(key, accessKeyId, parts)
    if (text === undefined) throw invalid(`the session token is not authentic for \`${accessKeyId}\``)
    const claims = readClaims(text)
    if (claims === undefined) throw invalid('the session token was issued by another version of the gate')
    return {
      keyId: parts.keyId,
      opened: {
        ...claims,
        accessKeyId,
        secretAccessKey: deriveSecret(key, accessKeyId),
      },
    }
  }

  #refuseEnded({ principal }: OpenedCredentials): void {
    const nowMs = this.#options.clock.now()
    if (nowMs >= principal.expiresAtMs) {
      const ended = new Date(principal.expiresAtMs).toISOString()
      throw new GateError('credentials-expired', `the credentials expired at \`${ended}\``)
    }
  }
}

function refuseMisuse(opened: OpenedCredentials, use: TokenUse): void {
  if (use === 's3express' && opened.expressBucket === undefined) {
    throw invalid('an S3 Express call needs credentials of CreateSession, not of a role session')
  }
  if (use === 'session' && opened.expressBucket !== undefined) {
    throw invalid(`these credentials are of an S3 Express session for \`${opened.expressBucket}\` alone`)
  }
}

/** What somebody sent here that another issued: the message says what it seems to be, and repeats none of it. */
function notOfTheGate(accessKeyId: string, sessionToken: string | undefined): GateError {
  let seems = 'the access key id is not in the form of one'
  if (GATE_KEY_ID.test(accessKeyId)) {
    seems =
      sessionToken === undefined ? 'there is no session token' : 'the session token is not one of the gate'
  } else if (AWS_KEY_ID.test(accessKeyId)) {
    seems = accessKeyId.startsWith('AKIA')
      ? 'this is a long-term key of an IAM user'
      : 'this is a key of AWS itself'
  }
  return new GateError(
    'credentials-not-gate',
    `the call is not signed with credentials of this gate: ${seems}`,
  )
}

function invalid(message: string): GateError {
  return new GateError('credentials-invalid', message)
}
