import { type CheckpointedDisk, checkpointedDisk, settle } from '../checkpoint/checkpoint.fixture.ts'
import type { Journal, JournalEvent } from '../event.ts'
import { allowed, ended, STARTED_MS, steadyRandom } from '../journal.fixture.ts'
import { MemoryFiles } from '../memory-files.ts'
import type { JournalSource } from '../read.ts'
import { layout, segmentNumbers } from '../segment.ts'
import { createRetention, type Retention, type RetentionOptions } from './retention.ts'

export const HOUR_MS = 3_600_000

/** A call of a session that is over: an event and its end. */
export function call(id: string, sessionId: string, timeMs: number): readonly JournalEvent[] {
  return [
    { ...allowed(id, timeMs), sessionId },
    { ...ended(id, timeMs), sessionId },
  ]
}

/** A journal of some lanes on one disk in memory, with retention beside it. */
export interface RetainedDisk {
  readonly files: MemoryFiles
  readonly source: JournalSource
  readonly lanes: readonly CheckpointedDisk[]
  readonly journals: Journal[]
  nowMs: number
  /** A job as a process that was just started has it. */
  retention(options?: Partial<RetentionOptions>): Retention
  /** Runs rounds until there is nothing to do, and makes the checkpoints that are due in between. */
  settleDown(job: Retention, mostRounds?: number): Promise<void>
  /** Has checkpoints made of what is there. */
  catchUp(): Promise<void>
  segments(lane?: number): Promise<readonly number[]>
}

export async function retainedDisk(
  lanes: readonly number[] = [0],
  { segmentBytes = 900, events = 3 }: { readonly segmentBytes?: number; readonly events?: number } = {},
  files: MemoryFiles = new MemoryFiles(),
): Promise<RetainedDisk> {
  const disks = lanes.map(lane => checkpointedDisk({ lane, segmentBytes, events }, files))
  const journals: Journal[] = []
  for (const disk of disks) journals.push(await disk.open({ everyMs: 1_000 }))
  const [first] = disks
  if (first === undefined) throw new Error('no lane')
  let seed = 0
  const retained: RetainedDisk = {
    files,
    source: first.source,
    lanes: disks,
    journals,
    nowMs: STARTED_MS,
    retention: options =>
      createRetention({
        ...first.source,
        rules: { ageMs: HOUR_MS },
        keys: first.keys,
        writes: () => true,
        clock: { now: () => retained.nowMs },
        random: steadyRandom(`retention ${seed++}`),
        append: async event => journals[0]?.append(event),
        ...options,
      }),
    async settleDown(job, mostRounds = 60) {
      const { signal } = new AbortController()
      for (let round = 0; round < mostRounds; round++) {
        await retained.catchUp()
        if ((await job.round(signal)) === 60_000) return
      }
      throw new Error(`more than ${mostRounds} rounds`)
    },
    async catchUp() {
      // Signatures take threads of their own, which the clock does not wait for.
      for (let turn = 0; turn < 3; turn++) {
        await settle()
        for (const disk of disks) await disk.pass(1_000)
      }
    },
    async segments(lane = 0) {
      return segmentNumbers(await files.list(layout.lane(first.source.folder, lane)))
    },
  }
  return retained
}

/** Adds calls, one of each session after the other. */
export async function record(
  journal: Journal | undefined,
  count: number,
  {
    session = 'S',
    timeMs = STARTED_MS,
    name = 'c',
  }: { session?: string; timeMs?: number; name?: string } = {},
): Promise<void> {
  for (let i = 0; i < count; i++) {
    for (const event of call(`${name}${i}`, session, timeMs)) await journal?.append(event)
  }
}
