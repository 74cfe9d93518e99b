import { blobLayout } from '../blobs/name.ts'
import type { ChainTail } from '../chain.ts'
import type { PublicKeys } from '../checkpoint/signer.ts'
import { layout } from '../segment.ts'
import { segmentId, type UploadedSegment, uploadedPath, uploadedSegments } from '../uploaded.ts'
import { isCovered } from './attest.ts'
import type { JournalPlace } from './hints.ts'
import type { Holds } from './holds.ts'
import { fileHash, mentioned, type SegmentFacts } from './inspect.ts'
import type { Sizes } from './sizes.ts'
import type { JournalState, LaneState, SegmentBook } from './survey.ts'

/** When segments go. */
export interface RetentionRules {
  /** Those whose last event is older, ms. */
  readonly ageMs?: number
  /** The oldest, while all segments and bodies have more bytes. */
  readonly bytes?: number
}

/** A segment that may go, and by which rule. */
export interface Victim {
  readonly facts: SegmentFacts
  readonly why: 'age' | 'size'
}

export interface ChooseOptions {
  readonly rules: RetentionRules
  readonly nowMs: number
  readonly holds: Holds
  readonly keys: PublicKeys | undefined
  /** `s3://BUCKET/PREFIX`: only what was uploaded there, and verified, may go. */
  readonly uploadedTo: string | undefined
  /** Asks the bucket itself; absent: what is noted of uploads is believed. */
  readonly confirmUploaded: ((segment: UploadedSegment) => Promise<void>) | undefined
  /** Whether a process of this gate writes the lane, or may begin to. */
  readonly writes: (lane: number) => boolean
}

/** In one round no more go than this. */
const MAX_VICTIMS = 64

/** Chooses what goes: the oldest first, over all lanes. */
export class Chooser {
  readonly #place: JournalPlace
  readonly #book: SegmentBook
  readonly #sizes: Sizes
  /** A session on hold that a segment was found to mention. */
  readonly #mentions = new Map<string, string>()
  readonly #uploaded = new Map<
    number,
    { readonly bytes: number; readonly segments: ReadonlyMap<string, UploadedSegment> }
  >()
  /** Segments that the bucket has confirmed once. */
  readonly #confirmed = new Set<string>()

  constructor(place: JournalPlace, book: SegmentBook, sizes: Sizes) {
    this.#place = place
    this.#book = book
    this.#sizes = sizes
  }

  async choose({ lanes }: JournalState, options: ChooseOptions): Promise<readonly Victim[]> {
    const { rules, nowMs } = options
    const victims: Victim[] = []
    let bytes = rules.bytes === undefined ? 0 : await this.#total(lanes)
    const queues: Queue[] = []
    for (const lane of lanes) {
      const sealed = this.#sealed(lane, options)
      const next = (await sealed.next()).value
      if (next !== undefined) queues.push({ lane, sealed, next })
    }
    while (victims.length < MAX_VICTIMS && queues.length > 0) {
      const oldest = queues.reduce((a, b) => (b.next.lastMs < a.next.lastMs ? b : a))
      const facts = oldest.next
      const isOld = rules.ageMs !== undefined && facts.lastMs < nowMs - rules.ageMs
      const why = isOld ? 'age' : rules.bytes !== undefined && bytes > rules.bytes ? 'size' : undefined
      if (why === undefined) break
      if (await this.mayGo(oldest.lane, facts, options, 'choose')) {
        victims.push({ facts, why })
        bytes -= await this.#sizes.of(facts.lane, facts.segment, true)
      }
      const next = (await oldest.sealed.next()).value
      if (next === undefined) queues.splice(queues.indexOf(oldest), 1)
      else oldest.next = next
    }
    return victims
  }

  /** Everything that may change from one moment to the next: asked again before a segment is removed. */
  async mayGo(
    lane: LaneState,
    facts: SegmentFacts,
    options: ChooseOptions,
    to: 'choose' | 'remove',
  ): Promise<boolean> {
    if (await this.#isHeld(facts, options.holds)) return false
    const { before, after } = facts
    const range = { lane: lane.lane, first: before.number + 1, last: after.number }
    if (!(await isCovered(this.#place, range, nextGap(lane, facts.segment), options.keys))) return false
    return options.uploadedTo === undefined || this.#isUploaded(facts, options.uploadedTo, options, to)
  }

  /** The segments of a lane to which nothing is added any more and in which no call is in flight. */
  async *#sealed(lane: LaneState, options: ChooseOptions): AsyncGenerator<DatedFacts, undefined> {
    const { head, present } = lane
    if (head === undefined) return undefined
    const last = present.at(-1)
    for (const segment of present) {
      if (segment === last && !(await this.#isRetired(lane, options))) return undefined
      if (!head.clean && segment >= head.openSince) return undefined
      const facts = await this.#book.facts(lane.lane, segment)
      // The head file lags behind; what it has not come to yet stays, so that it always knows an end that is there.
      if (facts.after.number > head.number) return undefined
      if (isDated(facts)) yield facts
    }
    return undefined
  }

  /**
   * Whether nobody writes a lane any more: then its last segment may go as well, once it is the only one. A lane that
   * was not closed in good order may have calls in flight, and stays.
   */
  async #isRetired({ lane, present, head }: LaneState, { writes }: ChooseOptions): Promise<boolean> {
    if (writes(lane) || present.length !== 1 || head?.clean !== true) return false
    const lock = await this.#place.files.lock(layout.lock(this.#place.folder, lane))
    lock?.release()
    return lock !== undefined
  }

  async #isHeld({ lane, segment }: SegmentFacts, holds: Holds): Promise<boolean> {
    const name = `${lane}/${segment}`
    const known = this.#mentions.get(name)
    if (known !== undefined && holds.has(known)) return true
    const found = await mentioned(this.#place, lane, segment, [...holds.keys()])
    if (found === undefined) this.#mentions.delete(name)
    else this.#mentions.set(name, found)
    return found !== undefined
  }

  async #isUploaded(
    { lane, segment, journal, bytes }: SegmentFacts,
    uploadedTo: string,
    { confirmUploaded }: ChooseOptions,
    to: 'choose' | 'remove',
  ): Promise<boolean> {
    const { files, folder } = this.#place
    const all = await this.#uploadedIn(lane)
    const uploaded: UploadedSegment | undefined = all.get(segmentId({ journal, segment }))
    if (uploaded === undefined || uploaded.bytes !== bytes) return false
    // What lies in the bucket of before is not where the removal would say that it is.
    if (!`s3://${uploaded.bucket}/${uploaded.key}`.startsWith(uploadedTo)) return false
    // Only what is in the bucket byte for byte goes here.
    const bodies = (await files.list(blobLayout.segment(folder, lane, segment))).length
    if (bodies > uploaded.bodies) return false
    const file = await files.open(layout.segment(folder, lane, segment), 'read')
    if (file === undefined) return false
    try {
      if ((await fileHash(file)) !== uploaded.sha256) return false
    } finally {
      await file.close()
    }
    const name = segmentId(uploaded)
    if (confirmUploaded === undefined || (to === 'choose' && this.#confirmed.has(`${lane} ${name}`)))
      return true
    await confirmUploaded(uploaded)
    this.#confirmed.add(`${lane} ${name}`)
    return true
  }

  /** What is noted of a lane's uploads: a file of years is read again only when a line was added. */
  async #uploadedIn(lane: number): Promise<ReadonlyMap<string, UploadedSegment>> {
    const { files, folder } = this.#place
    const file = await files.open(uploadedPath(folder, lane), 'read')
    const bytes = (await file?.size()) ?? 0
    await file?.close()
    const known = this.#uploaded.get(lane)
    if (known?.bytes === bytes) return known.segments
    const segments = await uploadedSegments(files, folder, lane)
    this.#uploaded.set(lane, { bytes, segments })
    return segments
  }

  async #total(lanes: readonly LaneState[]): Promise<number> {
    let bytes = 0
    for (const { lane, present } of lanes) {
      for (const segment of present) {
        bytes += await this.#sizes.of(lane, segment, segment !== present.at(-1))
      }
    }
    return bytes
  }
}

/** Where the first gap behind a segment begins. */
function nextGap({ gaps }: LaneState, segment: number): ChainTail | undefined {
  return gaps.find(({ first }) => first > segment)?.before
}

/** Facts of a segment that has events. */
type DatedFacts = SegmentFacts & { readonly lastMs: number }

function isDated(facts: SegmentFacts): facts is DatedFacts {
  return facts.lastMs !== undefined
}

interface Queue {
  readonly lane: LaneState
  readonly sealed: AsyncGenerator<DatedFacts, undefined>
  next: DatedFacts
}
