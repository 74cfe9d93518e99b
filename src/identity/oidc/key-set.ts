/**
 * JSON Web Key Sets (https://www.rfc-editor.org/rfc/rfc7517), read for one purpose: verifying signatures
 * with public keys. Whatever is not a strong public signing key is left out, and is never a reason to
 * fail the rest of the set.
 */

import { type CryptoKey, importJWK, type JWK } from 'jose'

/** The signature algorithms that the gate takes: asymmetric ones alone. */
export const ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]

/** Most keys that are read of a set. */
export const MAX_KEYS = 100

/** 2048 bits. */
const MIN_RSA_MODULUS_CHARS = 342

/** The public keys of an issuer. */
export interface KeySet {
  /**
   * The one key for an algorithm and a key id; without a key id, the only key for the algorithm.
   * Undefined where there is none or more than one.
   */
  find(alg: string, kid: string | undefined): Promise<CryptoKey | undefined>
}

/** Reads a key set. Throws where it is none. */
export function readKeySet(document: unknown): KeySet {
  const keys = isRecord(document) ? document['keys'] : undefined
  if (!Array.isArray(keys)) throw new Error('the key set has no list `keys`')
  if (keys.length > MAX_KEYS) throw new Error(`the key set has more than ${MAX_KEYS} keys`)
  const usable = keys.filter(isRecord).map(publicPart).filter(isSigningKey)
  const imported = new Map<string, Promise<CryptoKey | undefined>>()
  return {
    find: async (alg, kid) => {
      const fitting = usable.filter(key => fits(key, alg) && (kid === undefined || key.kid === kid))
      const [key] = fitting
      if (key === undefined || fitting.length !== 1) return undefined
      const slot = `${alg} ${usable.indexOf(key)}`
      const known = imported.get(slot) ?? importPublic(key, alg)
      imported.set(slot, known)
      return known
    },
  }
}

/** The members of a public key alone: a set that shows private parts does not make them used. */
function publicPart(entry: Readonly<Record<string, unknown>>): JWK {
  const key: Record<string, string> = {}
  for (const name of ['kty', 'kid', 'use', 'alg', 'crv', 'x', 'y', 'n', 'e'] as const) {
    const value = entry[name]
    if (typeof value === 'string') key[name] = value
  }
  const operations = entry['key_ops']
  if (Array.isArray(operations) && !operations.includes('verify')) key['use'] = 'other'
  return key
}

function isSigningKey(key: JWK): boolean {
  return key.use === undefined || key.use === 'sig'
}

/** Whether a key is of the kind that an algorithm needs, and strong enough (RFC 7518, 3.1 and 3.3). */
function fits(key: JWK, alg: string): boolean {
  if (key.alg !== undefined && key.alg !== alg) return false
  switch (alg) {
    case 'ES256':
      return key.kty === 'EC' && key.crv === 'P-256'
    case 'ES384':
      return key.kty === 'EC' && key.crv === 'P-384'
    case 'ES512':
      return key.kty === 'EC' && key.crv === 'P-521'
    case 'EdDSA':
      return key.kty === 'OKP' && key.crv === 'Ed25519'
    default:
      return key.kty === 'RSA' && (key.n?.length ?? 0) >= MIN_RSA_MODULUS_CHARS && isAlgorithm(alg)
  }
}

function isAlgorithm(alg: string): boolean {
  return ALGORITHMS.includes(alg)
}

async function importPublic(key: JWK, alg: string): Promise<CryptoKey | undefined> {
  try {
    const imported = await importJWK(key, alg)
    return imported instanceof Uint8Array ? undefined : imported
  } catch {
    // A damaged key of the issuer verifies nothing; its other keys stay usable.
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
