import type { Clock, Random } from '../core/clock.ts'
import type { CheckpointPorts } from './checkpoint/ports.ts'
import type { JournalFiles } from './files.ts'
import { MAX_EVENT_BYTES } from './frame.ts'
import { roomToSeal } from './seal/event.ts'
import type { SealPorts } from './seal/sealer.ts'

/** Timers, as a parameter. Returns what cancels it. */
export type After = (delayMs: number, run: () => void) => () => void

/** What the journal needs of the world. */
export interface JournalPorts {
  readonly files: JournalFiles
  readonly clock: Clock
  readonly random: Random
  readonly after: After
  /**
   * Runs something when all that has come by now was looked at: decisions that are appended until then share one write. Absent:
   * at once.
   */
  readonly soon?: (run: () => void) => void
  /** Absent: a journal without checkpoints. */
  readonly checkpoints?: CheckpointPorts
  /** Gives what is sealed with, once the lane is this process's; absent: what is recorded lies there as it is. */
  readonly seal?: () => Promise<SealPorts>
}

export interface JournalOptions {
  /** `data/journal` */
  readonly folder: string
  /** 0 to 99; each process has its own. */
  readonly lane: number
  /** `fsync` (default): an event that was acknowledged survives a power cut. `os`: it survives the process. */
  readonly durability?: 'fsync' | 'os'
  /** Default 64 MiB. */
  readonly segmentBytes?: number
  /** A segment with events gets a successor after so long, though nothing comes any more. Default: by size alone. */
  readonly segmentAgeMs?: number
  /**
   * Whether the last segment gets its successor when the journal is closed, so that it can be uploaded: a machine that is
   * not needed any more may take its disk with it. Default: no.
   */
  readonly sealOnClose?: boolean
  /** Longest event; parameters are cut to fit. Default 256 KiB, at most 1 MiB less an envelope. */
  readonly eventBytes?: number
  /** Most bytes that wait to be written; beyond it `append` rejects with `overloaded`. Default 64 MiB. */
  readonly queueBytes?: number
  /** How long an outcome waits for a decision to share its write with. Default 25 ms. */
  readonly outcomeDelayMs?: number
}

const MEBIBYTE = 1024 * 1024
const DEFAULTS = {
  durability: 'fsync',
  segmentBytes: 64 * MEBIBYTE,
  segmentAgeMs: Number.POSITIVE_INFINITY,
  sealOnClose: false,
  eventBytes: MEBIBYTE / 4,
  queueBytes: 64 * MEBIBYTE,
  outcomeDelayMs: 25,
} as const

/** The options with what is left out, and with an event that fits into a frame, sealed or not. */
export function settingsOf(options: JournalOptions, sealed: boolean): Required<JournalOptions> {
  const settings = { ...DEFAULTS, ...options }
  const longest = sealed ? roomToSeal(MAX_EVENT_BYTES) : MAX_EVENT_BYTES
  return { ...settings, eventBytes: Math.min(settings.eventBytes, longest) }
}
