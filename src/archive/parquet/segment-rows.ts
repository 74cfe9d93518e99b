import type { DecisionEvent, JournalEvent, OutcomeEvent } from '../../record/event.ts'
import { readSegmentFrom } from '../../record/index/read-segment.ts'
import { openSegment } from '../../record/open-segment.ts'
import type { JournalSource } from '../../record/read.ts'
import { layout, SEGMENT_HEADER_BYTES, segmentNumbers } from '../../record/segment.ts'
import { accessRow, callRow, endRow, lostRow, outcomeRow, type Row, sessionRow } from './columns.ts'

/** So many calls may be on their way at once; beyond it the oldest end in rows of their own. */
const MAX_OPEN = 20_000

interface OpenCall {
  readonly decision: DecisionEvent
  readonly place: Row
}

/**
 * The rows of one segment, from nothing but that segment: the same whenever they are made. A call that ended in a later
 * one says `later`, and its ending is a row of that one. Undefined where there is no such segment. Throws
 * `journal-corrupt`.
 */
export async function* segmentRows(
  source: JournalSource,
  lane: number,
  segment: number,
): AsyncGenerator<Row, boolean> {
  const opened = await openSegment(source.files, source.folder, { lane, segment })
  if (opened === undefined) return false
  const numbers = segmentNumbers(await source.files.list(layout.lane(source.folder, lane)))
  const isLast = !numbers.includes(segment + 1)
  const open = new Map<string, OpenCall>()
  try {
    const start = { ...opened.start, offset: SEGMENT_HEADER_BYTES }
    for await (const { event, number } of readSegmentFrom(source, opened, start, isLast)) {
      const place: Row = { lane, segment, event_number: number }
      for (const row of rowsOf(event, place, open)) yield row
      if (open.size > MAX_OPEN) yield* ended(open, open.keys().next().value, 'later')
    }
    for (const id of [...open.keys()]) yield* ended(open, id, 'later')
    return true
  } finally {
    await opened.file.close()
  }
}

function rowsOf(event: JournalEvent, place: Row, open: Map<string, OpenCall>): readonly Row[] {
  switch (event.type) {
    case 'session':
      return [{ ...sessionRow(event), ...place }]
    case 'decision':
      if (event.effect === 'deny') return [{ ...callRow(event, 'denied'), ...place }]
      open.set(event.id, { decision: event, place })
      return []
    case 'outcome':
      if (open.has(event.decisionId)) return ended(open, event.decisionId, event)
      return [{ ...outcomeRow(event), ...place }]
    case 'recovery':
      return event.inFlight.flatMap(id => {
        return open.has(id) ? ended(open, id, 'lost') : [{ ...lostRow(event, id), ...place }]
      })
    case 'access-request':
      return [{ ...accessRow(event), ...place }]
    case 'session-end':
    case 'revocation':
      return [{ ...endRow(event), ...place }]
    default:
      return []
  }
}

function ended(
  open: Map<string, OpenCall>,
  id: string | undefined,
  ending: 'lost' | 'later' | OutcomeEvent,
): readonly Row[] {
  const call = id === undefined ? undefined : open.get(id)
  if (id === undefined || call === undefined) return []
  open.delete(id)
  return [{ ...callRow(call.decision, ending), ...call.place }]
}
