/**
 * The gate's own certificate authority, for clients that come by `HTTPS_PROXY`. It vouches for host names
 * of AWS to clients that were told to trust it (`AWS_CA_BUNDLE`), and for nothing else: the names are
 * constrained in its certificate, and each is asked about before a certificate is made.
 *
 * The key is in `data/keys/ca.key` together with the certificate, in one file that is made in one step, so
 * that processes that start at once agree; `data/ca.pem` is the certificate for clients. The library for
 * certificates is heavy and only loaded when an authority is opened.
 */

import type { webcrypto } from 'node:crypto'
import { dirname } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { X509Certificate } from '@peculiar/x509'
import QuickLRU from 'quick-lru'
import type { Clock, Random } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import { encodeNameConstraints, NAME_CONSTRAINTS_OID } from './constraints.ts'

/** The file system as an authority needs it. */
export interface AuthorityFiles {
  /** Permission bits of a file and of its folder; undefined where there is no such file. */
  facts(path: string): { readonly mode: number; readonly folderMode: number } | undefined
  read(path: string): string
  /** Makes a folder with mode 0700. */
  makeFolder(path: string): void
  /** Writes a new file of mode 0600 durably and in one step; false where one exists. */
  create(path: string, text: string): boolean
  /** Writes a file that everybody may read, in one step. */
  publish(path: string, text: string): void
}

export interface AuthorityOptions {
  /** `data/keys/ca.key` */
  readonly keyPath: string
  /** `data/ca.pem` */
  readonly certificatePath: string
  readonly files: AuthorityFiles
  readonly clock: Clock
  readonly random: Random
  /** DNS suffixes of every AWS partition, lower case: what the authority is constrained to. */
  readonly suffixes: readonly string[]
  /** True for host names that may be opened. */
  isAwsHost(host: string): boolean
  /** Takes one from the rate at which certificates may be made; false when it is used up. Default: no limit. */
  mayMint?(): boolean
  /** Most hosts whose certificates are kept. */
  readonly cacheSize?: number
}

export interface Authority {
  /** The certificate that clients must trust, PEM. */
  readonly certificate: string
  /**
   * A TLS context with a certificate for exactly this host. Rejects with `proxy-host-refused` for what is
   * no host name of AWS.
   */
  secureContextFor(host: string): Promise<SecureContext>
}

interface Minted {
  readonly context: SecureContext
  readonly renewAtMs: number
}

/** What signs: the key and the certificate that goes with it. */
interface Signer {
  readonly key: webcrypto.CryptoKey
  readonly certificate: X509Certificate
}

type X509 = typeof import('@peculiar/x509')

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const AUTHORITY_MS = 3650 * DAY_MS
const LEAF_MS = 7 * DAY_MS
const ECDSA: webcrypto.EcKeyGenParams & webcrypto.EcdsaParams = {
  name: 'ECDSA',
  namedCurve: 'P-256',
  hash: 'SHA-256',
}
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const HOST = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?){1,20}$/

/** Opens the authority, or makes one. Throws `keyring-unsafe` or `keyring-unreadable`. */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  // The library's container of algorithms needs the polyfill before it is loaded.
  await import('reflect-metadata/lite')
  const x509 = await import('@peculiar/x509')
  try {
    return await openWith(x509, options)
  } catch (error) {
    if (error instanceof GateError) throw error
    // Trouble of the file system; its message names a path and no more.
    const why = error instanceof Error && 'code' in error ? `\`${error.code}\`` : 'an unexpected condition'
    throw unreadable(options.keyPath, why, error)
  }
}

async function openWith(x509: X509, options: AuthorityOptions): Promise<Authority> {
  const { files, keyPath, certificatePath } = options
  files.makeFolder(dirname(keyPath))
  if (files.facts(keyPath) === undefined) files.create(keyPath, await makeSigner(x509, options))
  refuseShared(options)
  const signer = await readSigner(x509, options)
  const certificate = `${signer.certificate.toString('pem')}\n`
  files.publish(certificatePath, certificate)
  return new MintingAuthority(x509, options, signer, certificate)
}

class MintingAuthority implements Authority {
  readonly certificate: string
  readonly #x509: X509
  readonly #options: AuthorityOptions
  readonly #signer: Signer
  readonly #minted: QuickLRU<string, Promise<Minted>>

  constructor(x509: X509, options: AuthorityOptions, signer: Signer, certificate: string) {
    this.certificate = certificate
    this.#x509 = x509
    this.#options = options
    this.#signer = signer
    // QuickLRU keeps up to twice its size.
    this.#minted = new QuickLRU({ maxSize: Math.max(1, Math.floor((options.cacheSize ?? 1_000) / 2)) })
  }

  async secureContextFor(host: string): Promise<SecureContext> {
    if (!this.#mayVouchFor(host)) {
      throw new GateError('proxy-host-refused', 'the host is not one of AWS that the gate opens')
    }
    const pending = this.#minted.get(host)
    if (pending !== undefined) {
      const held = await pending
      if (this.#options.clock.now() < held.renewAtMs) return held.context
    }
    // Whoever came in while this one waited may have renewed already.
    const current = this.#minted.get(host)
    return (await (current === pending || current === undefined ? this.#remint(host) : current)).context
  }

  /** Starts to mint; others who want the same host meanwhile wait for the same certificate. */
  #remint(host: string): Promise<Minted> {
    const minting = this.#mint(host)
    this.#minted.set(host, minting)
    minting.catch(() => this.#minted.delete(host))
    return minting
  }

  #mayVouchFor(host: string): boolean {
    const { suffixes, isAwsHost } = this.#options
    if (host.length > 253 || !HOST.test(host) || !isAwsHost(host)) return false
    return suffixes.some(suffix => host === suffix || host.endsWith(`.${suffix}`))
  }

  /** A certificate takes milliseconds of a core, and there is no end of host names under AWS's suffixes. */
  async #mint(host: string): Promise<Minted> {
    const { clock, random } = this.#options
    if (this.#options.mayMint?.() === false) {
      throw new GateError('overloaded', 'the proxy makes as many new certificates a second as it may')
    }
    const x509 = this.#x509
    const nowMs = clock.now()
    const keys = await crypto.subtle.generateKey(ECDSA, true, ['sign', 'verify'])
    const leaf = await x509.X509CertificateGenerator.create({
      serialNumber: serial(random),
      subject: 'CN=Sallyport',
      issuer: this.#signer.certificate.subject,
      // Clocks of clients may be behind.
      notBefore: new Date(nowMs - HOUR_MS),
      notAfter: new Date(nowMs + LEAF_MS),
      signingAlgorithm: ECDSA,
      publicKey: keys.publicKey,
      signingKey: this.#signer.key,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([SERVER_AUTH]),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: host }]),
        await x509.AuthorityKeyIdentifierExtension.create(this.#signer.certificate.publicKey),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    })
    const key = x509.PemConverter.encode(
      await crypto.subtle.exportKey('pkcs8', keys.privateKey),
      'PRIVATE KEY',
    )
    const context = createSecureContext({
      key,
      cert: `${leaf.toString('pem')}\n${this.certificate}`,
      minVersion: 'TLSv1.2',
    })
    return { context, renewAtMs: nowMs + LEAF_MS - DAY_MS }
  }
}

/** A new key and its certificate, PEM, one after the other. */
async function makeSigner(x509: X509, options: AuthorityOptions): Promise<string> {
  const nowMs = options.clock.now()
  const keys = await crypto.subtle.generateKey(ECDSA, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(options.random),
    name: `CN=Sallyport gate ${options.random.bytes(4).toString('hex')}`,
    notBefore: new Date(nowMs - HOUR_MS),
    notAfter: new Date(nowMs + AUTHORITY_MS),
    signingAlgorithm: ECDSA,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      new x509.Extension(NAME_CONSTRAINTS_OID, true, new Uint8Array(encodeNameConstraints(options.suffixes))),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n${certificate.toString('pem')}\n`
}

async function readSigner(x509: X509, { files, keyPath, clock }: AuthorityOptions): Promise<Signer> {
  const signer = await decodeSigner(x509, files.read(keyPath)).catch(() => undefined)
  // What the decoder says may quote the key, so it is not passed on.
  if (signer === undefined) throw unreadable(keyPath, 'it does not hold a P-256 key and its certificate')
  if (clock.now() >= signer.certificate.notAfter.getTime())
    throw unreadable(keyPath, 'its certificate has expired')
  return signer
}

async function decodeSigner(x509: X509, text: string): Promise<Signer> {
  const blocks = x509.PemConverter.decodeWithHeaders(text)
  const keyBlock = blocks.find(block => block.type === 'PRIVATE KEY')
  const certificateBlock = blocks.find(block => block.type === 'CERTIFICATE')
  if (keyBlock === undefined || certificateBlock === undefined) throw new Error('a block is missing')
  const key = await crypto.subtle.importKey('pkcs8', keyBlock.rawData, ECDSA, false, ['sign'])
  const certificate = new x509.X509Certificate(certificateBlock.rawData)
  // A key that is not the certificate's would sign what no client accepts.
  const proof = new Uint8Array(32)
  const signature = await crypto.subtle.sign(ECDSA, key, proof)
  const publicKey = await certificate.publicKey.export(ECDSA, ['verify'])
  if (!(await crypto.subtle.verify(ECDSA, publicKey, signature, proof))) throw new Error('the key is another')
  return { key, certificate }
}

function refuseShared({ files, keyPath }: AuthorityOptions): void {
  const facts = files.facts(keyPath)
  if (facts === undefined) throw unreadable(keyPath, 'it does not exist')
  if (((facts.mode | facts.folderMode) & 0o077) === 0) return
  throw new GateError('keyring-unsafe', `others than the owner have access to \`${keyPath}\` or its folder`)
}

function unreadable(path: string, why: string, cause?: unknown): GateError {
  return new GateError('keyring-unreadable', `the key file \`${path}\` cannot be used: ${why}`, { cause })
}

/** 127 random bits, positive. */
function serial(random: Random): string {
  const bytes = random.bytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}
