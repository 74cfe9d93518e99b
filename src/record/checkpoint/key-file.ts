/**
 * The key file of the journal, `data/keys/journal.json`, shared by all processes of a gate:
 *
 *     {"version":2,
 *      "keys":[{"id":HEX,"created":ISO-8601,"retired":ISO-8601,"publicKey":BASE64},
 *              {"id":HEX,"created":ISO-8601,"kms":{"arn":…,"region":…},"publicKey":BASE64},
 *              {"id":HEX,"created":ISO-8601,"privateKey":BASE64}],
 *      "successions":[…]}
 *
 * A private key is Ed25519 in PKCS #8, a public one in SubjectPublicKeyInfo (RFC 8410). The newest signs; all of them
 * verify. Of a key that was retired the private part is gone. A key in KMS has none here. Version 1 has private keys
 * alone.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { Clock, Random } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import { isSuccession, type Succession } from './keys-succession.ts'
import { byId, keyIdOf, MAX_PUBLIC_KEYS, type PublicKeys } from './signer.ts'

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

/** A key in AWS KMS, and how it is reached. */
export interface KmsKey {
  readonly arn: string
  readonly region: string
  readonly endpoint?: string
  readonly profile?: string
}

/** A key of the journal. */
export interface JournalKey {
  readonly id: string
  readonly createdMs: number
  /** Another took its place. */
  readonly retiredMs?: number
  readonly publicKey: KeyObject
  /** Where this file has it. */
  readonly privateKey?: KeyObject
  /** Where KMS has it. */
  readonly kms?: KmsKey
}

export interface JournalKeys {
  /** Oldest first; the last one signs. */
  readonly keys: readonly JournalKey[]
  readonly successions: readonly Succession[]
}

/** Longest key file, in characters. */
export const MAX_KEY_FILE_LENGTH: number = 64 * 1024
const SEED_BYTES = 32
/** PKCS #8 of an Ed25519 key up to its 32 bytes. https://www.rfc-editor.org/rfc/rfc8410#section-10.3 */
const PKCS8_START = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The public keys of a key file's text. Throws `journal-key-unusable`, never with a part of a key in it. */
export function publicKeysOf(path: string, text: string): PublicKeys {
  return byId(parseKeyFile(path, text).keys.map(({ publicKey }) => publicKey))
}

/** A new key. */
export function freshKey({ clock, random }: { readonly clock: Clock; readonly random: Random }): JournalKey {
  const der = Buffer.concat([PKCS8_START, random.bytes(SEED_BYTES)])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  return { id: keyIdOf(publicKey), createdMs: clock.now(), publicKey, privateKey }
}

/** The text of a key file. */
export function writeKeyFile({ keys, successions }: JournalKeys): string {
  return `${JSON.stringify({ version: 2, keys: keys.map(writeKey), successions }, null, 2)}\n`
}

function writeKey({ id, createdMs, retiredMs, publicKey, privateKey, kms }: JournalKey): object {
  return {
    id,
    created: new Date(createdMs).toISOString(),
    ...(retiredMs === undefined ? {} : { retired: new Date(retiredMs).toISOString() }),
    ...(kms === undefined ? {} : { kms }),
    ...(privateKey === undefined
      ? { publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64') }
      : { privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64') }),
  }
}

/** Reads a key file of version 1 or 2. Successions are not checked. Throws `journal-key-unusable`. */
export function parseKeyFile(path: string, text: string): JournalKeys {
  if (text.length > MAX_KEY_FILE_LENGTH)
    throw unusable(path, `it has more than ${MAX_KEY_FILE_LENGTH} characters`)
  const file = parseJson(path, text)
  const version = isRecord(file) ? file['version'] : undefined
  if (!isRecord(file) || (version !== 1 && version !== 2)) throw unusable(path, 'its version is not 1 or 2')
  const { keys: entries, successions = [] } = file
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > MAX_PUBLIC_KEYS) {
    throw unusable(path, `it must hold 1 to ${MAX_PUBLIC_KEYS} keys`)
  }
  if (!Array.isArray(successions) || !successions.every(isSuccession)) {
    throw unusable(path, 'its `successions` are none')
  }
  const keys = entries.map((entry: unknown, index) => parseKey(path, entry, index + 1))
  return { keys: keys.sort((a, b) => a.createdMs - b.createdMs), successions }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, which may be a key.
    throw unusable(path, 'it is not JSON')
  }
}

function parseKey(path: string, entry: unknown, number: number): JournalKey {
  const { id, created, retired, privateKey: encoded, publicKey: open, kms } = isRecord(entry) ? entry : {}
  const createdMs = typeof created === 'string' ? Date.parse(created) : Number.NaN
  if (Number.isNaN(createdMs)) throw unusable(path, `\`created\` of key ${number} is not a time`)
  const retiredMs = typeof retired === 'string' ? Date.parse(retired) : undefined
  if (Number.isNaN(retiredMs)) throw unusable(path, `\`retired\` of key ${number} is not a time`)
  const privateKey = typeof encoded === 'string' ? readKey(encoded, 'pkcs8') : undefined
  const publicKey = privateKey === undefined ? readKey(open, 'spki') : createPublicKey(privateKey)
  if (publicKey?.asymmetricKeyType !== 'ed25519') throw unusable(path, `key ${number} is not an Ed25519 key`)
  if (id !== keyIdOf(publicKey)) throw unusable(path, `the id of key ${number} is another's`)
  if (kms !== undefined && !isKmsKey(kms)) throw unusable(path, `\`kms\` of key ${number} names no key`)
  return {
    id: keyIdOf(publicKey),
    createdMs,
    publicKey,
    ...(retiredMs === undefined ? {} : { retiredMs }),
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(kms === undefined ? {} : { kms }),
  }
}

function readKey(encoded: unknown, type: 'pkcs8' | 'spki'): KeyObject | undefined {
  const key = Buffer.from(typeof encoded === 'string' ? encoded : '', 'base64')
  try {
    return type === 'spki'
      ? createPublicKey({ key, format: 'der', type })
      : createPrivateKey({ key, format: 'der', type })
  } catch {
    // The caller says which key it is; the cause could quote it.
    return undefined
  }
}

function isKmsKey(value: unknown): value is KmsKey {
  if (!isRecord(value) || typeof value['arn'] !== 'string' || typeof value['region'] !== 'string')
    return false
  return ['endpoint', 'profile'].every(name => value[name] === undefined || typeof value[name] === 'string')
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What is wrong with a key file, for its operator. */
export function unusable(path: string, why: string, cause?: unknown): GateError {
  return new GateError('journal-key-unusable', `the key file \`${path}\` cannot be used: ${why}`, { cause })
}
