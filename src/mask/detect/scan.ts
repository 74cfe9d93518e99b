import {
  type ByteClass,
  DIGIT,
  endOutsideEscape,
  longRunEnd,
  startOutsideEscape,
  type Window,
} from './bytes.ts'
import { AHEAD_BYTES, BEHIND_BYTES, type Detector } from './detector.ts'
import type { Plan, Suspect } from './plan.ts'

/** Something that a detector found. Places are bytes of the scanned buffer. */
export interface Match {
  readonly start: number
  readonly end: number
  /** Place of the detector in the set, from 0: the lower one has priority. */
  readonly detector: number
  /** It was cut at its limit, and is masked in full. */
  readonly cut: boolean
  /** Set where it was cut: it goes on as long as bytes of this class follow. */
  readonly goesOn: ByteClass | undefined
}

/** Bytes to scan. */
export interface Extent {
  /** Its memory begins at an even place. */
  readonly bytes: Buffer
  /** The bytes that are there. */
  readonly floor: number
  readonly ceiling: number
}

interface OpenWindow extends Window {
  floor: number
  ceiling: number
}

/**
 * Every match of which the trigger begins in `[from, to)`. What is found there depends on the bytes from
 * `BEHIND_BYTES` before to `AHEAD_BYTES` behind the trigger, and on nothing else: so it may be asked for in
 * pieces, and the sum is the same.
 */
export function scan(plan: Plan, extent: Extent, from: number, to: number, matches: Match[]): void {
  const { bytes } = extent
  const { table, suspects, before, behind } = plan
  const pairs = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1)
  const window: OpenWindow = { bytes, floor: 0, ceiling: 0, runs: new Map() }
  let detector = 0
  const found = (from: number, to: number, goesOn?: ByteClass): void => {
    const start = startOutsideEscape(window, from)
    const end = goesOn === undefined ? endOutsideEscape(window, to) : to
    matches.push({ start, end, detector, cut: goesOn !== undefined, goesOn })
  }
  const { digits } = plan
  const anchored = (suspect: Suspect, met: number): void => {
    const at = met - suspect.back
    if (at < from || at >= to) return
    window.floor = Math.max(extent.floor, at - BEHIND_BYTES)
    window.ceiling = Math.min(extent.ceiling, at + AHEAD_BYTES)
    detector = suspect.detector
    suspect.anchor.look(window, at, found)
  }
  const group = (start: number): void => {
    if (start < from || start >= to) return
    const end = groupEnd(bytes, start)
    if (end - start !== 4 && (end - start < MIN_LONG_GROUP || end - start > MAX_LONG_GROUP)) return
    window.floor = Math.max(extent.floor, start - BEHIND_BYTES)
    window.ceiling = Math.min(extent.ceiling, start + AHEAD_BYTES)
    for (const one of digits) {
      detector = one.detector
      one.look(window, start, end, found)
    }
  }
  // A trigger that begins at `at` is met at the pair of `at` or of `at + 1`, whichever is even.
  const last = Math.min(pairs.length, (to >> 1) + 1)
  for (let pair = from >> 1; pair < last; pair++) {
    const number = table[pairs[pair] ?? 0] ?? 0
    if (number === 0) continue
    const met = pair << 1
    const gate = number << 8
    if (behind[gate | (bytes[met + 2] ?? 0)] === 0 && before[gate | (bytes[met - 1] ?? 0)] === 0) continue
    const entry = suspects[number]
    if (entry === undefined) continue
    if (entry.digits) {
      // Only the pair that has a group's first two digits, or its second and third, asks: exactly one is met.
      if (DIGIT[bytes[met - 1] ?? 0] === 0) group(met)
      else if (DIGIT[bytes[met - 2] ?? 0] === 0) group(met - 1)
    }
    const { anchors } = entry
    for (let i = 0; i < anchors.length; i++) {
      const suspect = anchors[i]
      if (suspect === undefined) break
      const { other } = suspect
      if (other === undefined || other[bytes[met + suspect.third] ?? 0] === 1) anchored(suspect, met)
    }
  }
}

const MIN_LONG_GROUP = 12
const MAX_LONG_GROUP = 19

function groupEnd(bytes: Buffer, start: number): number {
  let end = start + 1
  while (end - start <= MAX_LONG_GROUP && DIGIT[bytes[end] ?? 0] === 1) end++
  return end
}

/** Lets the matches that go on go as far as the bytes do that are there; at the end of all, they end there. */
export function extend(matches: Match[], extent: Extent, ended: boolean): void {
  const { ceiling } = extent
  const window: Window = { ...extent, runs: new Map() }
  for (const [i, match] of matches.entries()) {
    if (match.goesOn === undefined) continue
    const end = longRunEnd(window, match.end, ceiling, match.goesOn)
    matches[i] = { ...match, end, goesOn: end === ceiling && !ended ? match.goesOn : undefined }
  }
}

/** Looks at the beginning of a text whose member or column says what it is. */
export function scanStart(
  detectors: readonly Detector[],
  extent: Extent,
  member: string,
  matches: Match[],
): void {
  const starters = startersOf(detectors, member)
  if (starters.length === 0) return
  const { bytes, floor } = extent
  const window = { bytes, floor, ceiling: Math.min(extent.ceiling, floor + AHEAD_BYTES), runs: new Map() }
  for (const { detector, look } of starters) {
    look(window, (start, end, goesOn) => {
      matches.push({ start, end, detector, cut: goesOn !== undefined, goesOn })
    })
  }
}

interface Starter {
  readonly detector: number
  readonly look: NonNullable<Detector['lookAtStart']>
}

/** Names whose starters are remembered: a reply has few, again and again, and each asks six patterns. */
const MAX_NAMES = 1000
const MAX_NAME_CHARACTERS = 64
const remembered = new WeakMap<readonly Detector[], Map<string, readonly Starter[]>>()

/** The detectors that look at the beginning of what is called so. */
function startersOf(detectors: readonly Detector[], member: string): readonly Starter[] {
  const names = remembered.get(detectors) ?? new Map<string, readonly Starter[]>()
  remembered.set(detectors, names)
  const known = names.get(member)
  if (known !== undefined) return known
  const starters = detectors.flatMap(({ members, lookAtStart: look }, detector) =>
    look !== undefined && members?.test(member) === true ? [{ detector, look }] : [],
  )
  if (member.length > MAX_NAME_CHARACTERS) return starters
  if (names.size >= MAX_NAMES) names.clear()
  names.set(member, starters)
  return starters
}
