import { GateError } from '../core/errors.ts'
import type { ChainTail } from './chain.ts'
import { checkpointLanes } from './checkpoint/lane-file.ts'
import type { PublicKeys } from './checkpoint/signer.ts'
import { type CheckpointFault, type CheckpointReport, CheckpointWalk } from './checkpoint/walk.ts'
import { FRAME_PREFIX_BYTES, readPayload } from './frame.ts'
import { type Head, readHead } from './head.ts'
import { openSegment } from './open-segment.ts'
import { describePlace, type Place } from './place.ts'
import { type JournalSource, listLanes } from './read.ts'
import { type ScanEnd, scanFrames, whyNotTorn } from './scan.ts'
import { headNumbers, layout, segmentNumbers } from './segment.ts'

/** The first place at which a lane's chain does not hold. */
export interface Break {
  readonly place: Place
  /** Prose: what does not fit. */
  readonly reason: string
  /** Number of the checkpoint that does not hold, where it is one. */
  readonly checkpoint?: number
}

export interface LaneReport {
  readonly lane: number
  readonly segments: number
  /** Whole events, counted from the first. */
  readonly events: number
  /** The link after the last whole event, hex: note it elsewhere to prove later that nothing was cut. */
  readonly link: string
  readonly break?: Break
  /**
   * Bytes behind the last whole event that a batch in the making, or a crash, leaves. Not a break:
   * they were never acknowledged.
   */
  readonly unfinished?: { readonly place: Place; readonly bytes: number }
  /** Absent where the lane has none that hold. */
  readonly checkpoints?: CheckpointReport
}

export interface VerifyReport {
  readonly whole: boolean
  readonly events: number
  readonly lanes: readonly LaneReport[]
}

/**
 * Proves that every lane's chain is whole, or names the first place where each is not. It finds every
 * altered, removed, moved or inserted byte up to the last known head, and an end cut off before it. What
 * it cannot find: a chain, and its head file, that were both rewritten from some place behind the last
 * checkpoint on. Signatures of checkpoints are checked where `keys` are given.
 */
export async function verifyJournal(source: JournalSource, keys?: PublicKeys): Promise<VerifyReport> {
  const heads = headNumbers(await source.files.list(layout.heads(source.folder)))
  const checkpointed = await checkpointLanes(source)
  const lanes = [...new Set([...heads, ...checkpointed, ...(await listLanes(source))])].sort((a, b) => a - b)
  const reports: LaneReport[] = []
  for (const lane of lanes) reports.push(await verifyLane(source, lane, keys))
  return {
    whole: reports.every(report => report.break === undefined),
    events: reports.reduce((sum, report) => sum + report.events, 0),
    lanes: reports,
  }
}

async function verifyLane(source: JournalSource, lane: number, keys?: PublicKeys): Promise<LaneReport> {
  const walk = new LaneWalk(source, lane, keys)
  try {
    await walk.run()
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    walk.breakHere(error.message)
  }
  return walk.report()
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
  #unfinished: LaneReport['unfinished']

  constructor(source: JournalSource, lane: number, keys: PublicKeys | undefined) {
    this.#source = source
    this.#keys = keys
    this.#lane = lane
  }

  report(): LaneReport {
    const checkpoints = this.#checkpoints?.report()
    return {
      lane: this.#lane,
      segments: this.#segments,
      events: this.#tail?.number ?? 0,
      link: this.#tail?.link.toString('hex') ?? '',
      ...(this.#break === undefined ? {} : { break: this.#break }),
      ...(this.#unfinished === undefined ? {} : { unfinished: this.#unfinished }),
      ...(checkpoints === undefined ? {} : { checkpoints }),
    }
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
    const { files, folder } = this.#source
    let end: ScanEnd | undefined
    for (;;) {
      const numbers = segmentNumbers(await files.list(layout.lane(folder, this.#lane)))
      const last = numbers.at(-1) ?? 0
      if (last < this.#segment) break
      end = await this.#walkSegment(head, this.#segment < last)
      if (this.#break !== undefined) return
      this.#segment++
    }
    this.#segment = Math.max(this.#segments, 1)
    if (end !== undefined) this.#offset = end.offset
    this.#checkHead(head, end)
    this.#breakAt(checkpoints.finish())
  }

  async #walkSegment(head: Head | undefined, hasNext: boolean): Promise<ScanEnd | undefined> {
    this.#offset = 0
    const { files, folder } = this.#source
    const before =
      this.#tail === undefined || this.#journalId === undefined
        ? undefined
        : { tail: this.#tail, journalId: this.#journalId }
    const place = { lane: this.#lane, segment: this.#segment }
    const opened = await openSegment(files, folder, place, before)
    if (opened === undefined) {
      this.breakHere('the segment is missing')
      return undefined
    }
    try {
      this.#segments++
      this.#journalId = opened.header.journalId
      this.#tail = opened.start
      this.#matchHead(head)
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
    } finally {
      await opened.file.close()
    }
  }

  async #walkFrames(frames: ReturnType<typeof scanFrames>, head: Head | undefined): Promise<ScanEnd> {
    let step = await frames.next()
    while (step.done !== true) {
      this.#offset = step.value.offset
      readPayload(step.value.frame)
      this.#tail = step.value.tail
      this.#matchHead(head)
      if (this.#checkpoints?.add(this.#tail.number, step.value.frame.subarray(FRAME_PREFIX_BYTES))) {
        this.#breakAt(await this.#checkpoints.settle(this.#tail, this.#journalId))
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
    if (this.#segments === 0) this.breakHere('the segments are missing')
    else if (!this.#headSeen) {
      this.breakHere(`the chain ends here, but the head file knows event ${head.number}`)
    } else if (head.clean && (number !== head.number || end?.kind !== 'end')) {
      this.breakHere(`bytes follow event ${head.number}, where the journal was closed`)
    }
  }

  #place(): Place {
    const event = (this.#tail?.number ?? 0) + 1
    return { lane: this.#lane, segment: this.#segment, offset: this.#offset, event }
  }
}
