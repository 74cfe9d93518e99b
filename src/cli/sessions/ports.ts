import type { Clock, Random } from '../../core/clock.ts'
import type { KmsKey } from '../../record/checkpoint/key-file.ts'
import type { RemoteKey } from '../../record/checkpoint/keys-signer.ts'
import type { ApiFacts } from '../../record/export/facts.ts'
import type { JournalFiles } from '../../record/files.ts'
import type { JournalSource } from '../../record/read.ts'
import type { KeyFinder } from '../../record/seal/ports.ts'
import type { Terminal } from './terminal.ts'

/** What rotating the journal's key takes from outside. */
export interface RotatePorts {
  readonly clock: Clock
  readonly random: Random
  /** The key in KMS that a configuration names; undefined where it names none. Throws `config-invalid`. */
  readonly configured: (configPath: string) => Promise<RemoteKey | undefined>
  /** A key in KMS. */
  readonly remote: (kms: KmsKey) => RemoteKey
}

/** What `sallyport sessions` takes from outside. */
export interface SessionsPorts {
  readonly files: JournalFiles
  /** The data folder that a configuration file names. Throws `config-invalid`. */
  readonly dataFolder: (configPath: string) => Promise<string>
  /** What opens what is sealed, as a configuration says; undefined where it seals nothing. Throws `config-invalid`. */
  readonly contentKeys?: (configPath: string) => Promise<KeyFinder | undefined>
  /** Resolves when there is room for more, so that a long recording is never held in memory. */
  readonly out: (text: string) => Promise<void>
  readonly err: (text: string) => void
  /** Whether `out` goes to a terminal that wants colours. */
  readonly colored: boolean
  readonly sleep: (delayMs: number) => Promise<void>
  readonly terminal: Terminal
  /** What the catalog says of calls, for `export`. */
  readonly facts: ApiFacts
  /** Who is at the keyboard, for commands that change something; absent: they cannot be given here. */
  readonly operator?: {
    /** Of the operating system. */
    readonly user: () => string
    readonly newId: () => string
    readonly now: () => number
  }
  /** What an index of the journal needs; absent: searches go through its segments. */
  readonly index?: {
    readonly random: Random
    /** 32 bytes that seal it; undefined where the journal is not sealed. Rejects with `master-key-unavailable`. */
    readonly key: (place: {
      readonly data: string | undefined
      readonly config: string
    }) => Promise<Buffer | undefined>
  }
  /** What rotating the journal's key needs; absent: it cannot be rotated here. */
  readonly rotate?: RotatePorts
  /**
   * Writes a segment as a Parquet file in place of what was there, and gives the number of its rows. Rejects with
   * `segment-missing`, `journal-corrupt`.
   */
  readonly parquet?: (source: JournalSource, lane: number, segment: number, path: string) => Promise<number>
}
