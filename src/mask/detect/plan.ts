import type { Anchor, Detector } from './detector.ts'

/** An anchor of a detector, and by how many bytes its trigger begins before the two that were met. */
export interface Suspect {
  readonly anchor: Anchor
  readonly back: 0 | 1
  /** The class of the third byte of the trigger, which is `third` bytes from the two; undefined: any. */
  readonly other: Uint8Array | undefined
  readonly third: -1 | 2
  /** Place of the detector in the set, from 0. */
  readonly detector: number
}

/** What the scan looks up for every second byte. */
export interface Plan {
  /** By two bytes as this machine reads them as one number: 0, or 1 and up into `suspects`. */
  readonly table: Uint8Array
  readonly suspects: readonly PairSuspects[]
  /**
   * By the number of the pair (times 256) and the byte before it, or the byte behind it: 1 if that can be the
   * third byte of a trigger. Most pairs that are met go no further.
   */
  readonly before: Uint8Array
  readonly behind: Uint8Array
  /** Who looks at groups of digits, and the place of each in the set. */
  readonly digits: readonly { readonly detector: number; readonly look: NonNullable<Detector['digits']> }[]
}

/** What two bytes may be a part of. */
export interface PairSuspects {
  /** Both are digits, and somebody looks at these. */
  readonly digits: boolean
  readonly anchors: readonly Suspect[]
}

const PAIRS = 65_536
const MAX_NUMBER = 255

/** Lays out the triggers of the detectors. */
export function planOf(detectors: readonly Detector[]): Plan {
  const byPair = new Map<number, Suspect[]>()
  for (const [place, detector] of detectors.entries()) {
    for (const anchor of detector.anchors) addAnchor(byPair, anchor, place)
  }
  const digits = detectors.flatMap(({ digits: look }, detector) =>
    look === undefined ? [] : [{ detector, look }],
  )
  const digitPairs = new Set(digits.length === 0 ? [] : pairsOf(DIGITS, DIGITS))
  const table = new Uint8Array(PAIRS)
  const suspects: PairSuspects[] = [{ digits: false, anchors: [] }]
  const numbers = new Map<string, number>()
  const nameOf = namer()
  for (const pair of new Set([...byPair.keys(), ...digitPairs])) {
    const anchors = byPair.get(pair) ?? []
    const entry: PairSuspects = { digits: digitPairs.has(pair), anchors }
    const name = `${entry.digits} ${anchors.map(nameOf).join(' ')}`
    const number = numbers.get(name) ?? suspects.push(entry) - 1
    numbers.set(name, number)
    table[pair] = number
  }
  if (suspects.length > MAX_NUMBER) throw new RangeError('too many different triggers for the table of pairs')
  return { table, suspects, digits, ...thirdBytes(suspects) }
}

function thirdBytes(suspects: readonly PairSuspects[]): { before: Uint8Array; behind: Uint8Array } {
  const before = new Uint8Array(suspects.length << 8)
  const behind = new Uint8Array(suspects.length << 8)
  for (const [number, { digits, anchors }] of suspects.entries()) {
    for (let byte = 0; byte < 256; byte++) {
      const at = (number << 8) | byte
      for (const { back, other } of anchors) {
        if (other === undefined || other[byte] === 1) (back === 1 ? before : behind)[at] = 1
      }
      // A group that is looked at has four digits or more.
      if (digits && byte >= 0x30 && byte <= 0x39) behind[at] = 1
    }
  }
  return { before, behind }
}

const DIGITS = '0123456789'

/** Tells suspects apart. */
function namer(): (suspect: Suspect) => string {
  const ids = new Map<Anchor, number>()
  return ({ anchor, back, other }) => {
    const id = ids.get(anchor) ?? ids.size
    ids.set(anchor, id)
    return `${id}:${back}:${other?.join('') ?? ''}`
  }
}

function addAnchor(byPair: Map<number, Suspect[]>, anchor: Anchor, detector: number): void {
  for (const [first, second, third] of anchor.triggers) {
    for (const pair of pairsOf(first, second))
      add(byPair, pair, { anchor, back: 0, third: 2, detector }, third)
    for (const pair of pairsOf(second, third))
      add(byPair, pair, { anchor, back: 1, third: -1, detector }, first)
  }
}

/** One suspect for each anchor and side, whichever of its triggers it is; the anchor looks closely enough. */
function add(
  byPair: Map<number, Suspect[]>,
  pair: number,
  suspect: Omit<Suspect, 'other'>,
  other: string,
): void {
  const list = byPair.get(pair) ?? []
  byPair.set(pair, list)
  const same = list.findIndex(one => one.anchor === suspect.anchor && one.back === suspect.back)
  const before = list[same]
  if (before === undefined) list.push({ ...suspect, other: other === '' ? undefined : setOf(other) })
  else if (before.other !== undefined) {
    const union =
      other === '' ? undefined : setOf(other).map((one, byte) => one | (before.other?.[byte] ?? 0))
    list[same] = { ...before, other: union }
  }
}

function setOf(characters: string): Uint8Array {
  const set = new Uint8Array(256)
  for (const character of characters) set[character.charCodeAt(0)] = 1
  return set
}

const ANY = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('')

function* pairsOf(first: string, second: string): Generator<number> {
  const bytes = new Uint8Array(2)
  const asOne = new Uint16Array(bytes.buffer)
  for (const one of first === '' ? ANY : first) {
    for (const two of second === '' ? ANY : second) {
      bytes.set([one.charCodeAt(0), two.charCodeAt(0)])
      yield asOne[0] ?? 0
    }
  }
}
