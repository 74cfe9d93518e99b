/**
 * An index file: what a search knows of one segment. Integers are little-endian.
 *
 *      0        8         10     12        16           32     48       49     53
 *      +--------+---------+------+---------+------------+------+--------+------+
 *      | magic  | version | lane | segment | journal id | salt | sealed | CRC  |
 *      | 8 B    | u16     | u16  | u32     | 16 B       | 16 B | u8     | u32  |
 *      +--------+---------+------+---------+------------+------+--------+------+
 *
 * Then blocks, one behind the other, whose pieces are closed as `piece.ts` says:
 *
 *      0            4            8
 *      +------------+------------+-----------------+--------------------+
 *      | head bytes | body bytes | head (a piece)  | body: pieces       |
 *      +------------+------------+-----------------+--------------------+
 *
 * Nothing in it is worth keeping: whatever does not fit is thrown away and made anew from the segment.
 */
import { crc32c } from '@node-rs/crc32'
import { type JournalFile, readFully, writeFully } from '../files.ts'
import type { Block, BlockHead, Part } from './block.ts'
import type { BuiltBlock } from './build.ts'
import { MAX_PLANES, MAX_ROWS } from './column.ts'
import { IndexDamaged } from './damaged.ts'
import { type PieceCodec, plainCodec, sealedCodec } from './piece.ts'
import { bytesFor } from './rows.ts'

const MAGIC = Buffer.from('SALLYIDX')
const VERSION = 2
const CRC_OFFSET = 49
export const INDEX_HEADER_BYTES = 53
const LENGTHS_BYTES = 8
/** Longest head and body that are believed. */
const MAX_HEAD_BYTES = 64 * 1024 * 1024
const MAX_BODY_BYTES = 1024 * 1024 * 1024

/** Which segment a file is about, and how it is closed. */
export interface IndexFileId {
  readonly lane: number
  readonly segment: number
  /** 16 bytes. */
  readonly journalId: Buffer
  /** 16 bytes; random where the file is sealed. */
  readonly salt: Buffer
  readonly isSealed: boolean
}

/** What closes and opens pieces: a key of 32 bytes, if the index is to be sealed. */
export interface IndexSeal {
  readonly key: Buffer | undefined
  readonly random: { bytes(length: number): Buffer }
}

/** A head as it is written: with where its parts lie in the body. */
interface WrittenHead extends BlockHead {
  readonly parts: readonly (readonly [name: string, at: number, bytes: number])[]
}

export function encodeIndexHeader(id: IndexFileId): Buffer {
  const bytes = Buffer.alloc(INDEX_HEADER_BYTES)
  MAGIC.copy(bytes)
  bytes.writeUInt16LE(VERSION, 8)
  bytes.writeUInt16LE(id.lane, 10)
  bytes.writeUInt32LE(id.segment, 12)
  id.journalId.copy(bytes, 16)
  id.salt.copy(bytes, 32)
  bytes.writeUInt8(id.isSealed ? 1 : 0, 48)
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, CRC_OFFSET)), CRC_OFFSET)
  return bytes
}

/** Undefined if the bytes are no header of this version. */
export function decodeIndexHeader(bytes: Buffer): IndexFileId | undefined {
  if (bytes.length < INDEX_HEADER_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return undefined
  if (bytes.readUInt16LE(8) !== VERSION) return undefined
  if (bytes.readUInt32LE(CRC_OFFSET) !== crc32c(bytes.subarray(0, CRC_OFFSET))) return undefined
  return {
    lane: bytes.readUInt16LE(10),
    segment: bytes.readUInt32LE(12),
    journalId: Buffer.from(bytes.subarray(16, 32)),
    salt: Buffer.from(bytes.subarray(32, 48)),
    isSealed: bytes.readUInt8(48) === 1,
  }
}

/** Undefined where the file is sealed and there is no key, or the other way round. */
export function codecOf(id: IndexFileId, seal: IndexSeal): PieceCodec | undefined {
  if (id.isSealed !== (seal.key !== undefined)) return undefined
  const file = `${id.lane}/${id.segment} ${id.journalId.toString('hex')}`
  return seal.key === undefined ? plainCodec(file) : sealedCodec(file, seal.key, id.salt, seal.random)
}

/** The bytes of a block that will stand at `offset`. */
export function encodeBlock({ head, parts }: BuiltBlock, codec: PieceCodec, offset: number): Buffer {
  const body: Buffer[] = []
  const places: (readonly [name: string, at: number, bytes: number])[] = []
  let at = 0
  for (const [name, bytes] of parts) {
    places.push([name, at, bytes.length])
    for (const [number, piece] of piecesOf(name, bytes, head).entries()) {
      const closed = codec.close(pieceName(head, name, number), piece)
      body.push(closed)
      at += closed.length
    }
  }
  const written: WrittenHead = { ...head, parts: places }
  const closedHead = codec.close(`head ${offset} ${at}`, Buffer.from(JSON.stringify(written)))
  const lengths = Buffer.alloc(LENGTHS_BYTES)
  lengths.writeUInt32LE(closedHead.length, 0)
  lengths.writeUInt32LE(at, 4)
  return Buffer.concat([lengths, closedHead, ...body])
}

/** Planes are read one by one. */
function piecesOf(name: Part, bytes: Buffer, { rows }: BlockHead): readonly Buffer[] {
  if (name !== 'planes') return [bytes]
  const each = bytesFor(rows)
  return Array.from({ length: bytes.length / each }, (_, at) => bytes.subarray(at * each, (at + 1) * each))
}

function pieceName({ first }: BlockHead, part: Part, number: number): string {
  return `${first} ${part} ${number}`
}

/**
 * Reads the head of the block at `offset`. Undefined where none lies that is whole: behind the last one, or where a crash
 * has left a part of one.
 */
export async function readBlock(
  { file, id, codec, begin, size }: FileBytes,
  offset: number,
): Promise<{ readonly block: Block; readonly end: number } | undefined> {
  if (offset + LENGTHS_BYTES > size) return undefined
  const lengths = await bytesAt(file, begin, offset, LENGTHS_BYTES)
  if (lengths === undefined) return undefined
  const headBytes = lengths.readUInt32LE(0)
  const bodyBytes = lengths.readUInt32LE(4)
  if (headBytes > MAX_HEAD_BYTES || bodyBytes > MAX_BODY_BYTES) return undefined
  const bodyAt = offset + LENGTHS_BYTES + headBytes
  const end = bodyAt + bodyBytes
  if (end > size) return undefined
  const closed = await bytesAt(file, begin, offset + LENGTHS_BYTES, headBytes)
  const opened = closed && codec.open(`head ${offset} ${bodyBytes}`, closed)
  if (opened === undefined) return undefined
  const head = headOf(opened)
  if (head === undefined) return undefined
  return { block: new FiledBlock(file, id, codec, head, bodyAt), end }
}

/** What the codec opens, this code has written, or whoever can write the disk: nothing is made large at their word. */
function headOf(json: Buffer): WrittenHead | undefined {
  const head = JSON.parse(json.toString()) as WrittenHead
  const isSmall = head.rows <= MAX_ROWS && head.planes <= MAX_PLANES
  return isSmall && head.parts.every(([, , bytes]) => bytes <= MAX_BODY_BYTES) ? head : undefined
}

/** An index file as far as it was read. */
export interface FileBytes {
  readonly file: JournalFile
  readonly id: IndexFileId
  readonly codec: PieceCodec
  /** Its first bytes. */
  readonly begin: Buffer
  readonly size: number
}

/** Undefined if the file ends before. */
async function bytesAt(
  file: JournalFile,
  begin: Buffer,
  offset: number,
  count: number,
): Promise<Buffer | undefined> {
  if (offset + count <= begin.length) return begin.subarray(offset, offset + count)
  const bytes = Buffer.allocUnsafe(count)
  return (await readFully(file, bytes, offset)) === count ? bytes : undefined
}

class FiledBlock implements Block {
  readonly lane: number
  readonly segment: number
  readonly head: BlockHead
  readonly #file: JournalFile
  readonly #codec: PieceCodec
  readonly #bodyAt: number
  readonly #parts: ReadonlyMap<string, { readonly at: number; readonly bytes: number }>

  constructor(file: JournalFile, id: IndexFileId, codec: PieceCodec, head: WrittenHead, bodyAt: number) {
    this.lane = id.lane
    this.segment = id.segment
    this.head = head
    this.#file = file
    this.#codec = codec
    this.#bodyAt = bodyAt
    this.#parts = new Map(head.parts.map(([name, at, bytes]) => [name, { at, bytes }]))
  }

  part(name: Part): Promise<Buffer> {
    const part = this.#parts.get(name)
    if (part === undefined) return Promise.resolve(Buffer.alloc(0))
    return this.#piece(name, 0, part.at, part.bytes)
  }

  plane(number: number): Promise<Buffer> {
    const part = this.#parts.get('planes')
    const bytes = bytesFor(this.head.rows)
    if (part === undefined || number >= this.head.planes) throw this.#damaged()
    return this.#piece('planes', number, part.at + number * (bytes + this.#codec.overhead), bytes)
  }

  async #piece(name: Part, number: number, at: number, bytes: number): Promise<Buffer> {
    const closed = Buffer.allocUnsafe(bytes + this.#codec.overhead)
    const count = await readFully(this.#file, closed, this.#bodyAt + at)
    const piece = this.#codec.open(pieceName(this.head, name, number), closed.subarray(0, count))
    if (piece === undefined) throw this.#damaged()
    return piece
  }

  #damaged(): IndexDamaged {
    return new IndexDamaged(this.lane, this.segment)
  }
}

/** A block that lies in memory alone. */
export function memoryBlock(
  { lane, segment }: { readonly lane: number; readonly segment: number },
  { head, parts }: BuiltBlock,
): Block {
  return {
    lane,
    segment,
    head,
    part: name => Promise.resolve(parts.get(name) ?? Buffer.alloc(0)),
    plane(number) {
      const bytes = bytesFor(head.rows)
      return Promise.resolve(
        (parts.get('planes') ?? Buffer.alloc(0)).subarray(number * bytes, (number + 1) * bytes),
      )
    },
  }
}

/** Writes a block at `offset`; gives where it ends. */
export async function writeBlock(
  file: JournalFile,
  codec: PieceCodec,
  offset: number,
  built: BuiltBlock,
): Promise<number> {
  const bytes = encodeBlock(built, codec, offset)
  await writeFully(file, bytes, offset)
  return offset + bytes.length
}
