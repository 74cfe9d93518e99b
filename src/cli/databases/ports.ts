import type { Redacted } from '../../core/redacted.ts'

export type Engine = 'postgres' | 'mysql'

/** Credentials of a gate, and the role that they are for. */
export interface ClientCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: Redacted
  readonly sessionToken: Redacted
  /** Name of the role, where whoever gave the credentials said it. */
  readonly role?: string
}

/** A target, as a configuration has it. */
export interface ConfiguredTarget {
  readonly name: string
  readonly engine: Engine
  readonly port: number
  readonly region: string
  /** Where clients of its engine reach the gate. */
  readonly gate?: { readonly host: string; readonly port: number }
  /** Whether the gate speaks TLS with clients. */
  readonly tls: boolean
}

/** Whom a token is for, and where. */
export interface TokenForm {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly region: string
}

/** A client of a database, ready to be run. */
export interface Invocation {
  readonly program: string
  readonly args: readonly string[]
  /** Beside the environment of this process. */
  readonly env: Readonly<Record<string, string>>
  /** The variable of the environment that the password goes into, so that no list of processes shows it. */
  readonly passwordIn: string
}

/** What `sallyport token` and `sallyport connect` take from outside. */
export interface DatabasePorts {
  readonly environment: Readonly<Record<string, string | undefined>>
  /**
   * Credentials of the gate: from the environment, or for its web identity token from the gate's STS at `endpoint`. Rejects with
   * `credentials-not-gate`, `gate-unreachable`, `gate-reply-unclear`, `token-unreadable`.
   */
  readonly credentials: (endpoint: string | undefined) => Promise<ClientCredentials>
  /** The name of the role of credentials, as the gate's STS tells it. Rejects as `credentials` does. */
  readonly roleOf: (credentials: ClientCredentials, endpoint: string | undefined) => Promise<string>
  readonly sign: (form: TokenForm, credentials: ClientCredentials) => Redacted
  /** A target of a configuration; undefined where it has none of the name. Rejects with `config-invalid`. */
  readonly target: (configPath: string, name: string) => Promise<ConfiguredTarget | undefined>
  /** The file of the authorities that this machine relies on; undefined where it has none in a place that is known. */
  readonly systemAuthorities: () => string | undefined
  /** The first line that a program says of its version; undefined where there is no such program. */
  readonly versionOf: (program: string) => Promise<string | undefined>
  /** Runs the program on this process's terminal until it ends. Gives its exit code. */
  readonly run: (invocation: Invocation, password: Redacted) => Promise<number>
  readonly out: (text: string) => Promise<void>
  readonly err: (text: string) => void
}
