import type { Clock, Random } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import { newId } from '../../core/id.ts'
import { blobLayout, readBlobName } from '../blobs/name.ts'
import type { PublicKeys } from '../checkpoint/signer.ts'
import type { RemovalEvent } from '../event.ts'
import { laneName, layout } from '../segment.ts'
import type { UploadedSegment } from '../uploaded.ts'
import { type ChooseOptions, Chooser, type RetentionRules, type Victim } from './choose.ts'
import { findRemoval } from './find.ts'
import { isRemoved, type JournalPlace, type PlacedRemoval, readHints, writeHints } from './hints.ts'
import { readHolds } from './holds.ts'
import { lastWord, newestFirst, voucherOf } from './removal.ts'
import { Sizes } from './sizes.ts'
import { isIn, statementsFor } from './statements.ts'
import {
  endsOf,
  type Home,
  type JournalState,
  type LaneState,
  SegmentBook,
  survey,
  without,
} from './survey.ts'

export interface RetentionOptions extends JournalPlace {
  readonly rules: RetentionRules
  /** The keys that checkpoints are signed with; absent: their signatures are not checked. */
  readonly keys?: PublicKeys
  /** Whether a process of this gate writes the lane, or may begin to: its last segment stays. */
  readonly writes: (lane: number) => boolean
  /** Where segments are uploaded to, `s3://BUCKET/PREFIX`: then only those go whose upload was verified. */
  readonly uploadedTo?: string
  /** Asks the bucket itself for a segment that was noted as uploaded; rejects where it has not got it. */
  readonly confirmUploaded?: (segment: UploadedSegment, signal: AbortSignal) => Promise<void>
  readonly clock: Clock
  readonly random: Random
  /** Appends an event to a lane of the gate; resolves when it is durable. */
  readonly append: (event: RemovalEvent) => Promise<void>
}

/** A job of the archivist: see `Job` of `src/archive/job.ts`. */
export interface Retention {
  readonly name: string
  round(signal: AbortSignal): Promise<number>
}

/** How long until there may be something to remove again. */
const IDLE_MS = 60_000
/** How long until a checkpoint may cover what was said, or until more can be removed. */
const WAITING_MS = 5_000
const BUSY_MS = 100

/**
 * Removes whole segments, the oldest first, by age and by size. A round does one of two things with what it has chosen:
 * it has the removal recorded, or, once that is proven by a checkpoint, it removes. So whenever it is killed, what is
 * missing is vouched for, and the next round goes on. Rounds reject, and nothing is removed, where holds cannot be read
 * or the journal does not hold.
 */
export function createRetention(options: RetentionOptions): Retention {
  const job = new RetentionJob(options)
  return { name: 'retention', round: signal => job.round(signal) }
}

class RetentionJob {
  readonly #options: RetentionOptions
  readonly #book: SegmentBook
  readonly #sizes: Sizes
  readonly #chooser: Chooser

  constructor(options: RetentionOptions) {
    this.#options = options
    this.#book = new SegmentBook(options)
    this.#sizes = new Sizes(options)
    this.#chooser = new Chooser(options, this.#book, this.#sizes)
  }

  async round(signal: AbortSignal): Promise<number> {
    const { rules, keys, clock, uploadedTo, confirmUploaded } = this.#options
    const holds = await readHolds(this.#options)
    const state = await survey(this.#options, this.#book, keys)
    await this.#removeBodies(state)
    if (rules.ageMs === undefined && rules.bytes === undefined) return IDLE_MS
    const choice: ChooseOptions = {
      rules,
      nowMs: clock.now(),
      holds,
      keys,
      uploadedTo,
      confirmUploaded: confirmUploaded && (segment => confirmUploaded(segment, signal)),
      writes: this.#options.writes,
    }
    const victims = worthIt(state, await this.#chooser.choose(state, choice))
    if (signal.aborted) return IDLE_MS
    const removed = await this.#removeProven(state, victims, choice, signal)
    if (removed > 0) return BUSY_MS
    const statements = await statementsFor(state, victims, this.#book, {
      nowMs: clock.now(),
      kept: uploadedTo,
    })
    if (statements.length > 0) {
      await this.#record(state, statements, signal)
      return BUSY_MS
    }
    if (victims.length > 0) return WAITING_MS
    await this.#forget(state)
    return IDLE_MS
  }

  /** Has it recorded what is to be removed, and notes where. */
  async #record(
    state: JournalState,
    statements: readonly Omit<RemovalEvent, 'id'>[],
    signal: AbortSignal,
  ): Promise<void> {
    const { append, clock, random } = this.#options
    const hints = new Map(state.lanes.map(({ lane, hints: known }) => [lane, known]))
    for (const statement of statements) {
      if (signal.aborted) return
      const { type, ...rest } = statement
      const event: RemovalEvent = { type, id: newId(clock, random), ...rest }
      await append(event)
      const at = await findRemoval(this.#options, event.id)
      if (at === undefined) {
        throw new GateError(
          'removal-blocked',
          `the removal \`${event.id}\` was recorded and is not in any lane`,
        )
      }
      const known = newestFirst([{ ...event, at }, ...(hints.get(event.lane) ?? [])], event.lane)
      hints.set(event.lane, known)
      const lane = state.lanes.find(each => each.lane === event.lane)
      if (lane !== undefined)
        await writeHints(this.#options, event.lane, await this.#stillSaying(lane, known, state.proven))
    }
  }

  /** Of what was said of a lane, what still says something: so there are never more than its gaps ask for. */
  async #stillSaying(
    lane: LaneState,
    hints: readonly PlacedRemoval[],
    proven: JournalState['proven'],
  ): Promise<readonly PlacedRemoval[]> {
    const ends = await endsOf(this.#book, lane, hints)
    const sure = hints.filter(hint => proven.has(hint))
    const vouchers = new Set(
      lane.gaps.flatMap(gap => [sure, hints].map(known => voucherOf(gap, known, ends))),
    )
    return hints.filter((hint, at) => vouchers.has(hint) || !isCoveredBy(hint, hints.slice(0, at)))
  }

  /** Forgets what says nothing any more. */
  async #forget({ lanes, proven }: JournalState): Promise<void> {
    for (const lane of lanes) {
      const known = await readHints(this.#options, lane.lane)
      const still = await this.#stillSaying(lane, lane.hints, proven)
      if (still.length < known.length) await writeHints(this.#options, lane.lane, still)
    }
  }

  /** Removes what may go, one segment after the other; gives how many went. */
  async #removeProven(
    before: JournalState,
    victims: readonly Victim[],
    choice: ChooseOptions,
    signal: AbortSignal,
  ): Promise<number> {
    let state = before
    let removed = 0
    for (const { facts } of victims) {
      if (signal.aborted) break
      const lane = state.lanes.find(each => each.lane === facts.lane)
      if (lane === undefined) continue
      const next = { ...state, lanes: state.lanes.map(each => (each === lane ? without(lane, facts) : each)) }
      if (!(await this.#isVouchedFor(next, facts.lane, facts.segment))) continue
      // What may have changed since it was chosen.
      const now = { ...choice, holds: await readHolds(this.#options) }
      if (!(await this.#chooser.mayGo(lane, facts, now, 'remove'))) continue
      if (!(await this.#remove(lane, facts.segment))) continue
      state = next
      removed++
    }
    if (removed > 0) await this.#removeBodies(state)
    return removed
  }

  /** Whether, without this segment, a proven removal vouches for each gap, and none was proven by this segment. */
  async #isVouchedFor({ lanes, proven }: JournalState, goneLane: number, gone: number): Promise<boolean> {
    const isSafe = (home: Home | undefined): boolean => home !== undefined && !isIn(home, goneLane, gone)
    for (const { lane, present, gaps, hints } of lanes) {
      const sure = hints.filter(hint => proven.has(hint))
      const ends = await endsOf(this.#book, { lane, present, gaps }, sure)
      for (const gap of gaps) {
        const voucher = voucherOf(gap, sure, ends)
        if (voucher === undefined || !isSafe(proven.get(voucher))) return false
      }
      // What was withdrawn must stay withdrawn.
      for (const segment of present) {
        const word = lastWord(hints, segment)
        if (word?.why === 'withdrawn' && !isSafe(proven.get(word))) return false
      }
    }
    return true
  }

  async #remove({ lane, present }: LaneState, segment: number): Promise<boolean> {
    const { files, folder } = this.#options
    // Nobody may begin to write a lane while its last segment goes.
    const lock = segment === present.at(-1) ? await files.lock(layout.lock(folder, lane)) : undefined
    if (segment === present.at(-1) && lock === undefined) return false
    try {
      await files.remove(layout.segment(folder, lane, segment))
      await files.syncFolder(layout.lane(folder, lane))
    } finally {
      lock?.release()
    }
    this.#book.forget(lane, segment)
    this.#sizes.forget(lane, segment)
    return true
  }

  /** Removes the bodies of segments that are gone: after them, so that none is missing where an event names it. */
  async #removeBodies({ lanes }: JournalState): Promise<void> {
    const { files, folder } = this.#options
    for (const { lane, present, hints } of lanes) {
      for (const name of await files.list(blobLayout.lane(folder, lane))) {
        const segment = /^\d{10}$/.test(name) ? Number(name) : undefined
        if (segment === undefined || present.includes(segment) || !isRemoved(hints, segment)) continue
        const bodies = blobLayout.segment(folder, lane, segment)
        const names = await files.list(bodies)
        // Whoever put a link in the place of the folder shall not have anything else removed there than bodies.
        const own = names.filter(body => readBlobName(`${laneName(lane)}/${name}/${body}`) !== undefined)
        for (const body of own) await files.remove(`${bodies}/${body}`)
        if (own.length === names.length) await files.removeFolder(bodies)
      }
    }
  }
}

/**
 * Where nothing but segments with removals in them is to go for its size, it stays: these would only be said again, and
 * with segments that are as short as what is said, there would be no end to that.
 */
function worthIt({ proven }: JournalState, victims: readonly Victim[]): readonly Victim[] {
  const homes = [...proven.values()]
  const isIdle = victims.every(({ why, facts: { lane, segment } }) => {
    return why === 'size' && homes.some(home => isIn(home, lane, segment))
  })
  return isIdle ? [] : victims
}

/** Whether all that a removal speaks of is spoken of by these. */
function isCoveredBy({ segments: [first, last] }: RemovalEvent, newer: readonly RemovalEvent[]): boolean {
  let from = first
  for (;;) {
    if (from > last) return true
    const next = newer.find(({ segments }) => segments[0] <= from && from <= segments[1])
    if (next === undefined) return false
    from = next.segments[1] + 1
  }
}
