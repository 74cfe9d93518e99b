import { type ChainTail, genesis } from './chain.ts'
import { type JournalFile, type JournalFiles, readFully } from './files.ts'
import { corrupt } from './place.ts'
import { decodeHeader, layout, SEGMENT_HEADER_BYTES, type SegmentHeader } from './segment.ts'

/** A segment open for reading. */
export interface OpenSegment {
  readonly file: JournalFile
  readonly header: SegmentHeader
  /** Where the chain stands before its first event, as the header says. */
  readonly start: ChainTail
}

/**
 * Opens a segment and checks that its header is that of this place: lane, number and, where `before` is
 * given, that it continues what ended there. Undefined if there is no such file; `journal-corrupt` if
 * it is another's.
 */
export async function openSegment(
  files: JournalFiles,
  folder: string,
  place: { readonly lane: number; readonly segment: number },
  before?: { readonly tail: ChainTail; readonly journalId: Buffer },
): Promise<OpenSegment | undefined> {
  const file = await files.open(layout.segment(folder, place.lane, place.segment), 'read')
  if (file === undefined) return undefined
  try {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
    const count = await readFully(file, bytes, 0)
    const header = decodeHeader(bytes.subarray(0, count))
    const reason = typeof header === 'string' ? header : misplaced(header, place, before)
    if (typeof header === 'string' || reason !== undefined) {
      const event = (before?.tail.number ?? 0) + 1
      throw corrupt({ ...place, offset: 0, event }, reason ?? 'the header cannot be read')
    }
    return { file, header, start: { number: header.firstEvent - 1, link: header.previousLink } }
  } catch (error) {
    await file.close()
    throw error
  }
}

function misplaced(
  header: SegmentHeader,
  place: { readonly lane: number; readonly segment: number },
  before?: { readonly tail: ChainTail; readonly journalId: Buffer },
): string | undefined {
  if (header.lane !== place.lane) return `the file is of lane ${header.lane}`
  if (header.segment !== place.segment) return `the file is segment ${header.segment}`
  if (header.firstEvent < 1) return 'the header names no first event'
  if (header.segment === 1) {
    if (header.firstEvent !== 1) return `the first segment begins with event ${header.firstEvent}`
    if (!genesis(header.lane, header.journalId).equals(header.previousLink)) {
      return 'the chain does not begin where its lane and its journal id say'
    }
  }
  if (before === undefined) return undefined
  if (!header.journalId.equals(before.journalId)) return 'the file is of another journal'
  if (header.firstEvent !== before.tail.number + 1) {
    return `the segment begins with event ${header.firstEvent}, the one before ended with ${before.tail.number}`
  }
  if (!header.previousLink.equals(before.tail.link)) {
    return 'the segment does not follow from the last event of the one before'
  }
  return undefined
}
