/**
 * A master key in a file:
 *
 *     {"version":1,"keys":[{"id":HEX,"created":ISO-8601,"key":BASE64}]}
 *
 * A key has 32 bytes; its id is the first 16 bytes of a SHA-256 of it. The newest wraps, all of them unwrap.
 */
import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import type { Clock, Random } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { KeyFiles } from '../checkpoint/key-file.ts'
import { KEY_BYTES, openBox, sealBox } from './box.ts'
import type { MasterKey } from './ports.ts'

export interface MasterFileOptions {
  readonly path: string
  readonly files: KeyFiles
  readonly clock: Clock
  readonly random: Random
  /** Whether the file is made where it is missing: by the gate, not by what only reads. */
  readonly make: boolean
}

const MAX_FILE_LENGTH = 32 * 1024
const MAX_KEYS = 100
const ID_BYTES = 16
const ID_PURPOSE = 'sallyport master key 1'

/**
 * The master key of a key file. Throws `master-key-unavailable` where the file is missing, none, or where others
 * than its owner may read it; never with a part of a key in it.
 */
export function openFileMasterKey(options: MasterFileOptions): MasterKey {
  const { path, random } = options
  let keys: ReadonlyMap<string, Buffer>
  try {
    keys = readKeys(options)
  } catch (error) {
    if (error instanceof GateError) throw error
    throw unusable(path, error instanceof Error && 'code' in error ? `\`${error.code}\`` : 'it fails', error)
  }
  const [id, key] = [...keys].at(-1) ?? []
  if (id === undefined || key === undefined) throw unusable(path, 'it holds no key')
  return {
    id: `file:${id}`,
    async wrap(plain, context) {
      return Buffer.concat([Buffer.from(id, 'hex'), sealBox(key, plain, Buffer.from(context), random)])
    },
    async unwrap(wrapped, context) {
      const by = wrapped.toString('hex', 0, ID_BYTES)
      const found = keys.get(by)
      if (found === undefined)
        throw unusable(path, `it has no key \`${by}\`, which something was wrapped with`)
      const plain = openBox(found, wrapped.subarray(ID_BYTES), Buffer.from(context))
      if (plain === undefined) throw unusable(path, 'what was wrapped with it does not open')
      return plain
    },
  }
}

/** Oldest first. */
function readKeys({ path, files, clock, random, make }: MasterFileOptions): ReadonlyMap<string, Buffer> {
  if (make && files.facts(path) === undefined) {
    files.makeFolder(dirname(path))
    // Of several processes that start at once, one makes the file and the others read it.
    files.create(path, freshFile(clock.now(), random))
  }
  const facts = files.facts(path)
  if (facts === undefined) throw unusable(path, 'it does not exist')
  if ((facts.mode & 0o077) !== 0 || (facts.folderMode & 0o022) !== 0) {
    throw unusable(path, 'others than its owner can read it, or change its folder')
  }
  const text = files.read(path)
  if (text.length > MAX_FILE_LENGTH) throw unusable(path, `it has more than ${MAX_FILE_LENGTH} characters`)
  const file = parseJson(path, text)
  const entries = isRecord(file) && file['version'] === 1 ? file['keys'] : undefined
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > MAX_KEYS) {
    throw unusable(path, `it must be of version 1 and hold 1 to ${MAX_KEYS} keys`)
  }
  const keys = entries.map((entry: unknown, index) => parseKey(path, entry, index + 1))
  keys.sort((a, b) => a.createdMs - b.createdMs)
  return new Map(keys.map(({ id, key }) => [id, key]))
}

function freshFile(nowMs: number, random: Random): string {
  const key = random.bytes(KEY_BYTES)
  const entry = { id: idOf(key), created: new Date(nowMs).toISOString(), key: key.toString('base64') }
  return `${JSON.stringify({ version: 1, keys: [entry] }, null, 2)}\n`
}

function parseKey(
  path: string,
  entry: unknown,
  number: number,
): { id: string; createdMs: number; key: Buffer } {
  const { id, created, key: encoded } = isRecord(entry) ? entry : {}
  const createdMs = typeof created === 'string' ? Date.parse(created) : Number.NaN
  if (Number.isNaN(createdMs)) throw unusable(path, `\`created\` of key ${number} is not a time`)
  const key = Buffer.from(typeof encoded === 'string' ? encoded : '', 'base64')
  if (key.length !== KEY_BYTES) throw unusable(path, `key ${number} has not ${KEY_BYTES} bytes`)
  if (id !== idOf(key)) throw unusable(path, `the id of key ${number} is another's`)
  return { id: idOf(key), createdMs, key }
}

function idOf(key: Buffer): string {
  return createHash('sha256')
    .update(ID_PURPOSE)
    .update(key)
    .digest('hex')
    .slice(0, ID_BYTES * 2)
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, which is a key.
    throw unusable(path, 'it is not JSON')
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unusable(path: string, why: string, cause?: unknown): GateError {
  return new GateError('master-key-unavailable', `the master key \`${path}\` cannot be used: ${why}`, {
    cause,
  })
}
