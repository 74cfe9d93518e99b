/**
 * What is long is sealed in chunks, so that it is written and read in constant memory, and nothing of it is given
 * before it was verified. All integers are big-endian.
 *
 *      0          8         10           12                          + 32
 *      +----------+---------+------------+-------------+-------------+-----------+-----------+--
 *      | SALLYBOX | version | length u16 | content key | salt (32)   | chunk     | chunk     | …
 *      | 8 B      | u16     | of its id  | its id      |             | 64 KiB+16 | …         |
 *      +----------+---------+------------+-------------+-------------+-----------+-----------+--
 *
 * Each stream has a key of its own: HKDF-SHA-256 (RFC 5869) of the content key with the salt, and for `info` a purpose,
 * the header up to the salt, and what the stream is bound to (its name). A chunk is AES-256-GCM of 64 KiB, the last one
 * of 0 bytes to 64 KiB; its nonce is its number (11 bytes) and a byte that is 1 in the last one and 0 in all others:
 * the STREAM construction (https://eprint.iacr.org/2015/189). So chunks cannot be moved, left out or cut off, and
 * nonces cannot come twice.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { Random } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { ContentKey, KeyFinder } from './ports.ts'

const ALGORITHM = 'aes-256-gcm'
const MAGIC = Buffer.from('SALLYBOX')
const VERSION = 1
const PURPOSE = Buffer.from('sallyport sealed stream 1')
const FIXED_BYTES = 12
const SALT_BYTES = 32
const KEY_BYTES = 32
const TAG_BYTES = 16
const NONCE_BYTES = 12
const MAX_ID_BYTES = 64
/** Bytes of what is sealed that each chunk but the last has. */
export const STREAM_CHUNK_BYTES: number = 64 * 1024

/** Seals a stream piece by piece; the pieces that come out, in their order, are the sealed stream. */
export class StreamSealer {
  readonly #key: Buffer
  #header: Buffer | undefined
  #held: Buffer[] = []
  #heldBytes = 0
  #number = 0

  /** `bound`: what the stream is, its name; the same must be given to open it. */
  constructor(key: ContentKey, bound: string, random: Random) {
    const id = Buffer.from(key.id)
    if (id.length > MAX_ID_BYTES) throw new GateError('internal', 'the id of a content key is too long')
    const start = Buffer.alloc(FIXED_BYTES)
    MAGIC.copy(start)
    start.writeUInt16BE(VERSION, 8)
    start.writeUInt16BE(id.length, 10)
    const salt = random.bytes(SALT_BYTES)
    this.#header = Buffer.concat([start, id, salt])
    this.#key = streamKey(key.key, Buffer.concat([start, id]), salt, bound)
  }

  /** Takes the next piece, which must not change afterwards; gives what of the sealed stream is ready. */
  update(piece: Buffer): Buffer {
    this.#held.push(piece)
    this.#heldBytes += piece.length
    // The last chunk is another than those before it: a full one waits until something follows.
    if (this.#heldBytes <= STREAM_CHUNK_BYTES) return this.#withHeader([])
    const bytes = Buffer.concat(this.#held)
    const ready: Buffer[] = []
    let at = 0
    for (; bytes.length - at > STREAM_CHUNK_BYTES; at += STREAM_CHUNK_BYTES) {
      ready.push(this.#chunk(bytes.subarray(at, at + STREAM_CHUNK_BYTES), false))
    }
    this.#held = [Buffer.from(bytes.subarray(at))]
    this.#heldBytes = bytes.length - at
    return this.#withHeader(ready)
  }

  /** The end of the sealed stream. */
  final(): Buffer {
    const last = this.#chunk(Buffer.concat(this.#held), true)
    this.#held = []
    return this.#withHeader([last])
  }

  #withHeader(chunks: readonly Buffer[]): Buffer {
    const header = this.#header
    this.#header = undefined
    return Buffer.concat(header === undefined ? chunks : [header, ...chunks])
  }

  #chunk(plain: Buffer, isLast: boolean): Buffer {
    const cipher = createCipheriv(ALGORITHM, this.#key, nonceOf(this.#number++, isLast), {
      authTagLength: TAG_BYTES,
    })
    const body = cipher.update(plain)
    cipher.final()
    return Buffer.concat([body, cipher.getAuthTag()])
  }
}

/** `StreamSealer` over what comes from elsewhere. */
export async function* sealStream(
  source: AsyncIterable<Buffer> | Iterable<Buffer>,
  key: ContentKey,
  bound: string,
  random: Random,
): AsyncGenerator<Buffer, void> {
  const sealer = new StreamSealer(key, bound, random)
  for await (const piece of source) {
    const ready = sealer.update(piece)
    if (ready.length > 0) yield ready
  }
  yield sealer.final()
}

/**
 * What was sealed, in pieces that are verified each; that nothing was cut off is known when it ends. Rejects with
 * `content-shredded` where its key was shredded, with `content-sealed` without keys, and with `journal-corrupt` where
 * it was changed, cut, is bound to something else, or is no sealed stream.
 */
export async function* openStream(
  source: AsyncIterable<Buffer> | Iterable<Buffer>,
  keys: KeyFinder | undefined,
  bound: string,
): AsyncGenerator<Buffer, void> {
  let held: Buffer = Buffer.alloc(0)
  let key: Buffer | undefined
  let number = 0
  for await (const piece of source) {
    held = held.length === 0 ? piece : Buffer.concat([held, piece])
    if (key === undefined) {
      const header = readHeader(held)
      if (header === undefined) continue
      key = await findKey(keys, header, bound)
      held = held.subarray(header.bytes)
    }
    const full = STREAM_CHUNK_BYTES + TAG_BYTES
    let at = 0
    for (; held.length - at > full; at += full) {
      yield openChunk(key, held.subarray(at, at + full), number++, false)
    }
    held = held.subarray(at)
  }
  if (key === undefined) throw damaged('it ends within its header')
  yield openChunk(key, held, number, true)
}

/** The id of the content key that a sealed stream names in its first bytes; undefined if more of them are needed. */
export function streamKeyId(start: Buffer): string | undefined {
  return readHeader(start)?.id.toString('latin1')
}

interface Header {
  readonly id: Buffer
  /** The header up to its salt. */
  readonly start: Buffer
  readonly salt: Buffer
  readonly bytes: number
}

function readHeader(bytes: Buffer): Header | undefined {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC.subarray(0, bytes.length))) {
    throw damaged('it does not begin as a sealed stream does')
  }
  if (bytes.length < FIXED_BYTES) return undefined
  const version = bytes.readUInt16BE(8)
  if (version !== VERSION) throw damaged(`version ${version} is not known to this gate`)
  const idBytes = bytes.readUInt16BE(10)
  if (idBytes === 0 || idBytes > MAX_ID_BYTES) throw damaged('it names no content key')
  const end = FIXED_BYTES + idBytes + SALT_BYTES
  if (bytes.length < end) return undefined
  return {
    id: bytes.subarray(FIXED_BYTES, FIXED_BYTES + idBytes),
    start: bytes.subarray(0, FIXED_BYTES + idBytes),
    salt: bytes.subarray(FIXED_BYTES + idBytes, end),
    bytes: end,
  }
}

async function findKey(
  keys: KeyFinder | undefined,
  { id, start, salt }: Header,
  bound: string,
): Promise<Buffer> {
  if (keys === undefined)
    throw new GateError('content-sealed', 'the content is sealed, and no keys are given')
  const found = await keys.find(id.toString('latin1'))
  if (found === undefined) throw new GateError('content-shredded', 'the content was shredded')
  return streamKey(found.key, start, salt, bound)
}

function streamKey(key: Buffer, start: Buffer, salt: Buffer, bound: string): Buffer {
  const info = Buffer.concat([PURPOSE, start, Buffer.from(bound)])
  return Buffer.from(hkdfSync('sha256', key, salt, info, KEY_BYTES))
}

function openChunk(key: Buffer, chunk: Buffer, number: number, isLast: boolean): Buffer {
  if (chunk.length < TAG_BYTES) throw damaged('its end is missing')
  const decipher = createDecipheriv(ALGORITHM, key, nonceOf(number, isLast), { authTagLength: TAG_BYTES })
  decipher.setAuthTag(chunk.subarray(-TAG_BYTES))
  const plain = decipher.update(chunk.subarray(0, -TAG_BYTES))
  try {
    decipher.final()
  } catch {
    // OpenSSL says no more than that the tag does not fit.
    throw damaged(`chunk ${number + 1} does not open`)
  }
  return plain
}

function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES)
  nonce.writeUIntBE(number, NONCE_BYTES - 7, 6)
  nonce.writeUInt8(isLast ? 1 : 0, NONCE_BYTES - 1)
  return nonce
}

function damaged(why: string): GateError {
  return new GateError('journal-corrupt', `the sealed content is damaged: ${why}`)
}
