import { GateError } from '../../core/errors.ts'
import { listLanes } from '../../record/read.ts'
import { noteUploaded, segmentId, type UploadedSegment, uploadedSegments } from '../../record/uploaded.ts'
import type { Job } from '../job.ts'
import { bodyNames } from './bodies.ts'
import { contextOf, type UploadContext } from './context.ts'
import { keys, type SegmentPlace } from './keys.ts'
import type { UploadPorts, UploadSettings } from './ports.ts'
import { ProgressFile } from './progress.ts'
import { openSealed, sealedSegments } from './sealed.ts'
import { removeParquetDrafts, uploadSegment } from './segment-upload.ts'
import { uploadTrail } from './trail.ts'

/** How often it is looked for segments that have got a successor. */
const POLL_MS = 5_000
/**
 * For so long after its upload, a segment is looked at for a body that was put beside it in the moment in which it got
 * its successor. The first round of a process looks at all.
 */
const LATE_BODIES_MS: number = 10 * 60_000

/** What stops one segment, and not the others. */
const OF_ONE_SEGMENT: ReadonlySet<string> = new Set([
  'archive-contradicted',
  'archive-file-refused',
  'journal-corrupt',
  'parquet-unwritten',
])

function isOfOneSegment(error: unknown): error is GateError {
  return error instanceof GateError && OF_ONE_SEGMENT.has(error.code)
}

/**
 * Uploads every segment that has a successor: the oldest first, lanes in turn, one object at a time. What it has done
 * stands in `uploaded/NN.jsonl`, written when the bucket has confirmed it; killed before that, it finds the objects
 * there and takes them for what they are.
 */
export function createUploads(settings: UploadSettings, ports: UploadPorts): Job {
  const progress = new ProgressFile(ports.source.files, ports.folder)
  const context = contextOf(settings, ports, progress)
  let lookBackMs = Number.POSITIVE_INFINITY
  return {
    name: 'upload',
    async round(signal) {
      if (lookBackMs > LATE_BODIES_MS) await removeParquetDrafts(context)
      const delayMs = await new Round(context, lookBackMs, signal).run()
      lookBackMs = LATE_BODIES_MS
      return delayMs
    },
  }
}

class Round {
  readonly #context: UploadContext
  readonly #lookBackMs: number
  readonly #signal: AbortSignal
  /** What stopped single segments: told when all others are done. */
  readonly #refusals: GateError[] = []

  constructor(context: UploadContext, lookBackMs: number, signal: AbortSignal) {
    this.#context = context
    this.#lookBackMs = lookBackMs
    this.#signal = signal
  }

  async run(): Promise<number> {
    let queues = await Promise.all((await listLanes(this.#context.source)).map(lane => this.#queue(lane)))
    while (queues.length > 0) {
      for (const queue of queues) {
        this.#signal.throwIfAborted()
        await this.#oneOf(() => queue.step())
      }
      queues = queues.filter(queue => !queue.isDone)
    }
    const [refusal] = this.#refusals
    if (refusal !== undefined) throw refusal
    return POLL_MS
  }

  async #queue(lane: number): Promise<LaneQueue> {
    const queue = new LaneQueue(this.#context, lane, this.#signal)
    await this.#oneOf(() => queue.open(this.#lookBackMs))
    return queue
  }

  async #oneOf(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!isOfOneSegment(error)) throw error
      this.#refusals.push(error)
    }
  }
}

/** What of a lane is to be uploaded, a segment at each step; the last step brings checkpoints and head up to it. */
class LaneQueue {
  isDone = false
  readonly #context: UploadContext
  readonly #lane: number
  readonly #signal: AbortSignal
  #uploaded: Map<string, UploadedSegment> = new Map()
  #pending: number[] = []
  #journal: string | undefined

  constructor(context: UploadContext, lane: number, signal: AbortSignal) {
    this.#context = context
    this.#lane = lane
    this.#signal = signal
  }

  async open(lookBackMs: number): Promise<void> {
    const { source } = this.#context
    this.#uploaded = new Map(await uploadedSegments(source.files, source.folder, this.#lane))
    const sealed = await sealedSegments(source, this.#lane)
    this.#journal = await this.#journalOf(sealed)
    for (const segment of sealed) if (await this.#isPending(segment, lookBackMs)) this.#pending.push(segment)
  }

  async step(): Promise<void> {
    const segment = this.#pending.shift()
    if (this.#pending.length === 0) this.isDone = true
    if (segment !== undefined) {
      const entry = await uploadSegment(this.#context, this.#lane, segment, this.#signal)
      if (entry !== undefined) {
        const { files, folder } = this.#context.source
        await noteUploaded(files, folder, entry)
        this.#uploaded.set(segmentId(entry), entry)
      }
    }
    const last = this.#lastInARow()
    if (last !== undefined) await uploadTrail(this.#context, last, this.#signal)
  }

  /** The journal that has the lane now: another may have had it before. */
  async #journalOf(sealed: readonly number[]): Promise<string | undefined> {
    const { sources, source } = this.#context
    for (const segment of sealed) {
      try {
        const opened = await openSealed(sources, source.folder, this.#lane, segment)
        await opened?.file.close()
        if (opened !== undefined) return opened.place.journal
      } catch (error) {
        // It is told when its turn to be uploaded comes; another one may say it.
        if (!isOfOneSegment(error)) throw error
      }
    }
    return undefined
  }

  async #isPending(segment: number, lookBackMs: number): Promise<boolean> {
    const entry = this.#find(segment)
    if (entry === undefined) return true
    if (this.#context.clock.now() - entry.timeMs > lookBackMs) return false
    return (await bodyNames(this.#context, this.#lane, segment)).length > entry.bodies
  }

  /** What is noted of a segment of this journal, in this bucket. */
  #find(segment: number): UploadedSegment | undefined {
    if (this.#journal === undefined) return undefined
    const place = this.#place(this.#journal, segment)
    const { bucket, prefix } = this.#context.settings
    const entry = this.#uploaded.get(segmentId(place))
    return entry?.bucket === bucket && entry.key === keys.segment(prefix, place) ? entry : undefined
  }

  /** The last segment before which all are uploaded. */
  #lastInARow(): SegmentPlace | undefined {
    if (this.#journal === undefined) return undefined
    const numbers = [...this.#uploaded.values()]
      .map(({ segment }) => segment)
      .filter(segment => this.#find(segment) !== undefined)
      .sort((a, b) => a - b)
    let last: number | undefined
    for (const segment of new Set(numbers)) {
      if (last !== undefined && segment !== last + 1) break
      last = segment
    }
    return last === undefined ? undefined : this.#place(this.#journal, last)
  }

  #place(journal: string, segment: number): SegmentPlace {
    return { journal, lane: this.#lane, segment }
  }
}
