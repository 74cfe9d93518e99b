import { join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import type { JournalFile } from '../files.ts'
import { writeFully } from '../files.ts'
import { type OpenSegment, openSegment } from '../open-segment.ts'
import type { JournalSource } from '../read.ts'
import { laneName, SEGMENT_HEADER_BYTES } from '../segment.ts'
import type { Block } from './block.ts'
import { BlockBuilder, type BlockLimits, type BuiltBlock } from './build.ts'
import {
  codecOf,
  encodeIndexHeader,
  INDEX_HEADER_BYTES,
  type IndexFileId,
  memoryBlock,
  writeBlock,
} from './file.ts'
import { locked } from './lane-blocks.ts'
import { type IndexStore, indexPath, type OpenIndexFile, openIndexFile } from './lane-files.ts'
import type { PieceCodec } from './piece.ts'
import { type Cursor, readSegmentFrom } from './read-segment.ts'

/** How indexing goes about it. */
export interface Indexing {
  readonly source: JournalSource
  readonly store: IndexStore
  /** Whether blocks are kept in files: only while the lock of the index is held. */
  readonly keep: boolean
  readonly limits: BlockLimits
  /** Events of an unfinished segment for which a block is kept; fewer are indexed anew each time. */
  readonly worthKeeping: number
  /** Called after so many events, now and then. */
  readonly progress?: (events: number) => void
}

/** A part with more blocks than these is made anew once its segment is finished. */
const MAX_BLOCKS_OF_PARTS = 4

/** What came of indexing a segment. */
export interface IndexedSegment {
  /** Blocks that are in no file. */
  readonly unfiled: readonly Block[]
  /** Whether there is a file, with what stands before these. */
  readonly isFiled: boolean
}

/** Brings the index of one segment up to date. `isLast`: the lane has none behind it. Undefined: it is gone. */
export async function indexSegment(
  indexing: Indexing,
  place: { readonly lane: number; readonly segment: number },
  isLast: boolean,
): Promise<IndexedSegment | undefined> {
  const opened = await openSegment(indexing.source.files, indexing.source.folder, place)
  if (opened === undefined) return undefined
  try {
    const part = await fittingPart(indexing, opened, isLast)
    try {
      return await goOn(indexing, opened, part, isLast)
    } catch (error) {
      // What the part ends with was taken back by the gate: begin anew.
      if (part === undefined || !isCorrupt(error)) throw error
      return await goOn(indexing, opened, undefined, isLast)
    } finally {
      await part?.file.close()
    }
  } finally {
    await opened.file.close()
  }
}

function isCorrupt(error: unknown): boolean {
  return error instanceof GateError && error.code === 'journal-corrupt'
}

/** What there is of the segment's index already, if it is worth going on with. */
async function fittingPart(
  { store, keep }: Indexing,
  { file, header }: OpenSegment,
  isLast: boolean,
): Promise<OpenIndexFile | undefined> {
  const part = await openIndexFile(store, header, 'part', keep ? 'write' : 'read')
  if (part === 'locked') throw locked(header.lane, header.segment)
  if (typeof part === 'string') return undefined
  const last = part.blocks.at(-1)
  const isFit =
    last !== undefined &&
    part.id.journalId.equals(header.journalId) &&
    last.head.to <= (await file.size()) &&
    (isLast || part.blocks.length <= MAX_BLOCKS_OF_PARTS)
  if (isFit) return part
  await part.file.close()
  return undefined
}

async function goOn(
  indexing: Indexing,
  opened: OpenSegment,
  part: OpenIndexFile | undefined,
  isLast: boolean,
): Promise<IndexedSegment> {
  const { source, limits, keep, worthKeeping } = indexing
  const last = part?.blocks.at(-1)?.head
  let cursor: Cursor =
    last === undefined
      ? { ...opened.start, offset: SEGMENT_HEADER_BYTES }
      : { number: last.last, offset: last.to, link: Buffer.from(last.link, 'hex') }
  const target = keep ? new PartFile(indexing, opened, part) : undefined
  const unfiled: Block[] = []
  try {
    const put = async (built: BuiltBlock, isWorth: boolean): Promise<void> => {
      indexing.progress?.(built.head.last - built.head.first + 1)
      if (target !== undefined && isWorth) await target.add(built)
      else unfiled.push(memoryBlock(opened.header, built))
    }
    const events = readSegmentFrom(source, opened, cursor, isLast)
    let builder = new BlockBuilder(cursor, limits)
    let step = await events.next()
    for (; step.done !== true; step = await events.next()) {
      const read = step.value
      if (builder.isFullFor(read.event)) {
        await put(builder.finish(), true)
        builder = new BlockBuilder(cursor, limits)
      }
      builder.add(read)
      cursor = { number: read.number, offset: read.end, link: read.link }
    }
    if (builder.events > 0) await put(builder.finish(), !isLast || builder.events >= worthKeeping)
    if (target === undefined) return { unfiled, isFiled: part !== undefined }
    if (!isLast) {
      // An index without a block could be that of another key.
      if (!target.isThere) await target.add(new BlockBuilder(cursor, limits).finish())
      await target.finish()
    }
    return { unfiled, isFiled: target.isThere }
  } finally {
    await target?.close()
  }
}

/** The file to which blocks of a segment are added; made when the first one comes. */
class PartFile {
  readonly #indexing: Indexing
  readonly #opened: OpenSegment
  readonly #path: string
  /** One that was there is another's to close. */
  readonly #isOwn: boolean
  #open: { readonly file: JournalFile; readonly codec: PieceCodec; end: number } | undefined

  constructor(indexing: Indexing, opened: OpenSegment, part: OpenIndexFile | undefined) {
    const { lane, segment } = opened.header
    this.#indexing = indexing
    this.#opened = opened
    this.#path = indexPath(indexing.store.folder, lane, segment, 'part')
    this.#isOwn = part === undefined
    this.#open = part && { file: part.file, codec: part.codec, end: part.end }
  }

  get isThere(): boolean {
    return this.#open !== undefined
  }

  async add(built: BuiltBlock): Promise<void> {
    const open = await this.#opening()
    open.end = await writeBlock(open.file, open.codec, open.end, built)
  }

  /** All of the segment is in it. */
  async finish(): Promise<void> {
    const { lane, segment } = this.#opened.header
    const { files, folder } = this.#indexing.store
    const { file, end } = await this.#opening()
    // A crash may have left the beginning of a block behind the last one.
    await file.truncate(end)
    await file.sync()
    await files.rename(this.#path, indexPath(folder, lane, segment, 'whole'))
  }

  async close(): Promise<void> {
    if (this.#isOwn) await this.#open?.file.close()
  }

  async #opening(): Promise<{ readonly file: JournalFile; readonly codec: PieceCodec; end: number }> {
    this.#open ??= await this.#create()
    return this.#open
  }

  async #create(): Promise<{ readonly file: JournalFile; readonly codec: PieceCodec; end: number }> {
    const { header } = this.#opened
    const { files, folder, seal } = this.#indexing.store
    const isSealed = seal.key !== undefined
    const salt = isSealed ? seal.random.bytes(16) : Buffer.alloc(16)
    const id: IndexFileId = { ...header, salt, isSealed }
    const codec = codecOf(id, seal)
    if (codec === undefined) throw new GateError('internal', 'the codec of a new index file is not its own')
    await files.makeFolder(join(folder, laneName(header.lane)))
    // Who reads an older one goes on reading it.
    await removeIfThere(this.#indexing.store, this.#path)
    const file = await files.create(this.#path)
    await writeFully(file, encodeIndexHeader(id), 0)
    return { file, codec, end: INDEX_HEADER_BYTES }
  }
}

/** Removes a file; no error if there is none. */
export async function removeIfThere({ files }: IndexStore, path: string): Promise<void> {
  const file = await files.open(path, 'read')
  if (file === undefined) return
  await file.close()
  await files.remove(path)
}
