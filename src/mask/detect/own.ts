import { RE2JS } from 're2js'
import { GateError } from '../../core/errors.ts'
import { MARKER } from '../marker.ts'
import { type ByteClass, classOf } from './bytes.ts'

/**
 * Patterns of the operator's own, run by RE2JS: in time linear in the text, whatever the pattern (the syntax of
 * RE2: no lookarounds, no backreferences). They look at each line by itself. Lines of more than 16 KiB are
 * looked at in windows of that length, half overlapping; a match that touches the end of its window is masked
 * to the end of the line.
 */

/** A pattern that is ready to be used. */
export interface OwnPattern {
  readonly name: string
  readonly regex: RE2JS
}

const MAX_PATTERNS = 64
const MAX_PATTERN_CHARACTERS = 1000
/** RE2's own measure: instructions of the compiled program. */
const MAX_PROGRAM = 2000
const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+){0,8}$/
const MAX_NAME_CHARACTERS = 64

/** Throws `mask-pattern-invalid`. */
export function compileOwn(own: ReadonlyMap<string, string>, taken: readonly string[]): OwnPattern[] {
  if (own.size > MAX_PATTERNS) throw refused(`there are ${own.size} patterns; ${MAX_PATTERNS} is the most`)
  return [...own].map(([name, pattern]) => {
    if (name.length > MAX_NAME_CHARACTERS || !NAME.test(name)) {
      throw refused(`the name \`${name.slice(0, MAX_NAME_CHARACTERS)}\` is not of the form \`word-word\``)
    }
    if (taken.includes(name)) throw refused(`the name \`${name}\` is a built-in detector's`)
    return { name, regex: compiled(name, pattern) }
  })
}

function compiled(name: string, pattern: string): RE2JS {
  if (pattern.length > MAX_PATTERN_CHARACTERS) {
    throw refused(`\`${name}\` has ${pattern.length} characters; ${MAX_PATTERN_CHARACTERS} is the most`)
  }
  const unsupported = unsupportedIn(pattern)
  if (unsupported !== undefined) throw refused(`\`${name}\`: ${unsupported}`)
  const regex = parsed(name, pattern)
  if (regex.programSize() > MAX_PROGRAM) {
    throw refused(
      `\`${name}\` is ${regex.programSize()} instructions when compiled; ${MAX_PROGRAM} is the most`,
    )
  }
  if (regex.test('')) throw refused(`\`${name}\` matches the empty text, so it would match everywhere`)
  return regex
}

function parsed(name: string, pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.MULTILINE)
  } catch (error) {
    const why =
      error instanceof Error
        ? error.message.replace(/^error parsing regexp: /, '').replace('(?m)', '')
        : 'not readable'
    throw refused(`\`${name}\`: ${why.slice(0, 200)}`, error)
  }
}

/** What RE2 does not have, or what means nothing where each line is by itself; with its place, from 1. */
function unsupportedIn(pattern: string): string | undefined {
  for (let at = 0; at < pattern.length; at++) {
    const place = `at character ${at + 1}`
    if (pattern.charAt(at) === '\\') {
      const next = pattern.charAt(++at)
      if (next >= '1' && next <= '9') return `backreferences are not supported (\`\\${next}\` ${place})`
      if (next === 'k') return `backreferences are not supported (\`\\k\` ${place})`
      if (next === 'A' || next === 'z') return `use \`^\` and \`$\` instead of \`\\${next}\` ${place}`
      if (next === 'Q' || next === 'C') return `\`\\${next}\` is not supported (${place})`
    }
    if (!pattern.startsWith('(?', at)) continue
    if (/^\(\?<?[=!]/.test(pattern.slice(at, at + 4))) return `lookarounds are not supported (${place})`
    if (/^\(\?[a-zA-Z]{0,8}-[a-zA-Z]{0,8}m/.test(pattern.slice(at, at + 20))) {
      return `\`m\` cannot be turned off (${place})`
    }
  }
  return undefined
}

function refused(message: string, cause?: unknown): GateError {
  return new GateError('mask-pattern-invalid', `pattern of a mask: ${message}`, { cause })
}

/** Half of a window. */
const STEP = 8192
/** Lines are tried together as long as they are no more than this. */
const BATCH = 4096
const OF_LINE: ByteClass = classOf('\u0000-\u0009\u000b-\u00ff')

/** A text, or bytes of UTF-8, by places in it. */
export interface OwnSource {
  /** The first line break in `[from, to)`, or -1. */
  readonly lineBreak: (from: number, to: number) => number
  /** The last line break in `[from, to)`, or -1. */
  readonly lastLineBreak: (from: number, to: number) => number
  readonly part: (from: number, to: number) => string | Uint8Array
}

/** `pattern`: its place among the patterns, from 0. */
export type OwnFound = (start: number, end: number, pattern: number, goesOn: ByteClass | undefined) => void

/**
 * Looks for the patterns in `[at, end)`, as far as lines or windows are whole. Returns where to go on once there
 * is more; all matches that are found then begin there or behind.
 */
export function scanOwn(
  patterns: readonly OwnPattern[],
  source: OwnSource,
  span: { readonly at: number; readonly end: number; readonly ended: boolean },
  found: OwnFound,
): number {
  const { end, ended } = span
  let { at } = span
  // Lines before this were tried together, and one of them has something.
  let tried = at
  while (at < end) {
    if (at >= tried) {
      const batch = source.lastLineBreak(at, Math.min(at + BATCH, end))
      if (batch >= 0) {
        const part = source.part(at, batch)
        tried = batch + 1
        if (!patterns.some(({ regex }) => regex.test(part))) {
          at = tried
          continue
        }
      }
    }
    const line = source.lineBreak(at, Math.min(at + 2 * STEP, end))
    if (line >= 0) {
      findIn(patterns, source, [at, line, false], found)
      at = line + 1
    } else if (end - at >= 2 * STEP) {
      findIn(patterns, source, [at, at + 2 * STEP, true], found)
      at += STEP
    } else {
      if (!ended) break
      findIn(patterns, source, [at, end, false], found)
      at = end
    }
  }
  return at
}

function findIn(
  patterns: readonly OwnPattern[],
  source: OwnSource,
  [from, to, cut]: readonly [from: number, to: number, cut: boolean],
  found: OwnFound,
): void {
  if (from === to) return
  const part = source.part(from, to)
  const masks = masksIn(part)
  for (const [i, { regex }] of patterns.entries()) {
    if (!regex.test(part)) continue
    const matcher = regex.matcher(part)
    while (matcher.find()) {
      const start = matcher.start()
      const end = matcher.end()
      if (end === start || masks.some(mask => mask.start <= start && end <= mask.end)) continue
      found(from + start, from + end, i, cut && from + end === to ? OF_LINE : undefined)
    }
  }
}

const MASK = /~mask~(?:h[a-z2-7]{4,26}\**|\**(?:@[\w.-]{1,253}|[A-Za-z0-9]{4})?)/g

/** Where masks already stand: a pattern that matches within one finds nothing new there. */
function masksIn(part: string | Uint8Array): { start: number; end: number }[] {
  const text = typeof part === 'string' ? part : Buffer.from(part).toString('latin1')
  if (!text.includes(MARKER)) return []
  return [...text.matchAll(MASK)].map(({ index, 0: mask }) => ({ start: index, end: index + mask.length }))
}
