import { join } from 'node:path'
import type { Random } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { FileLock } from '../files.ts'
import { corrupt } from '../place.ts'
import { type JournalSource, listLanes } from '../read.ts'
import { isRemovedBetween } from '../retention/hints.ts'
import { spanOf } from '../search/lane.ts'
import { compileQuery } from '../search/match.ts'
import type { Query } from '../search/query.ts'
import { mergeFound, type SearchOptions } from '../search/search.ts'
import type { Findable } from '../search/values.ts'
import { layout, segmentNumbers } from '../segment.ts'
import { BLOCK_LIMITS, type BlockLimits } from './build.ts'
import { IndexDamaged } from './damaged.ts'
import { indexedLanes, removeBefore, removeLane, removeSegment, removeSessions } from './forget.ts'
import { type Indexing, indexSegment } from './index-segment.ts'
import { LaneBlocks, type SegmentBlocks } from './lane-blocks.ts'
import { type IndexStore, listIndexed } from './lane-files.ts'
import { searchLane } from './search-lane.ts'
import { selectorFor } from './select.ts'

/** What an index is of, and where it lies. */
export interface IndexOptions {
  readonly source: JournalSource
  /** `data/index`; it may be removed at any time. */
  readonly folder: string
  /** 32 bytes: the index is sealed with it. Give one wherever the journal is sealed. */
  readonly key?: Buffer
  readonly random: Random
  readonly limits?: BlockLimits
  /** Events of an unfinished segment for which a block is kept. */
  readonly worthKeeping?: number
  /** Told now and then how many events were indexed. */
  readonly progress?: (events: number) => void
}

const WORTH_KEEPING = 1_024
/** Segments of a lane that are indexed in memory where another process holds the lock; beyond them it is waited for. */
const MAX_UNFILED_SEGMENTS = 2

/** What an update came to. */
export interface IndexUpdate {
  /** Events that were indexed in this update. */
  readonly events: number
  /** False: another process keeps the index, or nothing can be written; what was indexed is in memory alone. */
  readonly isKept: boolean
}

export function openIndex(options: IndexOptions): JournalIndex {
  return new JournalIndex(options)
}

/**
 * An index of the journal in files beside it, one for each segment: it says which events a search has to look at, and
 * the journal says what they are. Any number of processes may search; one at a time keeps files.
 */
export class JournalIndex {
  readonly #options: IndexOptions
  readonly #store: IndexStore

  constructor(options: IndexOptions) {
    const { source, folder, key, random } = options
    this.#options = options
    this.#store = { files: source.files, folder, seal: { key, random } }
  }

  /** Indexes what the journal has got since. Throws `journal-corrupt`, `index-locked`; `index-busy` where it is far behind. */
  async update(): Promise<IndexUpdate> {
    const { isKept, events } = await this.#update()
    return { isKept, events }
  }

  /**
   * What matches, in the order of the search, after an update; the same as `searchJournal` finds. Undefined where the
   * index cannot say: it is busy, locked, or damaged again and again. Throws `journal-corrupt`.
   */
  async search(
    query: Query,
    { order = 'newest', limit }: SearchOptions,
  ): Promise<readonly Findable[] | undefined> {
    const { source } = this.#options
    const matcher = compileQuery(query)
    const plan = { source, matcher, selector: selectorFor(query), span: spanOf(query), order }
    for (let attempt = 1; ; attempt++) {
      try {
        const { lanes } = await this.#update()
        const found: Findable[] = []
        const searches = lanes.map(blocks => searchLane({ ...plan, blocks }))
        for await (const entry of mergeFound(searches, order)) {
          found.push(entry)
          if (found.length >= limit) break
        }
        return found
      } catch (error) {
        // A disk that is full or cannot be written; if it is the journal that cannot be read, a scan says so.
        if (isOfSystem(error)) return undefined
        if (!(error instanceof GateError)) throw error
        if (error.code === 'index-locked' || error.code === 'index-busy') return undefined
        if (!(error instanceof IndexDamaged)) throw error
        if (attempt > MAX_REPAIRS || !(await this.#repair(error, attempt))) return undefined
      }
    }
  }

  /**
   * Removes from the disk what the index has of these sessions, once their content was shredded: it is made anew from
   * what the journal still gives. Throws `index-busy`: try again.
   */
  async forgetSessions(sessionIds: readonly string[]): Promise<void> {
    await this.#locked(() => removeSessions(this.#store, new Set(sessionIds)))
  }

  /** Removes what the index has of segments whose events all came before this one. Throws `index-busy`. */
  async forgetBefore(lane: number, event: number): Promise<void> {
    await this.#locked(() => removeBefore(this.#store, lane, event))
  }

  /** Removes all of it. Throws `index-busy`. */
  async clear(): Promise<void> {
    await this.#locked(async () => {
      for (const lane of await indexedLanes(this.#store)) await removeLane(this.#store, lane)
    })
  }

  async #locked(act: () => Promise<void>): Promise<void> {
    const lock = await this.#lock()
    if (lock === undefined) throw new GateError('index-busy', 'another process keeps the index')
    try {
      await act()
    } finally {
      lock.release()
    }
  }

  async #lock(): Promise<FileLock | undefined> {
    const { files, folder } = this.#store
    await files.makeFolder(folder)
    return files.lock(join(folder, 'lock'))
  }

  /** Undefined also where nothing can be written: a search may be all that one is allowed. */
  async #lockIfPossible(): Promise<FileLock | undefined> {
    try {
      return await this.#lock()
    } catch (error) {
      if (isOfSystem(error)) return undefined
      throw error
    }
  }

  async #update(): Promise<IndexUpdate & { readonly lanes: readonly LaneBlocks[] }> {
    const { source, limits = BLOCK_LIMITS, worthKeeping = WORTH_KEEPING, progress } = this.#options
    const lock = await this.#lockIfPossible()
    let events = 0
    const indexing: Indexing = {
      source,
      store: this.#store,
      keep: lock !== undefined,
      limits,
      worthKeeping,
      progress(count) {
        events += count
        progress?.(count)
      },
    }
    try {
      const lanes: LaneBlocks[] = []
      for (const lane of await listLanes(source)) lanes.push(await indexLane(indexing, lane))
      return { isKept: lock !== undefined, events, lanes }
    } finally {
      lock?.release()
    }
  }

  /** Throws away what is damaged, and more of it each time. False: another process keeps the index. */
  async #repair({ lane, segment }: IndexDamaged, attempt: number): Promise<boolean> {
    const lock = await this.#lockIfPossible()
    if (lock === undefined) return false
    try {
      if (attempt === 1) await removeSegment(this.#store, lane, segment)
      else for (const each of await indexedLanes(this.#store)) await removeLane(this.#store, each)
      return true
    } finally {
      lock.release()
    }
  }
}

const MAX_REPAIRS = 2

/** Whether the operating system has refused something. */
function isOfSystem(error: unknown): boolean {
  return error instanceof Error && !(error instanceof GateError) && 'code' in error
}

async function indexLane(indexing: Indexing, lane: number): Promise<LaneBlocks> {
  const { source, store, keep } = indexing
  const numbers = segmentNumbers(await source.files.list(layout.lane(source.folder, lane)))
  const filed = await listIndexed(store, lane)
  const missing = numbers.filter(segment => filed.get(segment)?.has('whole') !== true)
  if (!keep && missing.length > MAX_UNFILED_SEGMENTS) {
    throw new GateError('index-busy', `another process keeps the index, and lane ${lane} is far behind in it`)
  }
  if (keep) {
    const gone = [...filed.keys()].filter(segment => !numbers.includes(segment))
    for (const segment of gone) await removeSegment(store, lane, segment)
  }
  const segments: SegmentBlocks[] = []
  for (const [at, segment] of numbers.entries()) {
    const before = segments.at(-1)
    if (before !== undefined && before.segment + 1 !== segment) {
      if (!(await isRemovedBetween(source, lane, before.segment, segment))) {
        const reason = `segment ${before.segment + 1} before it is missing`
        throw corrupt({ lane, segment, offset: 0, event: 0 }, reason)
      }
    }
    const isLast = at === numbers.length - 1
    if (!missing.includes(segment)) {
      segments.push({ segment, isFiled: true, unfiled: [] })
      continue
    }
    const indexed = await indexSegment(indexing, { lane, segment }, isLast)
    // It was removed in this moment.
    if (indexed === undefined) continue
    segments.push({ segment, isFiled: indexed.isFiled, unfiled: indexed.unfiled })
  }
  return new LaneBlocks(store, lane, segments)
}
