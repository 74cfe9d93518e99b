import type { Context, Pair } from '../../core/decision.ts'
import type { Principal } from '../../core/principal.ts'
import type { PolicyLayer } from '../../policy/decide.ts'
import type { DocumentKind } from '../../policy/keys.ts'
import type { Problem } from '../../policy/problem.ts'

/** What a call asks for. */
export interface AskedPairs {
  readonly pairs: readonly Pair[]
  readonly context: Context
}

/** Who asks, as far as a recording tells it. */
export interface Asker {
  readonly issuer: string
  readonly subject: string
  readonly sourceIdentity?: string
  readonly actingFor: readonly string[]
  readonly clientAddress: string
}

/** A call that was recorded. */
export interface RecordedQuestion extends AskedPairs {
  readonly roleArn: string
  readonly asker: Asker
  /** What the answer may lack: parameters that were redacted or cut. */
  readonly note?: string
}

/** A role of a configuration: what limits it, and the keys of a session in it. */
export interface ExplainedRole {
  readonly principal: Principal
  readonly layers: readonly PolicyLayer[]
  /** Keys of the principal and of a connection, as far as they do not depend on who connects. */
  readonly context: Context
}

/** What the `policy` commands take from outside. */
export interface PolicyPorts {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Throws where there is no such file, or it is too long. */
  readonly readFile: (path: string) => string
  /** Everything that is wrong with a policy document. */
  readonly check: (source: { name: string; text: string }, kind: DocumentKind) => readonly Problem[]
  /** The roles of a configuration; throws `config-invalid`, `role-unknown` and errors of files. */
  readonly role: (configPath: string, roleArn: string, asker?: Asker) => Promise<ExplainedRole>
  /** A session of a role that no configuration has, for cases. */
  readonly roleWithout: (roleArn: string | undefined, layers: readonly PolicyLayer[]) => ExplainedRole
  /** What an `aws` command line, without `aws`, asks for. Throws `command-line-invalid`. */
  readonly interpret: (words: readonly string[], principal: Principal) => Promise<AskedPairs>
  /** A decision of the journal; throws `event-unknown`. */
  readonly findEvent: (configPath: string, id: string) => Promise<RecordedQuestion>
}
