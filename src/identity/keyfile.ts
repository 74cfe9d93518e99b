import { GateError } from '../core/errors.ts'

/** An entry of the key file. */
export interface KeyRecord {
  /** 8 hex digits, unique in the file. */
  readonly id: string
  readonly createdMs: number
  /** 32 bytes. */
  readonly secret: Buffer
}

/** Most keys that a file may hold. */
export const MAX_KEYS = 16

const MAX_BYTES = 16_384
const ID = /^[0-9a-f]{8}$/

/** The key file's text: JSON, `{"version":1,"keys":[{"id","created","key"}]}`, oldest key first. */
export function writeKeyFile(keys: readonly KeyRecord[]): string {
  const entries = keys.map(key => ({
    id: key.id,
    created: new Date(key.createdMs).toISOString(),
    key: key.secret.toString('base64'),
  }))
  return `${JSON.stringify({ version: 1, keys: entries }, null, 2)}\n`
}

/** Reads a key file; oldest key first. Throws `keyring-unreadable`, never with a part of a key in it. */
export function parseKeyFile(path: string, text: string): readonly KeyRecord[] {
  if (text.length > MAX_BYTES) throw unreadable(path, `it has more than ${MAX_BYTES} bytes`)
  const file = parseJson(path, text)
  if (!isRecord(file) || file['version'] !== 1) throw unreadable(path, 'its version is not 1')
  const entries = file['keys']
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > MAX_KEYS) {
    throw unreadable(path, `it must hold 1 to ${MAX_KEYS} keys`)
  }
  const keys = entries.map((entry: unknown, index) => parseEntry(path, entry, index))
  if (new Set(keys.map(key => key.id)).size !== keys.length) throw unreadable(path, 'a key id is in it twice')
  return keys.sort((a, b) => a.createdMs - b.createdMs)
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, which may be a key.
    throw unreadable(path, 'it is not JSON')
  }
}

function parseEntry(path: string, entry: unknown, index: number): KeyRecord {
  const where = `key ${index + 1}`
  if (!isRecord(entry)) throw unreadable(path, `${where} is not an object`)
  const { id, created, key } = entry
  if (typeof id !== 'string' || !ID.test(id)) throw unreadable(path, `the id of ${where} is not 8 hex digits`)
  const createdMs = typeof created === 'string' ? Date.parse(created) : Number.NaN
  if (Number.isNaN(createdMs)) throw unreadable(path, `\`created\` of ${where} is not a time`)
  const secret = Buffer.from(typeof key === 'string' ? key : '', 'base64')
  if (secret.length !== 32) throw unreadable(path, `${where} does not have 32 bytes`)
  return { id, createdMs, secret }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unreadable(path: string, why: string): GateError {
  return new GateError('keyring-unreadable', `the key file \`${path}\` cannot be used: ${why}`)
}
