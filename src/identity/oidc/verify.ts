/**
 * From a token of an OIDC issuer to a verified identity.
 * Sources: OpenID Connect Core 1.0, 3.1.3.7; RFC 7519 (JWT); RFC 8725 (JWT best current practices).
 */

import { compactVerify } from 'jose'
import type { Clock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { checkIssuer, type Issuer, type IssuerConfig } from './issuer.ts'
import { KeySource, type KeySourceOptions } from './key-source.ts'
import { readTokenForm } from './token-form.ts'

/** An identity that its issuer vouched for. Everything in it has been verified. */
export interface VerifiedIdentity {
  readonly issuer: Issuer
  /** `sub`, 1 to 255 characters. */
  readonly subject: string
  /** `aud`; at least one is the gate's. */
  readonly audiences: readonly string[]
  /** Every claim of the token, as stated. */
  readonly claims: JsonObject
  /** When the token ends, ms. */
  readonly expiresAtMs: number
}

export interface IssuersOptions
  extends Pick<KeySourceOptions, 'fetchJson' | 'freshMs' | 'staleMs' | 'coolDownMs'> {
  readonly issuers: readonly IssuerConfig[]
  readonly clock: Clock
}

/** How far the clocks of an issuer and of the gate may be apart, s. */
const TOLERANCE_S = 60
/** A token that claims to be issued longer ago was not made for the exchange, s. */
const MAX_AGE_S = 86_400 * 31
const MAX_SUBJECT_CHARS = 255

/** The configured issuers, by what `iss` says. */
export class Issuers {
  readonly #clock: Clock
  readonly #byIss: ReadonlyMap<string, { readonly issuer: Issuer; readonly keys: KeySource }>

  /** Throws `issuer-misconfigured`. Fetches nothing yet. */
  constructor(options: IssuersOptions) {
    this.#clock = options.clock
    const byIss = new Map<string, { readonly issuer: Issuer; readonly keys: KeySource }>()
    const taken = new Set<string>()
    for (const config of options.issuers) {
      const issuer = checkIssuer(config)
      // Trust policies mean an issuer by any of these: none may mean two.
      const meanings = new Set([issuer.name, issuer.iss, issuer.provider].map(each => each.toLowerCase()))
      for (const meaning of meanings) {
        if (taken.has(meaning)) {
          throw new GateError('issuer-misconfigured', `\`${meaning}\` could mean two of the issuers`)
        }
        taken.add(meaning)
      }
      byIss.set(issuer.iss, { issuer, keys: new KeySource({ ...options, issuer }) })
    }
    this.#byIss = byIss
  }

  /**
   * Verifies a token: form, issuer, signature, times, audience, subject; in this order, so that nothing
   * a stranger wrote is looked at more than it must be. Throws `identity-token-invalid`,
   * `identity-token-expired`, `identity-token-rejected`, `issuer-unreachable`. A token may be used again
   * until it expires, as at AWS.
   */
  async verify(token: string): Promise<VerifiedIdentity> {
    const { alg, kid, claims } = readTokenForm(token)
    const iss = claims['iss']
    const known = typeof iss === 'string' ? this.#byIss.get(iss) : undefined
    if (known === undefined) throw invalid('no configured issuer is its `iss`')
    const key = await known.keys.find(alg, kid)
    if (key === undefined) throw invalid(`the issuer \`${known.issuer.name}\` has no such key for ${alg}`)
    try {
      await compactVerify(token, key, { algorithms: [alg] })
    } catch (error) {
      throw invalid('its signature does not verify', error)
    }
    const expiresAtMs = this.#checkTimes(claims) * 1000
    return {
      issuer: known.issuer,
      audiences: checkAudience(known.issuer, claims['aud']),
      subject: checkSubject(claims['sub']),
      claims,
      expiresAtMs,
    }
  }

  /** Returns `exp`, in s. */
  #checkTimes(claims: JsonObject): number {
    const nowS = this.#clock.now() / 1000
    const exp = numericDate(claims, 'exp')
    const nbf = numericDate(claims, 'nbf')
    const iat = numericDate(claims, 'iat')
    if (exp === undefined) throw invalid('it has no `exp`')
    if (nowS >= exp + TOLERANCE_S) {
      throw new GateError('identity-token-expired', `the web identity token expired at \`${iso(exp)}\``)
    }
    if (nbf !== undefined && nbf > nowS + TOLERANCE_S) throw invalid(`it is not valid before \`${iso(nbf)}\``)
    if (iat !== undefined && iat > nowS + TOLERANCE_S)
      throw invalid(`it says it was issued at \`${iso(iat)}\``)
    if (iat !== undefined && iat > exp) throw invalid('it says it was issued after it expires')
    if (iat !== undefined && nowS - iat > MAX_AGE_S) throw invalid('it was issued more than 31 days ago')
    return exp
  }
}

function numericDate(claims: JsonObject, name: string): number | undefined {
  const value = claims[name]
  if (value === undefined) return undefined
  if (typeof value !== 'number' || value < 0 || value > 253_402_300_799)
    throw invalid(`its \`${name}\` is no time`)
  return value
}

function iso(timeS: number): string {
  return new Date(timeS * 1000).toISOString()
}

function checkAudience(issuer: Issuer, aud: Json | undefined): readonly string[] {
  const audiences = typeof aud === 'string' ? [aud] : aud
  if (!Array.isArray(audiences) || !audiences.every(each => typeof each === 'string')) {
    throw new GateError(
      'identity-token-rejected',
      'the `aud` of the web identity token is missing or no string',
    )
  }
  if (audiences.length > 64 || !audiences.some(each => issuer.audiences.includes(each))) {
    throw new GateError(
      'identity-token-rejected',
      `the \`aud\` of the web identity token is not an audience of the issuer \`${issuer.name}\``,
    )
  }
  return audiences
}

function checkSubject(sub: Json | undefined): string {
  if (typeof sub !== 'string' || sub === '' || sub.length > MAX_SUBJECT_CHARS || hasControl(sub)) {
    throw new GateError(
      'identity-token-rejected',
      `the \`sub\` of the web identity token must be 1 to ${MAX_SUBJECT_CHARS} printable characters`,
    )
  }
  return sub
}

/** Control characters would let a subject forge lines wherever it is shown. */
function hasControl(text: string): boolean {
  return /\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u.test(text)
}

function invalid(why: string, cause?: unknown): GateError {
  return new GateError('identity-token-invalid', `the web identity token is not valid: ${why}`, { cause })
}
