import type { Clock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { FetchJson } from './fetch-json.ts'
import { type Issuer, isLoopback, isTrustworthy } from './issuer.ts'
import { type KeySet, readKeySet } from './key-set.ts'

export interface KeySourceOptions {
  readonly issuer: Issuer
  readonly fetchJson: FetchJson
  readonly clock: Clock
  /** How long keys are used without asking again, ms. */
  readonly freshMs?: number
  /** How long keys are used at most while the issuer cannot be reached, ms. */
  readonly staleMs?: number
  /** Least time between two attempts to fetch, whatever clients send, ms. */
  readonly coolDownMs?: number
}

interface Held {
  readonly keys: KeySet
  readonly fetchedAtMs: number
}

/**
 * The current keys of an issuer: fetched when first needed, kept, and fetched again when they are old or a
 * token names a key that is not among them. However many tokens come with made-up key ids, the issuer is
 * asked once per cool-down.
 */
export class KeySource {
  readonly #options: KeySourceOptions
  readonly #freshMs: number
  readonly #staleMs: number
  readonly #coolDownMs: number
  #held: Held | undefined
  #triedAtMs = Number.NEGATIVE_INFINITY
  #inFlight: Promise<void> | undefined
  #failure: unknown

  constructor(options: KeySourceOptions) {
    this.#options = options
    this.#freshMs = options.freshMs ?? 600_000
    this.#staleMs = options.staleMs ?? 3_600_000
    this.#coolDownMs = options.coolDownMs ?? 30_000
  }

  /**
   * The key for an algorithm and a key id; undefined where the issuer has none. The key is current, or at
   * most `staleMs` old while the issuer is down; then throws `issuer-unreachable`.
   */
  async find(alg: string, kid: string | undefined): Promise<Awaited<ReturnType<KeySet['find']>>> {
    if (this.#ageMs() > this.#freshMs) await this.#refresh()
    const key = await this.#current().find(alg, kid)
    if (key !== undefined || !this.#mayTry()) return key
    await this.#refresh()
    return this.#current().find(alg, kid)
  }

  #ageMs(): number {
    return this.#options.clock.now() - (this.#held?.fetchedAtMs ?? Number.NEGATIVE_INFINITY)
  }

  #current(): KeySet {
    if (this.#held !== undefined && this.#ageMs() <= this.#staleMs) return this.#held.keys
    throw new GateError(
      'issuer-unreachable',
      `the keys of the issuer \`${this.#options.issuer.name}\` cannot be had at the moment`,
      { cause: this.#failure },
    )
  }

  #mayTry(): boolean {
    return this.#inFlight !== undefined || this.#options.clock.now() - this.#triedAtMs >= this.#coolDownMs
  }

  /** One fetch at a time, and none within the cool-down; a failure leaves what is held. */
  async #refresh(): Promise<void> {
    if (!this.#mayTry()) return
    if (this.#inFlight === undefined) {
      this.#triedAtMs = this.#options.clock.now()
      this.#inFlight = this.#fetch().finally(() => {
        this.#inFlight = undefined
      })
    }
    await this.#inFlight
  }

  async #fetch(): Promise<void> {
    try {
      const keys = readKeySet(await this.#document())
      this.#held = { keys, fetchedAtMs: this.#options.clock.now() }
      this.#failure = undefined
    } catch (error) {
      this.#failure = error
    }
  }

  async #document(): Promise<unknown> {
    const { issuer, fetchJson } = this.#options
    if (issuer.keys.from === 'text') return JSON.parse(issuer.keys.text)
    return fetchJson(keySetUrl(issuer, await fetchJson(discoveryUrl(issuer.keys.url))))
  }
}

/** https://openid.net/specs/openid-connect-discovery-1_0.html, section 4: the path is appended. */
function discoveryUrl(issuer: URL): URL {
  return new URL(`${issuer.href.replace(/\/$/, '')}/.well-known/openid-configuration`)
}

/**
 * Where the discovery document says the keys are. The document must be of this very issuer, and may send
 * the gate to no place that is less protected than where it came from, nor to the gate's own machine.
 */
function keySetUrl(issuer: Issuer, document: unknown): URL {
  const stated = isRecord(document) ? document['issuer'] : undefined
  if (stated !== issuer.iss) throw new Error('the discovery document is of another issuer')
  const jwksUri = isRecord(document) ? document['jwks_uri'] : undefined
  if (typeof jwksUri !== 'string' || !URL.canParse(jwksUri)) throw new Error('`jwks_uri` is not a URL')
  const url = new URL(jwksUri)
  const isLocal = issuer.keys.from === 'discovery' && isLoopback(issuer.keys.url)
  if (!isTrustworthy(url) || (isLoopback(url) && !isLocal) || url.username !== '' || url.password !== '') {
    throw new Error(`\`jwks_uri\` leads to \`${url.origin}\`, where the gate does not follow`)
  }
  return url
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
