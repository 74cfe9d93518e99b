import { type JournalSource, listLanes } from '../read.ts'
import { type LaneSearch, newestFirst, oldestFirst, spanOf } from './lane.ts'
import { compileQuery, timeOf } from './match.ts'
import type { Query } from './query.ts'
import type { Findable } from './values.ts'

export interface SearchOptions {
  /** Which come first. Default: the newest. */
  readonly order?: 'newest' | 'oldest'
  /** Most entries that are given; at least 1. */
  readonly limit: number
}

/**
 * What in the journal matches a query: calls with their endings, sessions, access requests. In order of
 * time as far as the lanes' own orders allow. Memory is bounded by the limit, not by the journal. May
 * be read while a gate writes. Lengths and, of what is looked into, checksums are verified, links
 * are not (`sessions verify` does that). Throws `journal-corrupt` where it cannot be read.
 */
export async function* searchJournal(
  source: JournalSource,
  query: Query,
  { order = 'newest', limit }: SearchOptions,
): AsyncGenerator<Findable, void> {
  const matcher = compileQuery(query)
  const span = spanOf(query)
  const lanes = (await listLanes(source)).map(lane => {
    const search: LaneSearch = { source, lane, matcher, span, limit }
    return order === 'newest' ? newestFirst(search) : oldestFirst(search)
  })
  let left = limit
  for await (const entry of mergeFound(lanes, order)) {
    yield entry
    left -= 1
    if (left <= 0) return
  }
}

function later(a: Findable, b: Findable): boolean {
  return timeOf(a) > timeOf(b)
}

function earlier(a: Findable, b: Findable): boolean {
  return timeOf(a) < timeOf(b)
}

/** Merges by time lanes that are in order each. Closes all of them when it is left early. */
export async function* mergeFound(
  lanes: readonly AsyncGenerator<Findable, void>[],
  order: 'newest' | 'oldest',
): AsyncGenerator<Findable, void> {
  const isBefore = order === 'newest' ? later : earlier
  const heads: { readonly lane: AsyncGenerator<Findable, void>; next: Findable }[] = []
  try {
    for (const lane of lanes) {
      const step = await lane.next()
      if (step.done !== true) heads.push({ lane, next: step.value })
    }
    for (;;) {
      let first = heads[0]
      if (first === undefined) return
      for (const head of heads) if (isBefore(head.next, first.next)) first = head
      yield first.next
      const step = await first.lane.next()
      if (step.done === true) heads.splice(heads.indexOf(first), 1)
      else first.next = step.value
    }
  } finally {
    for (const lane of lanes) await lane.return()
  }
}
