import { MARKER } from '../marker.ts'

/**
 * Reading bytes as the detectors do: by classes of bytes, and never outside of the window that they were given.
 * A byte stands for a character of ASCII, for a part of a UTF-8 character, or for a folded one (`fold.ts`).
 */

/** One for each byte that is of the class, else zero. */
export type ByteClass = Uint8Array

/** The class of the given characters; `a-z` is a range, a `-` of its own stands first. */
export function classOf(spec: string): ByteClass {
  const bytes = new Uint8Array(256)
  for (let i = 0; i < spec.length; i++) {
    const first = spec.charCodeAt(i)
    const ranges = spec.charAt(i + 1) === '-' && i + 2 < spec.length
    const last = ranges ? spec.charCodeAt(i + 2) : first
    bytes.fill(1, first, last + 1)
    if (ranges) i += 2
  }
  return bytes
}

export const DIGIT: ByteClass = classOf('0-9')
export const HEX: ByteClass = classOf('0-9a-fA-F')
export const LETTER: ByteClass = classOf('A-Za-z')
export const ALNUM: ByteClass = classOf('0-9A-Za-z')
export const BASE64: ByteClass = classOf('0-9A-Za-z+/')
export const BASE64URL: ByteClass = classOf('-0-9A-Za-z_')
/** What a token in a header is made of (RFC 6750, `b64token`), and what percent-encoding makes of it. */
export const TOKEN: ByteClass = classOf('-0-9A-Za-z._~+/=%')

/** The bytes that a detector may look at for one anchor. */
export interface Window {
  readonly bytes: Buffer
  /** The first and the one behind the last byte that may be read. */
  readonly floor: number
  readonly ceiling: number
  /** The long runs that were read last, by class: none is read twice. Good as long as the bytes are the same. */
  readonly runs: Map<ByteClass, Run>
}

interface Run {
  readonly from: number
  /** All bytes before are of the class; this one may be too. */
  readonly end: number
}

/** The byte there; 0, which is of no class, outside of the window. */
export function byteAt(window: Window, at: number): number {
  return at >= window.floor && at < window.ceiling ? (window.bytes[at] ?? 0) : 0
}

export function isAt(window: Window, at: number, of: ByteClass): boolean {
  return of[byteAt(window, at)] === 1
}

/** Where the run of the class that begins at `from` ends; not behind `to`. */
export function runEnd(window: Window, from: number, to: number, of: ByteClass): number {
  const { bytes } = window
  const stop = Math.min(to, window.ceiling)
  let at = from
  while (at < stop && of[bytes[at] ?? 0] === 1) at++
  return at
}

/**
 * As `runEnd`, for runs that may be long and have many beginnings within: all of these together take time linear
 * in the run.
 */
export function longRunEnd(window: Window, from: number, to: number, of: ByteClass): number {
  const known = window.runs.get(of)
  const within = known !== undefined && from >= known.from && from <= known.end
  const start = within ? known.end : from
  const stop = Math.min(to, window.ceiling)
  if (start >= stop) return Math.max(from, stop)
  const end = runEnd(window, start, stop, of)
  window.runs.set(of, { from: within ? known.from : from, end })
  return end
}

/** Where the run of the class that ends before `to` begins; not before `from`. */
export function runStart(window: Window, from: number, to: number, of: ByteClass): number {
  const { bytes } = window
  const stop = Math.max(from, window.floor)
  let at = to
  while (at > stop && of[bytes[at - 1] ?? 0] === 1) at--
  return at
}

/** Whether the ASCII text, which is lower case, stands there in any case. */
export function wordAt(window: Window, at: number, lower: string): boolean {
  if (at < window.floor || at + lower.length > window.ceiling) return false
  const { bytes } = window
  for (let i = 0; i < lower.length; i++) {
    const byte = bytes[at + i] ?? 0
    const folded = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    if (folded !== lower.charCodeAt(i)) return false
  }
  return true
}

/** Whether exactly this text stands there. */
export function textAt(window: Window, at: number, text: string): boolean {
  if (at < window.floor || at + text.length > window.ceiling) return false
  const { bytes } = window
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false
  return true
}

/** The bytes as a text of as many characters. */
export function latin1(window: Window, from: number, to: number): string {
  return window.bytes.toString('latin1', Math.max(from, window.floor), Math.min(to, window.ceiling))
}

/** Whether what a word says of its neighbours ends here: at the end of the line, and at a mask. */
export function endsContext(window: Window, at: number): boolean {
  const byte = byteAt(window, at)
  return byte === 0x0a || (byte === 0x7e && textAt(window, at, MARKER))
}

const ESCAPE_LETTER = classOf('bfnrtu')
const BACKSLASH = 0x5c
const PERCENT = 0x25
/** How far back a row of backslashes is counted. */
const MAX_BACKSLASHES = 16

/** Whether the byte there is the letter of an escape as JSON has it: `\n`. */
export function isEscapeLetter(window: Window, at: number): boolean {
  if (!isAt(window, at, ESCAPE_LETTER)) return false
  let count = 0
  while (count < MAX_BACKSLASHES && byteAt(window, at - 1 - count) === BACKSLASH) count++
  return count % 2 === 1
}

/**
 * Whether something can begin here although the byte before is a letter or a digit: that byte is the end of
 * an escape, `\n`, `\u003d` or `%3D`.
 */
export function isBehindEscape(window: Window, at: number): boolean {
  if (isEscapeLetter(window, at - 1) && byteAt(window, at - 1) !== 0x75) return true
  if (!isAt(window, at - 1, HEX) || !isAt(window, at - 2, HEX)) return false
  if (byteAt(window, at - 3) === PERCENT) return true
  if (!isAt(window, at - 3, HEX) || !isAt(window, at - 4, HEX)) return false
  return byteAt(window, at - 5) === 0x75 && isEscapeLetter(window, at - 5)
}

/** Whether no letter or digit stands before. */
export function beginsWord(window: Window, at: number): boolean {
  return !isAt(window, at - 1, ALNUM) || isBehindEscape(window, at)
}

/** Whether no letter or digit stands here. */
export function endsWord(window: Window, at: number): boolean {
  return !isAt(window, at, ALNUM)
}

/**
 * Where a mask has to begin so that what is left stays valid JSON: at the backslash, if the first byte that is
 * masked is the letter of an escape.
 */
export function startOutsideEscape(window: Window, start: number): number {
  return isEscapeLetter(window, start) ? start - 1 : start
}

/** Where a mask has to end so that what is left stays valid JSON: not between a backslash and its letter. */
export function endOutsideEscape(window: Window, end: number): number {
  let count = 0
  while (count < MAX_BACKSLASHES && byteAt(window, end - 1 - count) === BACKSLASH) count++
  if (count % 2 === 0 || end >= window.ceiling) return end
  return Math.min(window.ceiling, byteAt(window, end) === 0x75 ? end + 5 : end + 1)
}
