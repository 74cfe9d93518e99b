import { brotliDecompressSync, constants } from 'node:zlib'
import { GateError } from '../core/errors.ts'

/**
 * The file that holds the catalog: independent chunks, each compressed by itself, so that a service
 * is unpacked when it is first used. One file, read at once: what is used together came together.
 *
 * ```
 * +----------------+------------------+-----------------------+---------+---------+--
 * | `SALLYCAT`  8  | index length  u32 | index, brotli         | chunk 0 | chunk 1 | …
 * +----------------+------------------+-----------------------+---------+---------+--
 * ```
 *
 * The index is text: one line a chunk, its name and its length in bytes, in the order of the chunks.
 * Integers are little-endian.
 */
export const PACK_MAGIC = 'SALLYCAT'

const HEAD_BYTES = PACK_MAGIC.length + 4
/** No chunk unpacks to more; the largest, ec2's shapes, has under 1 MB. */
const CHUNK_BYTES_MAX = 16 * 1024 * 1024

/** The chunks of a catalog file, by name. */
export class Pack {
  readonly #chunks: ReadonlyMap<string, Buffer>

  /**
   * @param bytes the whole file
   * @throws GateError `catalog-damaged` where they are no such file
   */
  constructor(bytes: Buffer) {
    if (bytes.length < HEAD_BYTES || bytes.toString('latin1', 0, PACK_MAGIC.length) !== PACK_MAGIC) {
      throw damaged('it does not begin as a catalog file does')
    }
    const indexEnd = HEAD_BYTES + bytes.readUInt32LE(PACK_MAGIC.length)
    if (indexEnd > bytes.length) throw damaged('it ends within its index')
    this.#chunks = chunksOf(bytes, indexEnd)
  }

  /** Names of the chunks, in the file's order. */
  get names(): readonly string[] {
    return [...this.#chunks.keys()]
  }

  has(name: string): boolean {
    return this.#chunks.has(name)
  }

  /**
   * Unpacks a chunk, each time anew.
   *
   * @throws GateError `catalog-damaged` where there is no such chunk or it cannot be unpacked
   */
  text(name: string): string {
    const chunk = this.#chunks.get(name)
    if (chunk === undefined) throw damaged(`it has no chunk \`${name}\``)
    return unpack(chunk, name)
  }
}

function chunksOf(bytes: Buffer, indexEnd: number): ReadonlyMap<string, Buffer> {
  const chunks = new Map<string, Buffer>()
  let offset = indexEnd
  for (const line of unpack(bytes.subarray(HEAD_BYTES, indexEnd), 'index').split('\n')) {
    if (line === '') continue
    const [name, length] = line.split('\t')
    const end = offset + Number(length)
    if (name === undefined || !Number.isSafeInteger(end) || end > bytes.length) {
      throw damaged('its index speaks of more than it holds')
    }
    chunks.set(name, bytes.subarray(offset, end))
    offset = end
  }
  if (offset !== bytes.length) throw damaged('it holds more than its index speaks of')
  return chunks
}

function unpack(chunk: Buffer, name: string): string {
  try {
    return brotliDecompressSync(chunk, {
      maxOutputLength: CHUNK_BYTES_MAX,
      params: { [constants.BROTLI_DECODER_PARAM_LARGE_WINDOW]: 0 },
    }).toString('utf8')
  } catch (cause) {
    throw damaged(`chunk \`${name}\` cannot be unpacked`, cause)
  }
}

/** The error for a catalog file that is not what the generator wrote. */
export function damaged(what: string, cause?: unknown): GateError {
  return new GateError('catalog-damaged', `the catalog file cannot be used: ${what}`, { cause })
}
