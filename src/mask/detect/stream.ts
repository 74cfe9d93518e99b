import { maskSameLength } from '../form.ts'
import { MARKER } from '../marker.ts'
import { endOutsideEscape, startOutsideEscape } from './bytes.ts'
import { AHEAD_BYTES, BEHIND_BYTES } from './detector.ts'
import type { Detectors, Masking } from './masking.ts'
import { type OwnSource, scanOwn } from './own.ts'
import type { Plan } from './plan.ts'
import { type Range, unite } from './ranges.ts'
import { type Extent, extend, type Match, scan, scanStart } from './scan.ts'

/** Zeros before the first byte: the scan goes by two. An even number. */
const PAD_BYTES = 4
/** How much is kept at most before it is looked at: held back is less than a quarter. */
const CAPACITY_BYTES = 256 * 1024
const LINE_BREAK = 0x0a
const FILL = 0x2a

/**
 * Masks bytes that come in pieces. What comes out depends on the bytes alone, never on how they were cut, and
 * is as long. Holds back what could still be of a match; the memory is constant: a match beyond the limit is
 * masked in full as long as it goes on.
 *
 * Invariant: in the buffer, everything before `#emitted` has left, everything before `#scanned` was looked at,
 * and nothing that is found later begins before `#frontier()`.
 */
export class DetectStream {
  readonly #set: Detectors
  readonly #plan: Plan
  readonly #masking: Masking
  readonly #bytes: Buffer
  #floor = PAD_BYTES
  #end = PAD_BYTES
  #emitted = PAD_BYTES
  #scanned = PAD_BYTES - 2
  #ownAt = PAD_BYTES
  #atStart = true
  #ended = false
  #count = 0
  #matches: Match[] = []

  /** `capacityBytes` is for tests. */
  constructor(set: Detectors, plan: Plan, masking: Masking, capacityBytes: number = CAPACITY_BYTES) {
    this.#set = set
    this.#plan = plan
    this.#masking = masking
    this.#bytes = Buffer.alloc(capacityBytes)
  }

  /** How many places were masked, of what has come out. */
  get count(): number {
    return this.#count
  }

  /** Takes the next bytes; gives those that are certain by now, often none. */
  push(chunk: Uint8Array): Buffer {
    if (this.#ended) throw new RangeError('the stream has ended')
    const out: Buffer[] = []
    let at = 0
    while (at < chunk.length) {
      const room = this.#bytes.length - PAD_BYTES - this.#end
      const taken = Math.min(room, chunk.length - at)
      this.#bytes.set(chunk.subarray(at, at + taken), this.#end)
      this.#end += taken
      at += taken
      if (taken === room) out.push(this.#advance())
    }
    return Buffer.concat(out)
  }

  /** Gives the rest. */
  end(): Buffer {
    if (this.#ended) throw new RangeError('the stream has ended')
    this.#ended = true
    this.#bytes.fill(0, this.#end)
    const rest = this.#advance()
    this.#bytes.fill(0)
    return rest
  }

  /** Looks at what has come, gives what is certain, and makes room. */
  #advance(): Buffer {
    const extent: Extent = { bytes: this.#bytes, floor: this.#floor, ceiling: this.#end }
    if (this.#atStart) this.#lookAtStart(extent)
    const until = this.#ended ? this.#end : Math.max(this.#scanned, this.#end - AHEAD_BYTES)
    scan(this.#plan, extent, this.#scanned, until, this.#matches)
    this.#scanned = until
    this.#scanOwn(extent)
    extend(this.#matches, extent, this.#ended)
    const out = this.#emit()
    this.#makeRoom()
    return out
  }

  #lookAtStart(extent: Extent): void {
    this.#atStart = false
    const { context } = this.#masking
    if (context !== undefined) scanStart(this.#set.detectors, extent, context, this.#matches)
  }

  #scanOwn(extent: Extent): void {
    if (this.#set.own.length === 0) return
    const { bytes } = extent
    const source: OwnSource = {
      lineBreak: (from, to) => {
        const at = bytes.subarray(from, to).indexOf(LINE_BREAK)
        return at < 0 ? at : from + at
      },
      lastLineBreak: (from, to) => {
        const at = bytes.subarray(from, to).lastIndexOf(LINE_BREAK)
        return at < 0 ? at : from + at
      },
      part: (from, to) => bytes.subarray(from, to),
    }
    const window = { ...extent, runs: new Map() }
    const span = { at: this.#ownAt, end: this.#end, ended: this.#ended }
    this.#ownAt = scanOwn(this.#set.own, source, span, (from, to, pattern, goesOn) => {
      const start = startOutsideEscape(window, from)
      const end = goesOn === undefined ? endOutsideEscape(window, to) : to
      const detector = this.#set.detectors.length + pattern
      this.#matches.push({ start, end, detector, cut: goesOn !== undefined, goesOn })
    })
  }

  /** Before this, nothing new will be found to begin. */
  #frontier(): number {
    if (this.#ended) return this.#end
    const own = this.#set.own.length === 0 ? this.#end : this.#ownAt - 1
    return Math.max(this.#emitted, Math.min(this.#scanned - BEHIND_BYTES, own))
  }

  /** What is certain by now, masked. */
  #emit(): Buffer {
    const from = this.#emitted
    const frontier = this.#frontier()
    const out = Buffer.from(this.#bytes.subarray(from, this.#end))
    let until = frontier
    let pending: Match[] = []
    for (const range of unite(this.#matches)) {
      if (this.#ended || (!range.open && range.end <= frontier)) {
        this.#mask(range, out, from)
        this.#count++
        continue
      }
      pending = this.#matches.filter(match => match.start >= range.start)
      if (range.start > frontier) break
      until = range.start
      if (range.long) {
        // Whatever else is found joins it, and is masked as it is: what is there may leave.
        this.#mask(range, out, from)
        until = range.end
        pending = shortened(range, pending)
      }
      break
    }
    this.#emitted = Math.max(from, until)
    this.#matches = pending
    return out.subarray(0, this.#emitted - from)
  }

  /** Writes the mask of a range, of which the part before `from` may have left, over `out`. */
  #mask({ start, end, detector, long }: Range, out: Buffer, from: number): void {
    if (long) {
      for (let at = Math.max(start, from); at < end; at++) {
        out[at - from] = at - start < MARKER.length ? MARKER.charCodeAt(at - start) : FILL
      }
      return
    }
    const { form, hashKey } = this.#masking
    const kind = detector === -1 ? 'several' : this.#set.nameOf(detector)
    out.set(maskSameLength(this.#bytes.subarray(start, end), form, hashKey, kind), start - from)
  }

  /** Moves what is still needed to the front. */
  #makeRoom(): void {
    const own = this.#set.own.length === 0 ? this.#end : this.#ownAt - BEHIND_BYTES
    const kept = Math.min(this.#emitted, this.#scanned - BEHIND_BYTES, own)
    const shift = kept - PAD_BYTES
    if (shift <= 0) return
    this.#bytes.copyWithin(PAD_BYTES, kept, this.#end)
    this.#floor = PAD_BYTES
    this.#end -= shift
    this.#emitted -= shift
    this.#scanned -= shift
    this.#ownAt -= shift
    this.#matches = this.#matches.map(match => ({
      ...match,
      start: match.start - shift,
      end: match.end - shift,
    }))
  }
}

/** A long range as one match, however many made it; those of them that go on stay. */
function shortened(range: Range, matches: readonly Match[]): Match[] {
  const { start, end, detector } = range
  const whole: Match = { start, end, detector, cut: true, goesOn: undefined }
  // All that are open end where the bytes do: one of each class tells as much as many.
  const open = new Map(matches.filter(match => match.start < end).map(match => [match.goesOn, match]))
  open.delete(undefined)
  return [whole, ...open.values(), ...matches.filter(match => match.start >= end)]
}
