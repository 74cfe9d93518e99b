import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { SIGN_TIMEOUT_MS } from '../checkpoint/checkpointer.ts'
import { byId, type CheckpointSigner, keyIdOf, type PublicKeys } from '../checkpoint/signer.ts'
import type { Journal, JournalEvent } from '../event.ts'
import type { Head } from '../head.ts'
import { allowed, ended, STARTED_MS, steadyRandom } from '../journal.fixture.ts'
import { openJournal } from '../journal.ts'
import type { After } from '../journal-options.ts'
import { MemoryFiles } from '../memory-files.ts'
import type { JournalSource } from '../read.ts'
import { layout, segmentNumbers } from '../segment.ts'
import { createRetention, type Retention, type RetentionOptions } from './retention.ts'

export const HOUR_MS = 3_600_000
const FOLDER = 'journal'
/** PKCS#8 of an Ed25519 key, but for its 32 bytes: RFC 8410, section 7. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Signs at once, with a key that is the same in every run. */
export function quickSigner(seed = 7): CheckpointSigner {
  const der = Buffer.concat([PKCS8, Buffer.alloc(32, seed)])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(key)
  return { keyId: keyIdOf(publicKey), publicKey, sign: async bytes => sign(null, bytes, key) }
}

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
  readonly keys: PublicKeys
  readonly journals: Journal[]
  nowMs: number
  /** A job as a process that was just started has it. */
  retention(options?: Partial<RetentionOptions>): Retention
  /** Runs rounds until there is nothing to do, and makes the checkpoints that are due in between. */
  settleDown(job: Retention, mostRounds?: number): Promise<void>
  /** A lane's head file. */
  headOf(lane: number): Head | undefined
  /** The processes that write the lanes have died, and others take their place. */
  reopen(): Promise<void>
  /** Has checkpoints made of what is there. */
  catchUp(): Promise<void>
  segments(lane?: number): Promise<readonly number[]>
}

export interface RetainedOptions {
  readonly segmentBytes?: number
  /** Most events in a checkpoint. */
  readonly events?: number
  /** Without checkpoints. */
  readonly unsigned?: boolean
}

export async function retainedDisk(
  lanes: readonly number[] = [0],
  { segmentBytes = 900, events = 3, unsigned = false }: RetainedOptions = {},
  files: MemoryFiles = new MemoryFiles(),
): Promise<RetainedDisk> {
  const signer = quickSigner()
  const keys = byId([signer.publicKey])
  let timers = new Set<() => void>()
  // The clock of the journals goes on with every look at it, so that heads and checkpoints are always due.
  let ticks = 0
  const clock = { now: () => STARTED_MS + ticks++ * 300 }
  let seed = 0
  const disk: RetainedDisk = {
    files,
    source: { files, folder: FOLDER },
    keys,
    journals: [],
    nowMs: STARTED_MS,
    retention: options =>
      createRetention({
        files,
        folder: FOLDER,
        rules: { ageMs: HOUR_MS },
        ...(unsigned ? {} : { keys }),
        writes: () => true,
        clock: { now: () => disk.nowMs },
        random: steadyRandom(`retention ${seed++}`),
        append: async event => {
          await disk.journals[0]?.append(event)
        },
        ...options,
      }),
    async settleDown(job, mostRounds = 60) {
      const { signal } = new AbortController()
      for (let round = 0; round < mostRounds; round++) {
        await disk.catchUp()
        if ((await job.round(signal)) === 60_000) return
      }
      throw new Error(`more than ${mostRounds} rounds`)
    },
    headOf: lane => headIn(files, lane),
    async reopen() {
      await turns()
      files.crash()
      timers = new Set()
      disk.journals.length = 0
      for (const lane of lanes) {
        const ports = { files, after: afterIn(timers), random: steadyRandom(`lane ${lane}`), clock }
        const checkpoints = { signer, events, everyMs: 1_000 }
        const settings = { folder: FOLDER, lane, segmentBytes }
        disk.journals.push(await openJournal(settings, { ...ports, ...(unsigned ? {} : { checkpoints }) }))
      }
    },
    async catchUp() {
      for (let turn = 0; turn < 4; turn++) {
        for (const timer of [...timers]) {
          timers.delete(timer)
          timer()
        }
        await turns()
      }
    },
    async segments(lane = 0) {
      return segmentNumbers(await files.list(layout.lane(FOLDER, lane)))
    },
  }
  await disk.reopen()
  return disk
}

function headIn(files: MemoryFiles, lane: number): Head | undefined {
  const path = layout.head(FOLDER, lane)
  return files.contents.has(path) ? (JSON.parse(files.bytes(path).toString()) as Head) : undefined
}

/** Timers that a test runs, when it likes. */
function afterIn(timers: Set<() => void>): After {
  return (delayMs, run) => {
    // Who waits for a signature is not hurried.
    if (delayMs === SIGN_TIMEOUT_MS) return () => undefined
    const timer = (): void => run()
    timers.add(timer)
    return () => void timers.delete(timer)
  }
}

/** Lets everything that can happen without time happen. */
async function turns(): Promise<void> {
  for (let i = 0; i < 15; i++) await setImmediate()
}

/** Adds calls, one after the other. */
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
    const [decision, outcome] = call(`${name}${i}`, session, timeMs)
    if (decision !== undefined) await journal?.append(decision)
    // It waits for somebody to share its write with.
    if (outcome !== undefined) journal?.append(outcome).catch(() => undefined)
  }
}
