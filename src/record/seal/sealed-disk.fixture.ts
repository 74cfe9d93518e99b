import { ManualClock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { Journal, JournalEvent } from '../event.ts'
import { STARTED_MS, steadyRandom } from '../journal.fixture.ts'
import { openJournal } from '../journal.ts'
import { MemoryFiles } from '../memory-files.ts'
import { type JournalSource, readJournal } from '../read.ts'
import { openBox, sealBox } from './box.ts'
import { openKeyFinder } from './key-finder.ts'
import { openLaneKeys } from './lane-keys.ts'
import type { MasterKey } from './ports.ts'
import type { SealPorts } from './sealer.ts'

/** A master key in memory; `gone`: as if it could not be reached. */
export function memoryMaster(seed = 'master'): MasterKey & { gone: boolean; asked: number } {
  const random = steadyRandom(seed)
  const key = random.bytes(32)
  const check = (): void => {
    master.asked++
    if (master.gone) throw new GateError('master-key-unavailable', 'the master key does not answer')
  }
  const master = {
    id: 'memory',
    gone: false,
    asked: 0,
    async wrap(plain: Buffer, context: string) {
      check()
      return sealBox(key, plain, Buffer.from(context), random)
    },
    async unwrap(wrapped: Buffer, context: string) {
      check()
      const plain = openBox(key, wrapped, Buffer.from(context))
      if (plain === undefined) throw new GateError('master-key-unavailable', 'it does not open')
      return plain
    },
  }
  return master
}

export const FOLDER = 'journal'

export interface SealedDisk {
  readonly files: MemoryFiles
  readonly clock: ManualClock
  readonly master: ReturnType<typeof memoryMaster>
  /** With keys. */
  readonly source: JournalSource
  open(lane?: number): Promise<Journal>
  /** As it was before it was encrypted. */
  openClear(): Promise<Journal>
  events(): Promise<JournalEvent[]>
}

/** An encrypted journal in memory; roles are tenants by the end of their names. */
export function sealedDisk(
  options: {
    readonly segmentBytes?: number
    readonly keysPerFile?: number
    readonly tenants?: readonly string[]
  } = {},
  files: MemoryFiles = new MemoryFiles(),
): SealedDisk {
  const clock = new ManualClock(STARTED_MS)
  const master = memoryMaster()
  const random = steadyRandom('sealed')
  const seals = { files, folder: FOLDER, master, clock, random }
  const source = { files, folder: FOLDER, keys: openKeyFinder(seals) }
  const { segmentBytes = 4_096, tenants = ['default'], keysPerFile } = options
  return {
    files,
    clock,
    master,
    source,
    async open(lane = 0) {
      const seal = async (): Promise<SealPorts> => {
        const keys = await openLaneKeys({ ...seals, lane, tenants, ...(keysPerFile && { keysPerFile }) })
        return { keys, tenantOf }
      }
      return openJournal(
        { folder: FOLDER, lane, segmentBytes, outcomeDelayMs: 0 },
        { files, clock, random, after: afterNoTime, seal },
      )
    },
    openClear: () =>
      openJournal({ folder: FOLDER, lane: 0, segmentBytes }, { files, clock, random, after: afterNoTime }),
    async events() {
      const events: JournalEvent[] = []
      for await (const { event } of readJournal(source)) events.push(event)
      return events
    },
  }
}

function tenantOf(roleArn: string | undefined): string {
  return roleArn === undefined || roleArn === '' ? 'default' : roleArn.slice(roleArn.lastIndexOf('/') + 1)
}

function afterNoTime(_delayMs: number, run: () => void): () => void {
  const timer = setImmediate(run)
  return () => clearImmediate(timer)
}
