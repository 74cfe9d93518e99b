/**
 * The key file of the journal, `data/keys/journal.json`, shared by all processes of a gate:
 *
 *     {"version":1,"keys":[{"id":HEX,"created":ISO-8601,"privateKey":BASE64}]}
 *
 * A private key is Ed25519 in PKCS #8 (RFC 8410). The newest signs; all of them verify.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { Clock, Random } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import { byId, type CheckpointSigner, keyIdOf, MAX_PUBLIC_KEYS, type PublicKeys } from './signer.ts'

/** The file system as far as the key needs it; errors are node's, with their `code`. */
export interface KeyFiles {
  /** Permission bits of the file and of its folder; undefined where there is no such file. */
  facts(path: string): { readonly mode: number; readonly folderMode: number } | undefined
  read(path: string): string
  /** Makes the folder with mode 0700 where it is missing. */
  makeFolder(path: string): void
  /** Writes a new file of mode 0600 durably and in one step; false where one exists already. */
  create(path: string, text: string): boolean
}

export interface KeyFileOptions {
  /** `data/keys/journal.json` */
  readonly path: string
  readonly files: KeyFiles
  readonly clock: Clock
  readonly random: Random
}

/** Longest key file, in characters. */
export const MAX_KEY_FILE_LENGTH: number = 32 * 1024
const SEED_BYTES = 32
/** PKCS #8 of an Ed25519 key up to its 32 bytes. https://www.rfc-editor.org/rfc/rfc8410#section-10.3 */
const PKCS8_START = Buffer.from('302e020100300506032b657004220420', 'hex')

const signAsync = promisify(sign)

/**
 * A signer with the key of the key file, which is made if it is missing. Throws `journal-key-unusable` where the
 * file is none, or where others than its owner may read it.
 */
export function openFileSigner(options: KeyFileOptions): CheckpointSigner {
  const { path } = options
  let privateKey: KeyObject
  try {
    privateKey = signingKey(options)
  } catch (error) {
    if (error instanceof GateError) throw error
    throw unusable(path, error instanceof Error && 'code' in error ? `\`${error.code}\`` : 'it fails', error)
  }
  const publicKey = createPublicKey(privateKey)
  // With a callback, node signs beside the event loop.
  return { publicKey, keyId: keyIdOf(publicKey), sign: bytes => signAsync(null, bytes, privateKey) }
}

/** The public keys of a key file's text. Throws `journal-key-unusable`, never with a part of a key in it. */
export function publicKeysOf(path: string, text: string): PublicKeys {
  return byId(parseKeyFile(path, text).map(({ privateKey }) => createPublicKey(privateKey)))
}

function signingKey({ path, files, clock, random }: KeyFileOptions): KeyObject {
  files.makeFolder(dirname(path))
  // Of several processes that start at once, one makes the file and the others read it.
  if (files.facts(path) === undefined) files.create(path, freshKeyFile(clock.now(), random))
  const facts = files.facts(path)
  if (facts === undefined) throw unusable(path, 'it does not exist')
  if ((facts.mode & 0o077) !== 0 || (facts.folderMode & 0o077) !== 0) {
    throw unusable(path, 'others than its owner have access to it or to its folder')
  }
  const newest = parseKeyFile(path, files.read(path)).at(-1)
  if (newest === undefined) throw unusable(path, 'it holds no key')
  return newest.privateKey
}

function freshKeyFile(nowMs: number, random: Random): string {
  const der = Buffer.concat([PKCS8_START, random.bytes(SEED_BYTES)])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const id = keyIdOf(createPublicKey(privateKey))
  const key = { id, created: new Date(nowMs).toISOString(), privateKey: der.toString('base64') }
  return `${JSON.stringify({ version: 1, keys: [key] }, null, 2)}\n`
}

interface Key {
  readonly createdMs: number
  readonly privateKey: KeyObject
}

/** Oldest first. */
function parseKeyFile(path: string, text: string): readonly Key[] {
  if (text.length > MAX_KEY_FILE_LENGTH)
    throw unusable(path, `it has more than ${MAX_KEY_FILE_LENGTH} characters`)
  const file = parseJson(path, text)
  if (!isRecord(file) || file['version'] !== 1) throw unusable(path, 'its version is not 1')
  const entries = file['keys']
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > MAX_PUBLIC_KEYS) {
    throw unusable(path, `it must hold 1 to ${MAX_PUBLIC_KEYS} keys`)
  }
  const keys = entries.map((entry: unknown, index) => parseKey(path, entry, index + 1))
  return keys.sort((a, b) => a.createdMs - b.createdMs)
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, which may be a key.
    throw unusable(path, 'it is not JSON')
  }
}

function parseKey(path: string, entry: unknown, number: number): Key {
  const { id, created, privateKey: encoded } = isRecord(entry) ? entry : {}
  const createdMs = typeof created === 'string' ? Date.parse(created) : Number.NaN
  if (Number.isNaN(createdMs)) throw unusable(path, `\`created\` of key ${number} is not a time`)
  const privateKey = readPrivateKey(typeof encoded === 'string' ? encoded : '')
  if (privateKey?.asymmetricKeyType !== 'ed25519') throw unusable(path, `key ${number} is not an Ed25519 key`)
  if (id !== keyIdOf(createPublicKey(privateKey)))
    throw unusable(path, `the id of key ${number} is another's`)
  return { createdMs, privateKey }
}

function readPrivateKey(encoded: string): KeyObject | undefined {
  try {
    return createPrivateKey({ key: Buffer.from(encoded, 'base64'), format: 'der', type: 'pkcs8' })
  } catch {
    // The caller says which key it is; the cause could quote it.
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unusable(path: string, why: string, cause?: unknown): GateError {
  return new GateError('journal-key-unusable', `the key file \`${path}\` cannot be used: ${why}`, { cause })
}
