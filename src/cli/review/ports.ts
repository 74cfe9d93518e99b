import type { JournalFiles } from '../../record/files.ts'
import type { KeyFinder } from '../../record/seal/ports.ts'

/** A statement of a role's policies, as a review looks at it. */
export interface ReviewedStatement {
  /** As the journal names them. */
  readonly policy: string
  readonly statement: string
  readonly effect: 'Allow' | 'Deny' | 'RequireApproval' | 'Mask'
  /** Actions of the catalog that it is about, in AWS's spelling; those it names that AWS has not, as written. */
  readonly actions: readonly string[]
  /** It reads `NotAction`, so that its actions are all others. */
  readonly allBut: boolean
}

/** A role of the configuration. */
export interface ReviewedRole {
  readonly roleArn: string
  readonly statements: readonly ReviewedStatement[]
}

/** What `sallyport review` takes from outside. */
export interface ReviewPorts {
  readonly files: JournalFiles
  /** The data folder and the roles of a configuration. Throws `config-invalid`. */
  readonly configuration: (path: string) => Promise<{
    readonly data: string
    readonly roles: readonly ReviewedRole[]
    /** What opens what is sealed in the data folder. */
    readonly keys?: KeyFinder | undefined
  }>
  /** Access level of an action: `Write`, `Permissions management`, …; undefined where nobody knows. */
  readonly accessLevel: (action: string) => string | undefined
  readonly out: (text: string) => Promise<void>
  readonly err: (text: string) => void
  /** Writes a file anew, for its owner alone. */
  readonly writeFile: (path: string, text: string) => Promise<void>
  readonly colored: boolean
  /** Of the terminal; undefined where `out` is none. */
  readonly columns: number | undefined
  /** Time now, ms since the epoch. */
  readonly now: () => number
}
