/**
 * Where bodies stand, each in a file of its own:
 *
 *     data/journal/blobs/
 *       00/                                        the lane that recorded the call
 *         parts/01K….reply                         being written; removed when the lane is opened again
 *         0000000003/01K….reply.zst                whole, beside segment 3: the newest when it was finished
 *         0000000003/01K….reply.zst.sealed         the same, encrypted
 *
 * The outcome that names a body stands in that segment or, rarely, in a later one.
 */
import { join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import { laneName } from '../segment.ts'

/** Which body of a call. */
export type BodyKind = 'request' | 'reply'

export interface BlobName {
  readonly lane: number
  readonly segment: number
  /** The id of the call's decision. */
  readonly eventId: string
  readonly kind: BodyKind
  /** Encrypted. */
  readonly sealed: boolean
}

const EVENT_ID = /^[0-9A-HJKMNP-TV-Z]{26}$/
const PART = /^[0-9A-HJKMNP-TV-Z]{26}\.(?:request|reply)$/
const NAME = /^(\d{2})\/(\d{10})\/([0-9A-HJKMNP-TV-Z]{26})\.(request|reply)\.zst(\.sealed)?$/

/** `00/0000000003/01K….reply.zst`. Throws `internal` for an id that is none: it becomes part of a path. */
export function writeBlobName({ lane, segment, eventId, kind, sealed }: BlobName): string {
  return `${laneName(lane)}/${segmentName(segment)}/${bodyName(eventId, kind)}.zst${sealed ? '.sealed' : ''}`
}

/** The parts of a name; undefined if it is none: what is read from a journal leads nowhere else. */
export function readBlobName(text: string): BlobName | undefined {
  const [, lane = '', segment = '', eventId = '', kind = '', sealed] = NAME.exec(text) ?? []
  if (kind !== 'request' && kind !== 'reply') return undefined
  return { lane: Number(lane), segment: Number(segment), eventId, kind, sealed: sealed !== undefined }
}

/** `01K….reply`: what names a body wherever it lies, and what is bound to it where it is sealed. */
export function bodyName(eventId: string, kind: BodyKind): string {
  if (!EVENT_ID.test(eventId)) throw new GateError('internal', `\`${eventId}\` is no id of an event`)
  return `${eventId}.${kind}`
}

/** Whether a file in `parts` is a body in the making. */
export function isPartName(name: string): boolean {
  return PART.test(name)
}

function segmentName(segment: number): string {
  return String(segment).padStart(10, '0')
}

/** Where things stand in `data/journal`. */
export const blobLayout: {
  root(folder: string): string
  lane(folder: string, lane: number): string
  parts(folder: string, lane: number): string
  segment(folder: string, lane: number, segment: number): string
  blob(folder: string, name: BlobName): string
} = {
  root: folder => join(folder, 'blobs'),
  lane: (folder, lane) => join(folder, 'blobs', laneName(lane)),
  parts: (folder, lane) => join(folder, 'blobs', laneName(lane), 'parts'),
  segment: (folder, lane, segment) => join(folder, 'blobs', laneName(lane), segmentName(segment)),
  blob: (folder, name) => join(folder, 'blobs', writeBlobName(name)),
}
