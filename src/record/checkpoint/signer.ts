import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { GateError } from '../../core/errors.ts'
import { type Checkpoint, KEY_ID_BYTES, type SignedCheckpoint, signedBytes } from './checkpoint.ts'

/**
 * Who signs checkpoints: a key file, or a service that keeps the key to itself. `sign` may fail, and may take as
 * long as it likes; the journal goes on meanwhile.
 */
export interface CheckpointSigner {
  /** `keyIdOf(publicKey)` */
  readonly keyId: string
  /** Ed25519. */
  readonly publicKey: KeyObject
  /** The 64 bytes of an Ed25519 signature over `bytes` as they are (RFC 8032, pure). */
  sign(bytes: Buffer): Promise<Buffer>
  /** Who signs from now on, asked before each checkpoint; absent: always this one. Rejects where nobody may. */
  renew?(): Promise<CheckpointSigner>
}

/** Public keys by their id. */
export type PublicKeys = ReadonlyMap<string, KeyObject>

/** Most keys in one file. */
export const MAX_PUBLIC_KEYS = 64
const MAX_PEM_LENGTH = 64 * 1024

/** The key's name: the first 16 bytes, in hex, of the SHA-256 of its SubjectPublicKeyInfo (DER). */
export function keyIdOf(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256')
    .update(der)
    .digest('hex')
    .slice(0, KEY_ID_BYTES * 2)
}

export function byId(keys: readonly KeyObject[]): PublicKeys {
  return new Map(keys.map(key => [keyIdOf(key), key]))
}

/** True if the signature is that of this key over this checkpoint. */
export function isSignedBy(checkpoint: SignedCheckpoint, publicKey: KeyObject): boolean {
  return isSignature(checkpoint, publicKey, Buffer.from(checkpoint.signature, 'base64'))
}

export function isSignature(checkpoint: Checkpoint, publicKey: KeyObject, signature: Buffer): boolean {
  return verify(null, signedBytes(checkpoint), publicKey, signature)
}

/** Public keys in PEM, one after another, as `sallyport sessions key` prints them. */
export function writePublicKeys(keys: PublicKeys): string {
  return [...keys.values()].map(key => key.export({ type: 'spki', format: 'pem' })).join('')
}

const BEGIN = '-----BEGIN PUBLIC KEY-----'

/**
 * Reads what `writePublicKeys` writes, and lines before and between the keys that begin with `#`. Throws
 * `journal-key-unusable`; a private key is refused as well.
 */
export function readPublicKeys(text: string): PublicKeys {
  if (text.length > MAX_PEM_LENGTH) throw unusable(`they take more than ${MAX_PEM_LENGTH} bytes`)
  const lines = text.split('\n').filter(line => !line.startsWith('#'))
  const [before = '', ...blocks] = lines.join('\n').split(BEGIN)
  if (blocks.length === 0 || before.trim() !== '') throw unusable(`they do not begin with \`${BEGIN}\``)
  if (blocks.length > MAX_PUBLIC_KEYS) throw unusable(`there are more than ${MAX_PUBLIC_KEYS}`)
  return byId(blocks.map(block => readPublicKey(`${BEGIN}${block}`)))
}

function readPublicKey(pem: string): KeyObject {
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch (cause) {
    throw unusable('one of them cannot be read', cause)
  }
  if (key.asymmetricKeyType !== 'ed25519') throw unusable('one of them is not an Ed25519 key')
  return key
}

function unusable(why: string, cause?: unknown): GateError {
  return new GateError('journal-key-unusable', `the public keys cannot be used: ${why}`, { cause })
}
