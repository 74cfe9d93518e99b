import type { Principal } from '../../core/principal.ts'
import type { Redacted } from '../../core/redacted.ts'

/** How the gate proves at a database who it is; `config/` reads it, and describes each member. */
export type DatabaseAuth =
  | { readonly kind: 'iam' }
  | { readonly kind: 'secret'; readonly arn: string; readonly own: OwnCredentials }
  | { readonly kind: 'password'; readonly password: Redacted }

/** Where the gate's own credentials come from, and where they are used. */
export interface OwnCredentials {
  readonly region: string
  readonly endpoint?: string
  readonly profile?: string
}

/** A database, as far as logging in there is concerned. */
export interface LoginTarget {
  readonly name: string
  readonly engine: 'postgres' | 'mysql'
  readonly host: string
  readonly port: number
  readonly region: string
  readonly account: string
  readonly user?: string
  /** ARN of a role -> the user for its clients. */
  readonly users: ReadonlyMap<string, string>
  readonly auth: DatabaseAuth
}

/** As whom the gate logs in for one client. */
export interface Login {
  readonly user: string
  /** A token is made anew at each call; rejects with `lease-…`. */
  password(): Promise<Redacted>
}

export interface DatabaseLogin {
  /** As whom to log in for the principal. Rejects with `lease-…`, `database-secret-unavailable`, `database-secret-invalid`. */
  login(principal: Principal): Promise<Login>
  /**
   * Logs in by `open`. Where the server refuses, and the secret turns out to have been rotated meanwhile, once more with the
   * new one. Rejects with what `open` and `login` reject with.
   */
  connect<T>(principal: Principal, open: (login: Login) => Promise<T>): Promise<T>
}
