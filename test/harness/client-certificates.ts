import { webcrypto } from 'node:crypto'
import 'reflect-metadata'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralNames,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

const EC = { name: 'ECDSA', namedCurve: 'P-256' }
const SHA256 = { name: 'ECDSA', hash: 'SHA-256' }
const DAY = 86_400_000
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

const newKeys = (
  algorithm: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams = EC,
): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>

/** An authority that a test made. */
export interface Authority {
  readonly keys: webcrypto.CryptoKeyPair
  readonly name: string
  readonly pem: string
  readonly der: Buffer
}

/** An authority that vouches for itself, from a day before `nowMs` on. */
export async function authority(
  name: string,
  nowMs: number,
  change: { ca?: boolean; extra?: Extension[]; days?: number } = {},
): Promise<Authority> {
  const keys = await newKeys()
  const made = await X509CertificateGenerator.createSelfSigned({
    ...{ name, keys, signingAlgorithm: SHA256, notBefore: new Date(nowMs - DAY) },
    notAfter: new Date(nowMs + (change.days ?? 30) * DAY),
    extensions: [new BasicConstraintsExtension(change.ca ?? true, undefined, true), ...(change.extra ?? [])],
  })
  return { keys, name, pem: made.toString('pem'), der: Buffer.from(made.rawData) }
}

/** What is not as it usually is. */
export interface Leaf {
  readonly subject?: string
  readonly names?: JsonGeneralNames
  readonly usage?: string[] | null
  readonly extra?: Extension[]
  readonly from?: number
  readonly until?: number
  readonly algorithm?: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams
  readonly hash?: string
  readonly issuerName?: string
}

/** A certificate for a client, and its key as PEM. */
export async function leaf(
  from: Authority,
  nowMs: number,
  change: Leaf = {},
): Promise<{ readonly der: Buffer; readonly pem: string; readonly key: string }> {
  const { subject = 'CN=alice', names = [], usage = [CLIENT_AUTH], extra = [] } = change
  const keys = await newKeys(change.algorithm)
  const made = await X509CertificateGenerator.create({
    ...{ subject, issuer: change.issuerName ?? from.name, publicKey: keys.publicKey },
    signingKey: from.keys.privateKey,
    signingAlgorithm: { name: 'ECDSA', hash: change.hash ?? 'SHA-256' },
    notBefore: new Date(change.from ?? nowMs - 60_000),
    notAfter: new Date(change.until ?? nowMs + DAY),
    extensions: [
      ...(usage === null ? [] : [new ExtendedKeyUsageExtension(usage)]),
      ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
      ...extra,
    ],
  })
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    der: Buffer.from(made.rawData),
    pem: made.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${key.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`,
  }
}

/** Keys of RSA. */
export function rsa(modulusLength: number): webcrypto.RsaHashedKeyGenParams {
  return {
    ...{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength },
    publicExponent: new Uint8Array([1, 0, 1]),
  }
}
