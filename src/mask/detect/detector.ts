import { type ByteClass, type Window, wordAt } from './bytes.ts'

/** The longest match that is masked in the form that was asked for; longer ones, as long as they go on, in full. */
export const LIMIT_BYTES: number = 16 * 1024
/** How far before its anchor a match may begin, and a detector may look. */
export const BEHIND_BYTES = 512
/** How far behind its anchor a detector may look: the longest match and some bytes to see how it ends. */
export const AHEAD_BYTES: number = LIMIT_BYTES + 1024

/**
 * Three bytes that stand in whatever the detector finds, each by the characters that it may be (none: any).
 * Two of the three that are side by side are met whichever way the scan, which goes by two, falls.
 */
export type Trigger = readonly [first: string, second: string, third: string]

/**
 * What an anchor calls when it has found something. `goesOn`: the match was cut at its limit, and goes on as long
 * as there are bytes of this class.
 */
export type Found = (start: number, end: number, goesOn?: ByteClass) => void

/** A place from which a detector looks. */
export interface Anchor {
  readonly triggers: readonly Trigger[]
  /**
   * Looks from where the trigger stands. What it finds depends on the bytes of the window alone, and what it
   * reads is bounded by a constant, but for runs that no other anchor reads again.
   */
  readonly look: (window: Window, at: number, found: Found) => void
}

export interface Detector {
  readonly name: string
  readonly anchors: readonly Anchor[]
  /** Looks at a group of four digits, or of twelve to nineteen; nothing but digits is in `[start, end)`. */
  readonly digits?: (window: Window, start: number, end: number, found: Found) => void
  /** Names of members and columns after which it looks at what stands at the beginning of a text. */
  readonly members?: RegExp
  /** Looks there. */
  readonly lookAtStart?: (window: Window, found: Found) => void
}

/** Both cases of an ASCII word's three bytes. */
export function anyCase(three: string): Trigger {
  const both = (i: number): string => three.charAt(i).toLowerCase() + three.charAt(i).toUpperCase()
  return [both(0), both(1), both(2)]
}

/** An anchor at a word in any case, by three of its letters that few texts have. */
export function atWord(
  word: string,
  place: number,
  look: (window: Window, end: number, found: Found) => void,
): Anchor {
  return {
    triggers: [anyCase(word.slice(place, place + 3))],
    look: (window, at, found) => {
      if (wordAt(window, at - place, word)) look(window, at - place + word.length, found)
    },
  }
}

/** Exactly these three bytes. */
export function exactly(three: string): Trigger {
  return [three.charAt(0), three.charAt(1), three.charAt(2)]
}
