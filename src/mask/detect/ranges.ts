import { LIMIT_BYTES } from './detector.ts'
import type { Match } from './scan.ts'

/** What is masked as one. */
export interface Range {
  readonly start: number
  readonly end: number
  /** Place of the detector that found all of it; -1 where several did in parts. */
  readonly detector: number
  /** It is beyond the limit of a match, or was cut there: masked in full, whatever the form. */
  readonly long: boolean
  /** One of its matches goes on beyond what has been read. */
  readonly open: boolean
}

/**
 * The union of matches: those that overlap become one range, so that nothing of any of them is left to see.
 * A range that one match covers is that detector's (of several, the first of the set), else nobody's.
 */
export function unite(matches: readonly Match[]): Range[] {
  const sorted = [...matches].sort((a, b) => a.start - b.start || b.end - a.end || a.detector - b.detector)
  const ranges: Range[] = []
  for (const match of sorted) {
    const last = ranges.at(-1)
    if (last === undefined || match.start >= last.end) ranges.push(rangeOf(match))
    else ranges[ranges.length - 1] = joined(last, match)
  }
  return ranges
}

function rangeOf({ start, end, detector, goesOn, cut }: Match): Range {
  return { start, end, detector, long: cut || end - start > LIMIT_BYTES, open: goesOn !== undefined }
}

function joined(range: Range, match: Match): Range {
  const end = Math.max(range.end, match.end)
  return {
    start: range.start,
    end,
    detector: end === range.end ? range.detector : -1,
    long: range.long || match.cut || end - range.start > LIMIT_BYTES,
    open: range.open || match.goesOn !== undefined,
  }
}
