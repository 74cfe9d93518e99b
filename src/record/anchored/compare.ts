import { hash } from 'node:crypto'
import { GateError } from '../../core/errors.ts'
import { encodeCheckpoint, type SignedCheckpoint } from '../checkpoint/checkpoint.ts'
import { checkpointLanes, readCheckpoints } from '../checkpoint/lane-file.ts'
import { HASH_BYTES } from '../checkpoint/merkle.ts'
import type { JournalSource } from '../read.ts'
import { type AnchoredLine, anchoredLines, anchorFiles } from './files.ts'

/** An anchored checkpoint that is not in the journal. */
export interface AnchorFault {
  readonly lane: number
  /** Number of the checkpoint, and of the events that it covers. */
  readonly checkpoint: number
  readonly first: number
  readonly last: number
  /** Prose. */
  readonly reason: string
  /** Where it is anchored. */
  readonly path: string
  readonly line: number
}

/** How far a lane is anchored. */
export interface AnchoredLane {
  readonly lane: number
  /** The journal id, hex. */
  readonly journal: string
  /** Checkpoints that are anchored and in the journal, to the letter. */
  readonly checkpoints: number
  /** The last one of them, and the last event that it covers. */
  readonly upTo: number
  readonly lastEvent: number
  /** How many before the last one the anchor does not have. */
  readonly unanchored: number
}

export interface AnchorReport {
  readonly whole: boolean
  readonly lanes: readonly AnchoredLane[]
  /** The first of them. */
  readonly faults: readonly AnchorFault[]
  /** How many there are. */
  readonly faultCount: number
  /** Lines that are no checkpoints: a crash, or somebody else, has left them. */
  readonly unreadable: number
}

/** Faults that are told one by one. */
const MOST_FAULTS = 100

/**
 * Compares a journal with what was anchored of it: every anchored checkpoint must be in the journal, to the letter.
 * Together with `verifyJournal`, which holds the journal's checkpoints against its events, this finds what was removed or
 * rewritten even by somebody who has the signing key, up to the last anchored checkpoint. Throws `anchor-unreadable` if
 * there is no checkpoint at `path` at all.
 */
export async function compareAnchored(source: JournalSource, path: string): Promise<AnchorReport> {
  // What is anchored is listed first: a live gate may anchor more while the journal is read.
  const files = await anchorFiles(source.files, path)
  const lanes = new Map<number, LaneIndex>()
  for (const lane of await checkpointLanes(source)) lanes.set(lane, await LaneIndex.read(source, lane))
  const faults: AnchorFault[] = []
  let faultCount = 0
  let unreadable = 0
  for (const file of files) {
    for await (const anchored of anchoredLines(source.files, file)) {
      const { checkpoint } = anchored
      if (checkpoint === undefined) unreadable++
      else {
        const fault = faultOf(anchored, checkpoint, lanes)
        if (fault !== undefined && faultCount++ < MOST_FAULTS) faults.push(fault)
      }
    }
  }
  const reports = [...lanes.values()].flatMap(index => index.report() ?? [])
  if (reports.length === 0 && faultCount === 0) {
    throw new GateError('anchor-unreadable', `there is no anchored checkpoint at \`${path}\``)
  }
  return { whole: faultCount === 0, lanes: reports, faults, faultCount, unreadable }
}

function faultOf(
  { path, line, text }: AnchoredLine,
  checkpoint: SignedCheckpoint,
  lanes: ReadonlyMap<number, LaneIndex>,
): AnchorFault | undefined {
  const { lane, number, first, last } = checkpoint
  const index = lanes.get(lane)
  const reason = index === undefined ? 'the lane has no checkpoints here' : index.whyNot(checkpoint, text)
  return reason === undefined ? undefined : { lane, checkpoint: number, first, last, reason, path, line }
}

/** The hashes of a lane's checkpoint lines: 32 bytes each, for a journal of years has many. */
class LaneIndex {
  readonly #lane: number
  /** The journal id of the first line that is a checkpoint. */
  readonly #journal: string
  readonly #hashes: Buffer
  readonly #seen: Uint8Array
  #upTo = 0
  #lastEvent = 0

  private constructor(lane: number, journal: string, hashes: Buffer) {
    this.#lane = lane
    this.#journal = journal
    this.#hashes = hashes
    this.#seen = new Uint8Array(hashes.length / HASH_BYTES)
  }

  /** A line that is no checkpoint takes its place with zeros, which are no line's hash. */
  static async read({ files, folder }: JournalSource, lane: number): Promise<LaneIndex> {
    let journal = ''
    const pages: Buffer[] = []
    let page = Buffer.alloc(0)
    let count = 0
    for await (const { reading, ended } of readCheckpoints(files, folder, lane)) {
      if (!ended) break
      const at = (count % PAGE_LINES) * HASH_BYTES
      if (at === 0) {
        page = Buffer.alloc(PAGE_LINES * HASH_BYTES)
        pages.push(page)
      }
      count++
      if (typeof reading === 'string') continue
      page.set(lineHash(encodeCheckpoint(reading)), at)
      if (journal === '') journal = reading.journal
    }
    return new LaneIndex(lane, journal, Buffer.concat(pages).subarray(0, count * HASH_BYTES))
  }

  /** Why an anchored line is not this journal's; takes note of it if it is. */
  whyNot({ journal, number, last }: SignedCheckpoint, text: string): string | undefined {
    const at = (number - 1) * HASH_BYTES
    const isThere = number <= this.#seen.length
    if (!isThere || !this.#hashes.subarray(at, at + HASH_BYTES).equals(lineHash(text))) {
      if (journal !== this.#journal)
        return `it is of the journal \`${journal}\`, which has no checkpoints here`
      return isThere ? 'another one is anchored' : 'it is anchored, and missing in the journal'
    }
    this.#seen[number - 1] = 1
    if (number > this.#upTo) {
      this.#upTo = number
      this.#lastEvent = last
    }
    return undefined
  }

  /** Undefined where nothing of the lane is anchored. */
  report(): AnchoredLane | undefined {
    if (this.#upTo === 0) return undefined
    const checkpoints = this.#seen.reduce((sum, seen) => sum + seen, 0)
    return {
      lane: this.#lane,
      journal: this.#journal,
      checkpoints,
      upTo: this.#upTo,
      lastEvent: this.#lastEvent,
      unanchored: this.#upTo - checkpoints,
    }
  }
}

/** Lines whose hashes share a buffer. */
const PAGE_LINES = 4096

function lineHash(text: string): Buffer {
  return hash('sha256', Buffer.from(text, 'latin1'), 'buffer')
}
