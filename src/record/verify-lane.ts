import { GateError } from '../core/errors.ts'
import { type ChainTail, genesis } from './chain.ts'
import type { PublicKeys } from './checkpoint/signer.ts'
import { type CheckpointFault, type CheckpointReport, CheckpointWalk } from './checkpoint/walk.ts'
import type { RemovalEvent } from './event.ts'
import { FRAME_PREFIX_BYTES, readPayload } from './frame.ts'
import { type Head, readHead } from './head.ts'
import { type OpenSegment, openSegment } from './open-segment.ts'
import { describePlace, type Place } from './place.ts'
import type { JournalSource } from './read.ts'
import { type Gap, isRemoval } from './retention/removal.ts'
import { type ScanEnd, scanFrames, whyNotTorn } from './scan.ts'
import { layout, segmentNumbers } from './segment.ts'

/** The first place at which a lane's chain does not hold. */
export interface Break {
  readonly place: Place
  /** Prose: what does not fit. */
  readonly reason: string
  /** Number of the checkpoint that does not hold, where it is one. */
  readonly checkpoint?: number
}

/** A removal, and what shows that the gate has said it. */
export interface FoundRemoval {
  readonly event: RemovalEvent
  /**
   * `signed`: a checkpoint whose link is that of a later event, with nothing missing between. `unsigned`: the lane has
   * no checkpoints, and there are no keys. Else the index of the gap behind it: whatever vouches for that shows that
   * the chain up to there is the gate's. `undefined`: nothing does.
   */
  readonly shownBy: 'signed' | 'unsigned' | number | undefined
}

/** What a walk over one lane has found. Whether its gaps are vouched for is not known yet. */
export interface WalkedLane {
  readonly lane: number
  readonly segments: number
  /** Where the chain ends; undefined where no segment could be read. */
  readonly tail: ChainTail | undefined
  readonly break: Break | undefined
  readonly unfinished: { readonly place: Place; readonly bytes: number } | undefined
  readonly checkpoints: CheckpointReport | undefined
  readonly gaps: readonly Gap[]
  /** What is wrong where nobody vouches for the gap at the lane's end. */
  readonly cutOff: Break | undefined
  /** Where each segment that is there ends. */
  readonly ends: ReadonlyMap<number, ChainTail>
  /** How much later its last event was than its first one, ms. */
  readonly spanMs: number
  /** What stands in this lane of removals in any. */
  readonly removals: readonly FoundRemoval[]
}

/** Walks over one lane, from its first segment to its end, and over what is missing of it. */
export async function walkLane(source: JournalSource, lane: number, keys?: PublicKeys): Promise<WalkedLane> {
  const walk = new LaneWalk(source, lane, keys)
  try {
    await walk.run()
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    walk.breakHere(error.message)
  }
  return walk.result()
}

class LaneWalk {
  readonly #source: JournalSource
  readonly #lane: number
  readonly #keys: PublicKeys | undefined
  #segment = 1
  #segments = 0
  #offset = 0
  #tail: ChainTail | undefined
  #journalId: Buffer | undefined
  #headSeen = false
  #checkpoints: CheckpointWalk | undefined
  #break: Break | undefined
  #unfinished: WalkedLane['unfinished']
  #firstMs: number | undefined
  #lastMs = 0
  #cutOff: Break | undefined
  readonly #gaps: Gap[] = []
  readonly #ends = new Map<number, ChainTail>()
  readonly #removals: { readonly event: RemovalEvent; readonly number: number; readonly gap: number }[] = []
  /** By the number of gaps before it: the last event of a stretch that a checkpoint was held against. */
  readonly #anchors = new Map<number, number>()

  constructor(source: JournalSource, lane: number, keys: PublicKeys | undefined) {
    this.#source = source
    this.#keys = keys
    this.#lane = lane
  }

  result(): WalkedLane {
    const checkpoints = this.#checkpoints?.report()
    return {
      lane: this.#lane,
      segments: this.#segments,
      tail: this.#tail,
      break: this.#break,
      unfinished: this.#unfinished,
      checkpoints,
      gaps: this.#gaps,
      cutOff: this.#cutOff,
      ends: this.#ends,
      spanMs: this.#lastMs - (this.#firstMs ?? this.#lastMs),
      removals: this.#foundRemovals(),
    }
  }

  /** Who can write the disk and has no key can add events behind the last checkpoint: these vouch for nothing. */
  #foundRemovals(): readonly FoundRemoval[] {
    const unsigned = this.#keys === undefined && this.#checkpoints?.hasLines !== true
    return this.#removals.map(({ event, number, gap }) => {
      if (unsigned) return { event, shownBy: 'unsigned' }
      if (number <= (this.#anchors.get(gap) ?? 0)) return { event, shownBy: 'signed' }
      return { event, shownBy: gap < this.#gaps.length ? gap : undefined }
    })
  }

  /** Notes a break at the place that the walk has come to; the first one counts. */
  breakHere(reason: string): void {
    const place = this.#place()
    const known = `the journal is damaged at ${describePlace(place)}: `
    this.#break ??= { place, reason: reason.startsWith(known) ? reason.slice(known.length) : reason }
  }

  /** The first thing that is wrong with the checkpoints, at the place that the walk has come to. */
  #breakAt(fault: CheckpointFault | undefined): void {
    if (fault === undefined || this.#break !== undefined) return
    const reason = `checkpoint ${fault.number}: ${fault.reason}`
    this.#break = { place: this.#place(), reason, checkpoint: fault.number }
  }

  /** Head and checkpoints are read first: a chain that is being written has passed them by the time it is read. */
  async run(): Promise<void> {
    const head = await readHead(this.#source.files, this.#source.folder, this.#lane)
    this.#checkpoints = new CheckpointWalk(this.#source, this.#lane, head, this.#keys)
    try {
      this.#breakAt(await this.#checkpoints.begin())
      if (this.#break === undefined) await this.#walkLane(head, this.#checkpoints)
    } finally {
      await this.#checkpoints.close()
    }
  }

  async #walkLane(head: Head | undefined, checkpoints: CheckpointWalk): Promise<void> {
    let end: ScanEnd | undefined
    let numbers = await this.#segmentsAhead()
    for (let at = 0; ; at++) {
      // A live gate may have added some behind the last one since, or have removed some.
      if (at >= numbers.length - 1) {
        numbers = await this.#segmentsAhead()
        at = 0
      }
      const next = numbers[at]
      if (next === undefined) break
      const walked = await this.#walkSegment(head, next, next < (numbers.at(-1) ?? 0))
      if (this.#break !== undefined) return
      // It was removed in this moment: look again for the next one.
      if (walked === undefined) {
        numbers = []
        continue
      }
      end = walked
      this.#ends.set(next, end.tail)
      this.#segment = next + 1
    }
    const missing = this.#segment
    this.#segment = Math.max(missing - 1, 1)
    if (end !== undefined) this.#offset = end.offset
    await this.#crossLastGap(head, missing)
    this.#checkHead(head, end)
    this.#breakAt(checkpoints.finish())
  }

  /** Numbers of the segments that are there and were not walked over yet, ascending. */
  async #segmentsAhead(): Promise<readonly number[]> {
    const { files, folder } = this.#source
    const numbers = segmentNumbers(await files.list(layout.lane(folder, this.#lane)))
    return numbers.filter(number => number >= this.#segment)
  }

  /** Walks over a segment and, where segments before it are missing, over these. */
  async #walkSegment(
    head: Head | undefined,
    segment: number,
    hasNext: boolean,
  ): Promise<ScanEnd | undefined> {
    this.#offset = 0
    const { files, folder } = this.#source
    const missing = segment > this.#segment
    const before =
      this.#tail === undefined || this.#journalId === undefined || missing
        ? undefined
        : { tail: this.#tail, journalId: this.#journalId }
    const opened = await openSegment(files, folder, { lane: this.#lane, segment }, before)
    if (opened === undefined) {
      const names = await files.list(layout.lane(folder, this.#lane))
      if (segmentNumbers(names).includes(segment)) this.breakHere('the segment cannot be opened')
      return undefined
    }
    try {
      if (missing) await this.#crossGap(head, opened)
      if (this.#break !== undefined) return undefined
      this.#segment = segment
      this.#segments++
      this.#journalId = opened.header.journalId
      this.#tail = opened.start
      this.#matchHead(head)
      return await this.#walkOpened(head, opened, hasNext)
    } finally {
      await opened.file.close()
    }
  }

  async #walkOpened(head: Head | undefined, opened: OpenSegment, hasNext: boolean): Promise<ScanEnd> {
    let end = await this.#walkFrames(scanFrames(opened.file, opened.start), head)
    // A live writer may have finished the segment since: look once more.
    if (end.kind !== 'end' && hasNext) {
      end = await this.#walkFrames(scanFrames(opened.file, end.tail, end.offset), head)
    }
    this.#offset = end.offset
    if (end.kind === 'end') return end
    const reason = hasNext ? end.reason : await whyNotTorn(opened.file, end)
    if (reason !== undefined) this.breakHere(reason)
    else this.#unfinished = { place: this.#place(), bytes: (await opened.file.size()) - end.offset }
    return end
  }

  /** Where the chain stands before the first segment that is read, or behind the last one. */
  #endBefore(journalId: Buffer | undefined = this.#journalId): ChainTail {
    const link = journalId === undefined ? Buffer.alloc(0) : genesis(this.#lane, journalId)
    return this.#tail ?? { number: 0, link }
  }

  /** Notes that the segments before `opened` are missing, and goes on where it begins. */
  async #crossGap(head: Head | undefined, { header, start }: OpenSegment): Promise<void> {
    if (this.#journalId !== undefined && !header.journalId.equals(this.#journalId)) {
      return this.breakHere('the file behind the missing segment is of another journal')
    }
    await this.#cross(head, header.segment - 1, start, header.journalId)
  }

  /** The last segments of a lane may be missing, too, once no process writes it: then its head file says where it ended. */
  async #crossLastGap(head: Head | undefined, missing: number): Promise<void> {
    if (head?.clean !== true || head.number <= (this.#tail?.number ?? 0)) return
    if (this.#unfinished !== undefined || !/^[0-9a-f]{32}$/.test(head.journalId)) return
    const after = { number: head.number, link: Buffer.from(head.link, 'hex') }
    const place = this.#segment
    const reason =
      this.#segments === 0
        ? 'the segments are missing'
        : `the chain ends here, but the head file knows event ${head.number}`
    this.#cutOff = { place: this.#place(), reason }
    this.#segment = missing
    await this.#cross(head, undefined, after, Buffer.from(head.journalId, 'hex'))
    this.#segment = place
    if (this.#break !== undefined) return
    this.#tail = after
    this.#journalId ??= Buffer.from(head.journalId, 'hex')
    this.#matchHead(head)
  }

  async #cross(
    head: Head | undefined,
    last: number | undefined,
    after: ChainTail,
    journalId: Buffer,
  ): Promise<void> {
    const before = this.#endBefore(journalId)
    if (after.number <= before.number) return this.breakHere('the segment is missing')
    this.#gaps.push({ lane: this.#lane, first: this.#segment, last, before, after })
    // What the head file knows of was removed since.
    if (head !== undefined && before.number < head.number && head.number < after.number) this.#headSeen = true
    this.#breakAt(await this.#checkpoints?.skip(after, journalId))
  }

  async #walkFrames(frames: ReturnType<typeof scanFrames>, head: Head | undefined): Promise<ScanEnd> {
    let step = await frames.next()
    while (step.done !== true) {
      this.#offset = step.value.offset
      const { event } = readPayload(step.value.frame)
      this.#tail = step.value.tail
      this.#firstMs ??= event.timeMs
      this.#lastMs = event.timeMs
      if (event.type === 'removal' && isRemoval(event)) {
        this.#removals.push({ event, number: this.#tail.number, gap: this.#gaps.length })
      }
      this.#matchHead(head)
      if (this.#checkpoints?.add(this.#tail.number, step.value.frame.subarray(FRAME_PREFIX_BYTES))) {
        this.#breakAt(await this.#checkpoints.settle(this.#tail, this.#journalId))
        this.#anchors.set(this.#gaps.length, this.#checkpoints.anchor)
      }
      step = await frames.next()
    }
    return step.value
  }

  #matchHead(head: Head | undefined): void {
    if (head === undefined || this.#tail?.number !== head.number) return
    this.#headSeen = true
    if (head.journalId !== this.#journalId?.toString('hex')) {
      this.breakHere('the head file is of another journal')
    } else if (head.link !== this.#tail.link.toString('hex')) {
      this.breakHere(`the head file knows another event ${head.number}`)
    }
  }

  #checkHead(head: Head | undefined, end: ScanEnd | undefined): void {
    const number = this.#tail?.number ?? 0
    if (head === undefined) {
      if (number > 0) this.breakHere('the head file of the lane is missing')
      return
    }
    if (this.#segments === 0 && !this.#headSeen) this.breakHere('the segments are missing')
    else if (!this.#headSeen) {
      this.breakHere(`the chain ends here, but the head file knows event ${head.number}`)
    } else if (head.clean && (number !== head.number || (end !== undefined && end.kind !== 'end'))) {
      this.breakHere(`bytes follow event ${head.number}, where the journal was closed`)
    }
  }

  #place(): Place {
    const event = (this.#tail?.number ?? 0) + 1
    return { lane: this.#lane, segment: this.#segment, offset: this.#offset, event }
  }
}
