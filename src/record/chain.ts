import { hash } from 'node:crypto'
import { FRAME_PREFIX_BYTES, PREVIOUS_OFFSET } from './frame.ts'

/** Bytes of a link: SHA-256. */
export const LINK_BYTES = 32
/** Bytes of a journal's random id. */
export const JOURNAL_ID_BYTES = 16

/** Where a chain stands: the last event's number (0 before the first) and its link. */
export interface ChainTail {
  readonly number: number
  readonly link: Buffer
}

const GENESIS_LABEL = 'sallyport journal chain 1'

/**
 * The link that the first event follows. It binds the chain to its lane and to the journal's random
 * id, so that no two chains share a beginning and none can stand in for another.
 */
export function genesis(lane: number, journalId: Buffer): Buffer {
  const laneBytes = Buffer.alloc(2)
  laneBytes.writeUInt16BE(lane)
  return hash('sha256', Buffer.concat([Buffer.from(GENESIS_LABEL), laneBytes, journalId]), 'buffer')
}

/**
 * The link after an event: SHA-256 of the link before it and its payload. A frame holds the two next to
 * each other, so that one pass over the frame's own bytes is enough.
 */
export function nextLink(frame: Buffer): Buffer {
  return hash('sha256', frame.subarray(PREVIOUS_OFFSET), 'buffer')
}

/** True if the frame says that it follows `link`. */
export function follows(frame: Buffer, link: Buffer): boolean {
  return frame.compare(link, 0, LINK_BYTES, PREVIOUS_OFFSET, FRAME_PREFIX_BYTES) === 0
}
