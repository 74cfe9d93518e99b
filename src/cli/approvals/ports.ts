import type { Clock } from '../../core/clock.ts'

/** One HTTP call, as the platform's `fetch` makes it. */
export type Fetch = (
  url: string,
  init: {
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly body?: string
    /** The token is for the gate alone: whoever it refers us to does not get it. */
    readonly redirect: 'error'
    readonly signal: AbortSignal
  },
) => Promise<Response>

/** What `sallyport approvals` and `sallyport request` take from outside. */
export interface ApprovalsPorts {
  readonly fetch: Fetch
  readonly clock: Clock
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The text of a small file. Rejects with the file system's errors. */
  readonly readFile: (path: string) => Promise<string>
  /** The user's own folder. */
  readonly home: string
  /** Where a configuration says that its admin address is. Rejects with `config-invalid`. */
  readonly adminUrl: (configPath: string) => Promise<string>
  /** Asks on the terminal; undefined where nobody sits at one. */
  readonly ask: ((question: string) => Promise<string>) | undefined
  readonly out: (text: string) => Promise<void>
  readonly err: (text: string) => void
  /** Whether `out` goes to a terminal that wants colours. */
  readonly colored: boolean
  readonly sleep: (delayMs: number) => Promise<void>
  /** Aborted when the user has seen enough. */
  readonly stopped: AbortSignal
}
