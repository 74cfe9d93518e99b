import type { Redacted } from '../core/redacted.ts'
import type { Address } from './address.ts'
import type { OwnAws } from './model-record.ts'

/** How the gate proves at a database who it is. */
export type TargetAuth =
  /** A token of RDS for IAM authentication, signed with the lease of the client's role. */
  | { readonly kind: 'iam' }
  /** A secret in AWS Secrets Manager: JSON with `username` and `password`, as RDS makes them; read with the gate's own credentials. */
  | { readonly kind: 'secret'; readonly arn: string; readonly own: OwnAws }
  /** The password, from a variable of the environment or a file. */
  | { readonly kind: 'password'; readonly password: Redacted }

export type TargetTls =
  /** Beyond loopback for tests alone. */
  | { readonly kind: 'none' }
  | {
      readonly kind: 'verified'
      /** Who may have signed the server's certificate: those of the machine, those of RDS, or these. */
      readonly authorities: 'system' | 'rds' | { readonly pem: string }
      /** The name in the certificate, where it is not the host's. */
      readonly name?: string
    }

/** A database that clients reach by the gate. */
export interface TargetConfig {
  /** As clients say it in the place of the database's name, and as resources name it. */
  readonly name: string
  readonly engine: 'postgres' | 'mysql'
  readonly host: string
  readonly port: number
  /** The database in the server. */
  readonly database: string
  /** Of the instance, in resources and for tokens; may be empty. */
  readonly region: string
  readonly account: string
  /** Whom the gate logs in as; with a secret that names one, absent. */
  readonly user?: string
  /** Another user for the clients of a role: its ARN -> the user. With `iam` and a password alone. */
  readonly users: ReadonlyMap<string, string>
  readonly tls: TargetTls
  readonly auth: TargetAuth
  /** Clients of it at once, in one process. */
  readonly clients: number
  /** Comments that every server of MySQL executes (`/*!40101 …`, of versions up to 5.0.99) are read, as dumps have them. */
  readonly readsVersionComments: boolean
}

/** Where clients of databases come to the gate. */
export interface DatabasesConfig {
  /** Absent: nobody can come with that engine's protocol. */
  readonly postgres?: Address
  readonly mysql?: Address
  /** PEM of the authorities whose certificates clients may come with, and how these name roles. */
  readonly clientCertificates?: {
    readonly ca: string
    /** The issuer's name, in trust policies and in what is recorded. */
    readonly issuer: string
  }
  /** LOAD DATA LOCAL INFILE of MySQL. */
  readonly localInfile: boolean
  /** What clients of MySQL take the server for, whatever stands behind: printable ASCII. Absent: the gate's own. */
  readonly mysqlVersion?: string
  /** How long a client may take to be let in, and the longest that one may be connected without a statement, ms. */
  readonly greetingMs: number
  readonly idleMs: number
}
