import { join } from 'node:path'
import type { JournalFile, JournalFiles } from '../files.ts'
import { readFully } from '../files.ts'
import { laneName } from '../segment.ts'
import type { Block } from './block.ts'
import {
  codecOf,
  decodeIndexHeader,
  INDEX_HEADER_BYTES,
  type IndexFileId,
  type IndexSeal,
  readBlock,
} from './file.ts'
import type { PieceCodec } from './piece.ts'

/** Where the index is, and how its files are closed. */
export interface IndexStore {
  readonly files: JournalFiles
  /** `data/index` */
  readonly folder: string
  readonly seal: IndexSeal
}

/** `whole`: of a segment to which nothing will be added. `part`: as far as it went. */
export type FileKind = 'whole' | 'part'

const SUFFIX: Readonly<Record<FileKind, string>> = { whole: 'idx', part: 'part' }
const NAME = /^(\d{10})\.(idx|part)$/

export function indexPath(folder: string, lane: number, segment: number, kind: FileKind): string {
  return join(folder, laneName(lane), `${String(segment).padStart(10, '0')}.${SUFFIX[kind]}`)
}

/** The segments that have an index file. */
export async function listIndexed(
  { files, folder }: IndexStore,
  lane: number,
): Promise<ReadonlyMap<number, ReadonlySet<FileKind>>> {
  const found = new Map<number, Set<FileKind>>()
  for (const name of await files.list(join(folder, laneName(lane)))) {
    const match = NAME.exec(name)
    if (match === null) continue
    const segment = Number(match[1])
    const kinds = found.get(segment) ?? new Set<FileKind>()
    found.set(segment, kinds.add(match[2] === SUFFIX.whole ? 'whole' : 'part'))
  }
  return found
}

/** An index file that is open, with its blocks. */
export interface OpenIndexFile {
  readonly file: JournalFile
  readonly id: IndexFileId
  readonly codec: PieceCodec
  readonly blocks: readonly Block[]
  /** Byte behind the last block that is whole. */
  readonly end: number
}

/**
 * Opens an index file. `missing`: there is none. `unfit`: it is none of this version, of this segment, or cannot be read
 * with this key. `locked`: it is sealed, and no key was given.
 */
export async function openIndexFile(
  store: IndexStore,
  place: { readonly lane: number; readonly segment: number },
  kind: FileKind,
  mode: 'read' | 'write' = 'read',
): Promise<OpenIndexFile | 'missing' | 'unfit' | 'locked'> {
  const path = indexPath(store.folder, place.lane, place.segment, kind)
  const file = await store.files.open(path, mode)
  if (file === undefined) return 'missing'
  const opened = await readIndexFile(file, store.seal, place)
  if (typeof opened === 'string') await file.close()
  return opened
}

/** Holds the header and the head of an ordinary first block. */
const FIRST_BYTES = 8 * 1024

async function readIndexFile(
  file: JournalFile,
  seal: IndexSeal,
  { lane, segment }: { readonly lane: number; readonly segment: number },
): Promise<OpenIndexFile | 'unfit' | 'locked'> {
  const room = Buffer.allocUnsafe(FIRST_BYTES)
  const begin = room.subarray(0, await readFully(file, room, 0))
  const id = decodeIndexHeader(begin)
  if (id === undefined || id.lane !== lane || id.segment !== segment) return 'unfit'
  const codec = codecOf(id, seal)
  if (codec === undefined) return id.isSealed ? 'locked' : 'unfit'
  const size = begin.length < FIRST_BYTES ? begin.length : await file.size()
  const blocks: Block[] = []
  let end = INDEX_HEADER_BYTES
  for (;;) {
    const read = await readBlock({ file, id, codec, begin, size }, end)
    if (read === undefined) break
    blocks.push(read.block)
    end = read.end
  }
  return { file, id, codec, blocks, end }
}
