import { FRAME_PREFIX_BYTES } from '../frame.ts'
import { openSegment } from '../open-segment.ts'
import type { JournalSource } from '../read.ts'
import { scanFrames } from '../scan.ts'
import { layout, segmentNumbers } from '../segment.ts'
import { findSealed } from './event.ts'
import { keyFileNumbers, keyLayout, keyPlace } from './key-layout.ts'

/** What was sealed before a file got a successor may be recorded after it: a body that took long, an event that waited. */
const KEPT_BEFORE = 2
/** An event that waited for its key may stand in the segment behind the one in which its neighbours are. */
const SEGMENTS_READ = 2

/**
 * Numbers of the key files of a lane that nothing names any more, neither an event of the segments that are left nor a
 * body of theirs: they may be removed, where no copy of the segments is kept elsewhere. Empty while there is no sealed
 * event to tell by. Rejects with `journal-corrupt`.
 */
export async function unusedKeyFiles(source: JournalSource, lane: number): Promise<readonly number[]> {
  const { files, folder } = source
  const kept = keyFileNumbers(await files.list(keyLayout.lane(folder, lane)))
  const segments = segmentNumbers(await files.list(layout.lane(folder, lane)))
  const named: number[] = []
  for (const segment of segments.slice(0, SEGMENTS_READ))
    named.push(...(await filesNamedIn(source, lane, segment)))
  const oldest = named.length === 0 ? 0 : Math.min(...named)
  return kept.filter(number => number < oldest - KEPT_BEFORE)
}

/** The key files that the events of a segment name, each once. */
export async function filesNamedIn(
  { files, folder }: JournalSource,
  lane: number,
  segment: number,
): Promise<ReadonlySet<number>> {
  const named = new Set<number>()
  const opened = await openSegment(files, folder, { lane, segment })
  if (opened === undefined) return named
  try {
    for await (const { frame } of scanFrames(opened.file, opened.start)) {
      const place = keyPlace(findSealed(frame.subarray(FRAME_PREFIX_BYTES))?.keyId ?? '')
      if (place !== undefined) named.add(place.file)
    }
    return named
  } finally {
    await opened.file.close()
  }
}
