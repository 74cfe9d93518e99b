import { ManualClock } from '../../core/clock.ts'
import type { Journal, JournalEvent } from '../event.ts'
import { allowed, STARTED_MS, steadyRandom } from '../journal.fixture.ts'
import { type JournalOptions, openJournal } from '../journal.ts'
import { MemoryFiles } from '../memory-files.ts'
import type { JournalSource } from '../read.ts'
import type { SignedCheckpoint } from './checkpoint.ts'
import type { KeyFiles } from './key-file.ts'
import { openFileSigner } from './keys-signer.ts'
import { readCheckpoints } from './lane-file.ts'
import type { CheckpointPorts } from './ports.ts'
import { byId, type CheckpointSigner, type PublicKeys } from './signer.ts'

/** Files of keys in memory. */
export function memoryKeyFiles(files: Map<string, string> = new Map()): KeyFiles {
  return {
    facts: path => (files.has(path) ? { mode: 0o600, folderMode: 0o700 } : undefined),
    read: path => files.get(path) ?? '',
    makeFolder: () => undefined,
    create(path, text) {
      if (files.has(path)) return false
      files.set(path, text)
      return true
    },
  }
}

/** A signer with a key that is the same in every run. */
export function testSigner(seed = 'signer'): CheckpointSigner {
  const clock = new ManualClock(STARTED_MS)
  const signer = openFileSigner({
    path: 'k/journal.json',
    files: memoryKeyFiles(),
    clock,
    random: steadyRandom(seed),
  })
  const { keyId, publicKey } = signer
  return { keyId, publicKey, sign: bytes => signer.sign(bytes) }
}

export interface CheckpointedDisk {
  readonly files: MemoryFiles
  readonly source: JournalSource
  readonly clock: ManualClock
  readonly keys: PublicKeys
  readonly reports: (string | undefined)[]
  open(ports?: Partial<CheckpointPorts>): Promise<Journal>
  checkpoints(lane?: number): Promise<SignedCheckpoint[]>
  /** How long until the next timer, ms. */
  due(): number | undefined
  /** Runs what is due when this much time goes by. */
  pass(ms: number): Promise<void>
}

export interface DiskOptions extends Partial<JournalOptions> {
  /** Most events that a checkpoint covers. */
  readonly events?: number
}

/** A journal with checkpoints, in memory, whose time a test moves. */
export function checkpointedDisk(
  { events = 4, ...options }: DiskOptions = {},
  files: MemoryFiles = new MemoryFiles(),
): CheckpointedDisk {
  const source = { files, folder: 'journal' }
  const clock = new ManualClock(STARTED_MS)
  const timers = new Set<{ readonly dueMs: number; readonly run: () => void }>()
  const after = (delayMs: number, run: () => void): (() => void) => {
    const timer = { dueMs: clock.now() + delayMs, run }
    timers.add(timer)
    return () => void timers.delete(timer)
  }
  const signer = testSigner()
  const reports: (string | undefined)[] = []
  const settings = { folder: source.folder, lane: 0, ...options }
  return {
    files,
    source,
    clock,
    reports,
    keys: byId([signer.publicKey]),
    open: ports => {
      const checkpoints = { signer, events, report: (why: string | undefined) => reports.push(why), ...ports }
      return openJournal(settings, { files, clock, after, random: steadyRandom('journal'), checkpoints })
    },
    async checkpoints(lane = settings.lane) {
      const found: SignedCheckpoint[] = []
      for await (const { reading } of readCheckpoints(files, source.folder, lane)) {
        if (typeof reading !== 'string') found.push(reading)
      }
      return found
    },
    due: () =>
      timers.size === 0 ? undefined : Math.min(...[...timers].map(({ dueMs }) => dueMs)) - clock.now(),
    async pass(ms) {
      clock.advance(ms)
      for (const timer of [...timers]) {
        if (timer.dueMs > clock.now()) continue
        timers.delete(timer)
        timer.run()
      }
      await settle()
    },
  }
}

/** Lets everything that can happen without time happen; a signature takes a thread of its own. */
export async function settle(): Promise<void> {
  await eventually(async () => true, 8)
}

/** Waits for something that needs no time of the clock, for as long as the machine takes. */
export async function eventually(holds: () => Promise<boolean>, atLeast = 0): Promise<void> {
  for (let turn = 0; turn < atLeast || !(await holds()); turn++) {
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}

/** Appends so many events, one after another. */
export async function fill(journal: Journal, count: number, name = 'e'): Promise<void> {
  for (let i = 0; i < count; i++) await journal.append(allowed(`${name}${i}`))
}

/** An event of about this many bytes. */
export function long(id: string, bytes: number): JournalEvent {
  return { ...allowed(id), userAgent: 'x'.repeat(bytes) }
}
