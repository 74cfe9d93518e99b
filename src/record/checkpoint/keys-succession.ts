/**
 * Who followed whom among the keys of a journal. The old key signs the new one, so that whoever holds the old public
 * key alone can follow to the new one, wherever the word of it comes from.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { GateError } from '../../core/errors.ts'
import { KEY_ID_BYTES } from './checkpoint.ts'
import { type CheckpointSigner, keyIdOf, MAX_PUBLIC_KEYS, type PublicKeys } from './signer.ts'

/** One key takes the place of another. */
export interface Succession {
  /** From 1, without gaps. */
  readonly number: number
  /** Id of the key that was, hex: it has signed this. */
  readonly from: string
  /** Id of the key that is from now on, hex. */
  readonly to: string
  /** The new key, SubjectPublicKeyInfo (DER), base64. */
  readonly publicKey: string
  readonly timeMs: number
  /** Ed25519 over `successionBytes`, base64. */
  readonly signature: string
}

/** `journal/checkpoints/successions.jsonl`: public, for whoever has the journal and not its keys. */
export const SUCCESSIONS_FILE = 'successions.jsonl'
/** Longest text of all of them. */
export const MAX_SUCCESSIONS_BYTES: number = 64 * 1024

const LABEL = Buffer.from('sallyport journal succession 1')
/** Of an Ed25519 key (RFC 8410). */
const SPKI_BYTES = 44
const MEMBERS = ['number', 'from', 'to', 'publicKey', 'timeMs', 'signature'] as const

/** What the old key signs; integers big-endian. */
export function successionBytes({
  number,
  from,
  to,
  publicKey,
  timeMs,
}: Omit<Succession, 'signature'>): Buffer {
  return Buffer.concat([
    LABEL,
    u64(number),
    Buffer.from(from, 'hex'),
    Buffer.from(to, 'hex'),
    Buffer.from(publicKey, 'base64'),
    u64(timeMs),
  ])
}

/** Has the old key sign the new one. Throws `journal-key-unusable` where what it gives is no signature of it. */
export async function signSuccession(
  old: CheckpointSigner,
  next: KeyObject,
  number: number,
  timeMs: number,
): Promise<Succession> {
  const publicKey = next.export({ type: 'spki', format: 'der' }).toString('base64')
  const unsigned = { number, from: old.keyId, to: keyIdOf(next), publicKey, timeMs }
  const bytes = successionBytes(unsigned)
  const signature = await old.sign(bytes)
  if (!verify(null, bytes, old.publicKey, signature))
    throw broken(number, 'the old key gave no signature of its own')
  return { ...unsigned, signature: signature.toString('base64') }
}

/** A line each. */
export function writeSuccessions(successions: readonly Succession[]): string {
  return successions.map(each => `${lineOf(each)}\n`).join('')
}

/** Reads what `writeSuccessions` writes, and no other text. Signatures are not checked. */
export function readSuccessions(text: string): readonly Succession[] {
  const lines = text.split('\n')
  if (lines.pop() !== '') throw broken(lines.length + 1, 'its line has no end')
  if (lines.length > MAX_PUBLIC_KEYS) throw broken(lines.length, `there are more than ${MAX_PUBLIC_KEYS}`)
  return lines.map((line, index) => readSuccession(line, index + 1))
}

/**
 * The given keys, and those that took their place, one after the other. Throws `journal-key-unusable` where a
 * succession is forged or out of order: a key is followed by one other, once, and none comes back.
 */
export function followSuccessions(given: PublicKeys, successions: readonly Succession[]): PublicKeys {
  const known = new Map(given)
  const gone = new Set<string>()
  let timeMs = 0
  for (const [index, each] of successions.entries()) {
    const { number, from, to } = each
    if (number !== index + 1) throw broken(index + 1, `succession ${number} stands in its place`)
    if (each.timeMs < timeMs) throw broken(number, 'it is older than the one before')
    if (from === to || gone.has(from))
      throw broken(number, `the key \`${from}\` was followed by another before`)
    if (gone.has(to)) throw broken(number, `the key \`${to}\` had been followed by another, and came back`)
    const next = readKey(each)
    const old = known.get(from)
    if (old !== undefined) {
      const signature = Buffer.from(each.signature, 'base64')
      if (!verify(null, successionBytes(each), old, signature))
        throw broken(number, 'its signature does not hold')
      known.set(to, next)
    }
    gone.add(from)
    timeMs = each.timeMs
  }
  return known
}

function readKey({ number, to, publicKey }: Succession): KeyObject {
  let key: KeyObject
  try {
    key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
  } catch (cause) {
    throw broken(number, 'its key cannot be read', cause)
  }
  if (key.asymmetricKeyType !== 'ed25519') throw broken(number, 'its key is not an Ed25519 key')
  if (keyIdOf(key) !== to) throw broken(number, 'its key has another id')
  return key
}

function readSuccession(line: string, place: number): Succession {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw broken(place, 'its line is not JSON', cause)
  }
  if (!isSuccession(value) || lineOf(value) !== line)
    throw broken(place, 'it is not written as successions are')
  return value
}

function lineOf(succession: Succession): string {
  return JSON.stringify({ version: 1, ...Object.fromEntries(MEMBERS.map(name => [name, succession[name]])) })
}

export function isSuccession(value: unknown): value is Succession {
  if (typeof value !== 'object' || value === null) return false
  const it = value as Partial<Record<keyof Succession, unknown>>
  return (
    isCount(it.number, 1) &&
    isHex(it.from) &&
    isHex(it.to) &&
    isBase64(it.publicKey, SPKI_BYTES) &&
    isCount(it.timeMs, 0) &&
    isBase64(it.signature, 64)
  )
}

const isCount = (value: unknown, least: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= least

const isHex = (value: unknown): value is string =>
  typeof value === 'string' && value.length === KEY_ID_BYTES * 2 && /^[0-9a-f]+$/.test(value)

/** Canonical base64 of so many bytes. */
function isBase64(value: unknown, length: number): value is string {
  if (typeof value !== 'string' || value.length > length * 2) return false
  const bytes = Buffer.from(value, 'base64')
  return bytes.length === length && bytes.toString('base64') === value
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

function broken(number: number, why: string, cause?: unknown): GateError {
  return new GateError(
    'journal-key-unusable',
    `succession ${number} of the journal's keys does not hold: ${why}`,
    {
      cause,
    },
  )
}
