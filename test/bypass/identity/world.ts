/** What an attack on identity works with: a real issuer's keys, a real STS, and roles that trust little. */

import {
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  type KeyPairKeyObjectResult,
  sign,
} from 'node:crypto'
import { ManualClock, type Random } from '../../../src/core/clock.ts'
import type { Context } from '../../../src/core/decision.ts'
import type { JsonObject } from '../../../src/core/json.ts'
import { GateCredentials } from '../../../src/identity/credentials.ts'
import { Keyring } from '../../../src/identity/keyring.ts'
import { Issuers } from '../../../src/identity/oidc/verify.ts'
import { type AssumedRole, Sts } from '../../../src/identity/sts/sts.ts'
import { countingRandom, MemoryFiles, START_MS } from '../../../src/identity/testing.ts'
import type { TrustQuestion } from '../../../src/identity/trust.ts'

export const ISSUER = 'https://idp.example'
export const OTHER_ISSUER = 'https://other.example'
export const DEPLOY = 'arn:aws:iam::111122223333:role/ci/deploy'
export const AUDIT = 'arn:aws:iam::111122223333:role/audit'
export const LOCKED = 'arn:aws:iam::111122223333:role/locked'
export const NO_CONTEXT: Context = new Map()

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })

type Pair = KeyPairKeyObjectResult

export const keys: { rsa: Pair; weak: Pair; ec: Pair; stranger: Pair } = { rsa, weak, ec, stranger }

export const keySet: { readonly keys: readonly object[] } = {
  keys: [
    { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa', use: 'sig' },
    { ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec', alg: 'ES256' },
    { ...weak.publicKey.export({ format: 'jwk' }), kid: 'weak' },
    { kty: 'oct', kid: 'shared', k: Buffer.alloc(32, 7).toString('base64url') },
    { ...stranger.publicKey.export({ format: 'jwk' }), kid: 'sealed', use: 'enc' },
  ],
}

export function part(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

/** The claims of a token that would be accepted. */
export function goodClaims(change: Record<string, unknown> = {}): Record<string, unknown> {
  const nowS = START_MS / 1000
  return {
    iss: ISSUER,
    sub: 'job-7',
    aud: 'sallyport',
    iat: nowS - 10,
    nbf: nowS - 10,
    exp: nowS + 300,
    ...change,
  }
}

export interface TokenOptions {
  readonly header?: Record<string, unknown> | string
  readonly claims?: Record<string, unknown> | string
  readonly key?: KeyObject
}

/** A token signed with RS256 over whatever the attack wants it to say. */
export function rs256({ header, claims, key }: TokenOptions = {}): string {
  const head = typeof header === 'string' ? header : { alg: 'RS256', typ: 'JWT', kid: 'rsa', ...header }
  const input = `${part(head)}.${part(claims ?? goodClaims())}`
  const signature = sign('sha256', Buffer.from(input), key ?? rsa.privateKey)
  return `${input}.${signature.toString('base64url')}`
}

export function hs256(secret: string | Buffer, header: Record<string, unknown> = {}): string {
  const input = `${part({ alg: 'HS256', typ: 'JWT', kid: 'rsa', ...header })}.${part(goodClaims())}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

export interface World {
  readonly clock: ManualClock
  readonly random: Random
  readonly keyring: Keyring
  readonly credentials: GateCredentials
  readonly issuers: Issuers
  readonly sts: Sts
  /** Every question that went to a trust policy. */
  readonly asked: readonly { readonly role: string; readonly question: TrustQuestion }[]
  /** Every URL that the gate fetched. */
  readonly fetched: readonly string[]
}

/** A whole identity room, fresh for each attack. */
export function makeWorld(): World {
  const clock = new ManualClock(START_MS)
  const random = countingRandom(11)
  const keyring = new Keyring({
    path: '/k/credentials.json',
    files: new MemoryFiles(),
    clock,
    random,
    maxSessionMs: 43_200_000,
  })
  const credentials = new GateCredentials({ keyring, clock, random })
  const fetched: string[] = []
  const issuers = new Issuers({
    issuers: [
      { name: 'idp', oidc: ISSUER, audience: ['sallyport', 'gate'] },
      { name: 'other', oidc: OTHER_ISSUER, audience: 'other-audience' },
    ],
    clock,
    fetchJson: async url => {
      fetched.push(url.href)
      if (url.pathname.endsWith('configuration'))
        return { issuer: url.origin, jwks_uri: `${url.origin}/keys` }
      return url.origin === ISSUER
        ? keySet
        : { keys: [{ ...stranger.publicKey.export({ format: 'jwk' }), kid: 'rsa' }] }
    },
  })
  const asked: { readonly role: string; readonly question: TrustQuestion }[] = []
  const sts = new Sts({
    roles: new Map([DEPLOY, AUDIT, LOCKED].map(arn => [arn, { arn, maxSessionMs: 7_200_000 }])),
    issuers,
    credentials,
    trusts: (role, question) => {
      asked.push({ role, question })
      return { allowed: trusts(role, question), reason: 'by the rules of the test' }
    },
    checkPolicy: text => {
      JSON.parse(text)
    },
    clock,
    random,
  })
  return { clock, random, keyring, credentials, issuers, sts, asked, fetched }
}

/** `deploy` trusts job-7 of the first issuer and lets itself be tagged; `audit` trusts `deploy`, untagged. */
function trusts(role: string, { action, federated, principalArns, context }: TrustQuestion): boolean {
  if (role === DEPLOY) {
    if (federated?.includes('arn:aws:iam::111122223333:oidc-provider/idp.example') !== true) return false
    return action !== 'sts:AssumeRole' && context.get('idp.example:sub')?.[0] === 'job-7'
  }
  if (role === AUDIT) return action === 'sts:AssumeRole' && principalArns?.includes(DEPLOY) === true
  return false
}

/** Presents a token at the STS, with everything else as it should be unless the attack changes it. */
export function exchange(world: World, token: string, change: JsonObject = {}): Promise<unknown> {
  return world.sts.assumeRoleWithWebIdentity({
    parameters: { RoleArn: DEPLOY, RoleSessionName: 'run-7', WebIdentityToken: token, ...change },
    context: NO_CONTEXT,
  })
}

/** A live session in `deploy`, to chain from. */
export async function session(world: World, claims: Record<string, unknown> = {}): Promise<AssumedRole> {
  return world.sts.assumeRoleWithWebIdentity({
    parameters: {
      RoleArn: DEPLOY,
      RoleSessionName: 'run-7',
      WebIdentityToken: rs256({ claims: goodClaims(claims) }),
    },
    context: NO_CONTEXT,
  })
}

/** One attack. It must fail with the code; an attack that succeeds, or fails otherwise, fails the test. */
export interface Attack {
  readonly name: string
  readonly code: string
  readonly run: (world: World) => unknown
}
