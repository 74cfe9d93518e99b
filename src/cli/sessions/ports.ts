import type { ApiFacts } from '../../record/export/facts.ts'
import type { JournalFiles } from '../../record/files.ts'
import type { Terminal } from './terminal.ts'

/** What `sallyport sessions` takes from outside. */
export interface SessionsPorts {
  readonly files: JournalFiles
  /** The data folder that a configuration file names. Throws `config-invalid`. */
  readonly dataFolder: (configPath: string) => Promise<string>
  /** Resolves when there is room for more, so that a long recording is never held in memory. */
  readonly out: (text: string) => Promise<void>
  readonly err: (text: string) => void
  /** Whether `out` goes to a terminal that wants colours. */
  readonly colored: boolean
  readonly sleep: (delayMs: number) => Promise<void>
  readonly terminal: Terminal
  /** What the catalog says of calls, for `export`. */
  readonly facts: ApiFacts
}
