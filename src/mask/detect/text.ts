import { maskText } from '../form.ts'
import { foldInto } from './fold.ts'
import type { Detectors, Masking } from './masking.ts'
import { type OwnSource, scanOwn } from './own.ts'
import type { Plan } from './plan.ts'
import { unite } from './ranges.ts'
import { type Extent, extend, type Match, scan, scanStart } from './scan.ts'

export interface MaskedText {
  readonly text: string
  /** How many places were masked. */
  readonly count: number
}

/** Zeros before and behind the text: the scan goes by two. An even number. */
const PAD_BYTES = 4
/** Texts up to this long share one buffer, which is all zeros while none is in it. */
const SHARED_BYTES = 64 * 1024
const shared: Buffer = Buffer.alloc(SHARED_BYTES + 2 * PAD_BYTES)

/** Masks what the set finds in the text. */
export function maskWhole(set: Detectors, plan: Plan, text: string, masking: Masking): MaskedText {
  if (text === '') return { text, count: 0 }
  const matches = matchesIn(set, plan, text, masking.context)
  if (matches.length === 0) return { text, count: 0 }
  let masked = ''
  let at = 0
  let count = 0
  for (const { start, end, detector, long } of unite(matches)) {
    const value = text.slice(start, end)
    const form = long && masking.form !== 'null' ? 'full' : masking.form
    const kind = detector === -1 ? 'several' : set.nameOf(detector)
    masked += text.slice(at, start) + maskText(value, form, masking.hashKey, kind)
    at = end
    count++
  }
  return { text: masked + text.slice(at), count }
}

function matchesIn(set: Detectors, plan: Plan, text: string, member: string | undefined): Match[] {
  const matches: Match[] = []
  if (set.detectors.length > 0) addDetected(set, plan, text, member, matches)
  if (set.own.length > 0) addOwn(set, text, matches)
  return matches
}

function addDetected(
  { detectors }: Detectors,
  plan: Plan,
  text: string,
  member: string | undefined,
  matches: Match[],
): void {
  const bytes = text.length <= SHARED_BYTES ? shared : Buffer.alloc(text.length + 2 * PAD_BYTES)
  const extent: Extent = { bytes, floor: PAD_BYTES, ceiling: PAD_BYTES + text.length }
  try {
    foldInto(bytes, PAD_BYTES, text)
    scan(plan, extent, PAD_BYTES - 2, extent.ceiling, matches)
    if (member !== undefined) scanStart(detectors, extent, member, matches)
    extend(matches, extent, true)
  } finally {
    // What was folded may be a secret, and the buffer stays; and zeros stand behind the next text.
    if (bytes === shared) bytes.fill(0, PAD_BYTES, extent.ceiling)
  }
  for (const [i, match] of matches.entries()) {
    matches[i] = { ...match, start: match.start - PAD_BYTES, end: match.end - PAD_BYTES }
  }
}

function addOwn(set: Detectors, text: string, matches: Match[]): void {
  const source: OwnSource = {
    lineBreak: (from, to) => within(text.indexOf('\n', from), from, to),
    lastLineBreak: (from, to) => within(text.lastIndexOf('\n', to - 1), from, to),
    part: (from, to) => text.slice(from, to),
  }
  scanOwn(set.own, source, { at: 0, end: text.length, ended: true }, (start, end, pattern, goesOn) => {
    let last = end
    if (goesOn !== undefined) while (last < text.length && text.charCodeAt(last) !== 0x0a) last++
    const detector = set.detectors.length + pattern
    matches.push({ start, end: last, detector, cut: goesOn !== undefined, goesOn: undefined })
  })
}

function within(at: number, from: number, to: number): number {
  return at >= from && at < to ? at : -1
}
