import { laneNumbers } from '../segment.ts'
import type { Block } from './block.ts'
import { seedOf, valueGramsOf } from './grams.ts'
import { removeIfThere } from './index-segment.ts'
import { type FileKind, type IndexStore, indexPath, listIndexed, openIndexFile } from './lane-files.ts'
import { Rows } from './rows.ts'

const KINDS: readonly FileKind[] = ['whole', 'part']

/** Removes the files of a segment. The caller holds the lock, as for everything here. */
export async function removeSegment(store: IndexStore, lane: number, segment: number): Promise<void> {
  for (const kind of KINDS) await removeIfThere(store, indexPath(store.folder, lane, segment, kind))
}

export async function removeLane(store: IndexStore, lane: number): Promise<void> {
  for (const segment of (await listIndexed(store, lane)).keys()) await removeSegment(store, lane, segment)
}

/** Lanes that have an index. */
export async function indexedLanes({ files, folder }: IndexStore): Promise<readonly number[]> {
  return laneNumbers(await files.list(folder))
}

/** Removes the files in which one of these sessions is, or that cannot be read. */
export async function removeSessions(store: IndexStore, sessionIds: ReadonlySet<string>): Promise<void> {
  for (const lane of await indexedLanes(store)) {
    for (const [segment, kinds] of await listIndexed(store, lane)) {
      for (const kind of kinds) {
        if (!(await isWithout(store, { lane, segment }, kind, sessionIds))) {
          await removeIfThere(store, indexPath(store.folder, lane, segment, kind))
        }
      }
    }
  }
}

/** Removes the files of segments whose events all came before this one. */
export async function removeBefore(store: IndexStore, lane: number, event: number): Promise<void> {
  for (const [segment, kinds] of await listIndexed(store, lane)) {
    for (const kind of kinds) {
      const opened = await openIndexFile(store, { lane, segment }, kind)
      if (typeof opened === 'string') continue
      await opened.file.close()
      const last = opened.blocks.at(-1)?.head.last
      if (last !== undefined && last < event) {
        await removeIfThere(store, indexPath(store.folder, lane, segment, kind))
      }
    }
  }
}

async function isWithout(
  store: IndexStore,
  place: { readonly lane: number; readonly segment: number },
  kind: FileKind,
  sessionIds: ReadonlySet<string>,
): Promise<boolean> {
  const opened = await openIndexFile(store, place, kind)
  if (typeof opened === 'string') return opened === 'missing'
  try {
    for (const block of opened.blocks) if (await mayHave(block, sessionIds)) return false
    // What a crash left behind the last block may be of anybody.
    return (await opened.file.size()) === opened.end
  } finally {
    await opened.file.close()
  }
}

async function mayHave(block: Block, sessionIds: ReadonlySet<string>): Promise<boolean> {
  const { rows, keys, planes } = block.head
  if (rows === 0) return false
  const bytes = await block.part('values:session')
  const values = bytes.length === 0 ? [] : (JSON.parse(bytes.toString()) as readonly string[])
  if (values.some(value => sessionIds.has(value))) return true
  if (keys.session === 'listed') return false
  for (const id of sessionIds) {
    const fitting = Rows.all(rows)
    for (const gram of valueGramsOf({ parts: [id] }, seedOf('session'))) {
      fitting.intersect(Rows.fromBytes(rows, await block.plane(gram % planes)))
    }
    if (!fitting.isEmpty) return true
  }
  return false
}
