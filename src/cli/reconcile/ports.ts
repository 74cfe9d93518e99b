import type { JournalFiles } from '../../record/files.ts'
import type { TrailFile } from '../../record/reconcile/trail-file.ts'
import type { KeyFinder } from '../../record/seal/ports.ts'

/** What a configuration says that reconciling needs. */
export interface ConfiguredGate {
  /** The data folder. */
  readonly data: string
  /** What opens what is sealed in it. */
  readonly keys?: KeyFinder | undefined
  /** ARNs of the real roles that leases are of. */
  readonly roles: readonly string[]
}

/** Where Event history is asked for. */
export interface LookupPlace {
  readonly region: string
  readonly endpoint?: string
  readonly profile?: string
}

/** What `sallyport reconcile` takes from outside. */
export interface ReconcilePorts {
  readonly files: JournalFiles
  /** Throws `config-invalid`. */
  readonly gate: (configPath: string) => Promise<ConfiguredGate>
  /** The files of events at a path: itself, or all in a folder. Calls `skip` for each that is passed over. */
  readonly trailFiles: (path: string, skip: () => void) => AsyncIterable<TrailFile>
  /** Event history of a region, as a file that is asked for while it is read. */
  readonly lookup: (place: LookupPlace, span: { sinceMs: number; untilMs: number }) => TrailFile
  /** What the environment says, where `--region` does not. */
  readonly region: string | undefined
  readonly now: () => number
  readonly out: (text: string) => Promise<void>
  readonly err: (text: string) => void
  /** Whether `out` goes to a terminal that wants colours. */
  readonly colored: boolean
}
