import { SUCCESSIONS_FILE } from '../../record/checkpoint/keys-succession.ts'
import { laneName } from '../../record/segment.ts'

/** A segment of a journal. */
export interface SegmentPlace {
  /** The journal id, hex. */
  readonly journal: string
  readonly lane: number
  readonly segment: number
}

/**
 * Where things stand in the bucket: below the journal id as below `data/journal`, so that what is fetched from there
 * is a journal that every command reads.
 */
export const keys: {
  segment(prefix: string, place: SegmentPlace): string
  body(prefix: string, place: SegmentPlace, name: string): string
  checkpoints(prefix: string, place: Pick<SegmentPlace, 'journal' | 'lane'>): string
  successions(prefix: string, place: Pick<SegmentPlace, 'journal'>): string
  head(prefix: string, place: Pick<SegmentPlace, 'journal' | 'lane'>): string
  /** By day (UTC) of the segment's first event, for engines that read only the days that are asked for. */
  parquet(prefix: string, place: SegmentPlace, firstEventMs: number): string
} = {
  segment: (prefix, place) =>
    `${below(prefix, place)}${laneName(place.lane)}/${tenDigits(place.segment)}.seg`,
  body: (prefix, place, name) =>
    `${below(prefix, place)}blobs/${laneName(place.lane)}/${tenDigits(place.segment)}/${name}`,
  checkpoints: (prefix, place) => `${below(prefix, place)}checkpoints/${laneName(place.lane)}.jsonl`,
  successions: (prefix, place) => `${below(prefix, place)}checkpoints/${SUCCESSIONS_FILE}`,
  head: (prefix, place) => `${below(prefix, place)}heads/${laneName(place.lane)}.json`,
  parquet: (prefix, place, firstEventMs) =>
    `${prefix}events/day=${dayOf(firstEventMs)}/${parquetName(place)}`,
}

/** `JOURNAL-00-0000000001.parquet` */
export function parquetName({ journal, lane, segment }: SegmentPlace): string {
  return `${journal}-${laneName(lane)}-${tenDigits(segment)}.parquet`
}

export function tenDigits(number: number): string {
  return String(number).padStart(10, '0')
}

function below(prefix: string, { journal }: Pick<SegmentPlace, 'journal'>): string {
  return `${prefix}${journal}/`
}

/** The latest day that can be written with four digits of the year, ms. */
const LAST_DAY_MS = Date.UTC(9999, 11, 31)

function dayOf(timeMs: number): string {
  return new Date(Math.min(Math.max(timeMs, 0), LAST_DAY_MS)).toISOString().slice(0, 10)
}
