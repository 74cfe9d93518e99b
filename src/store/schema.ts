import type { Kysely, Transaction } from 'kysely'
import type { RequestState } from '../grants/model.ts'

/**
 * The tables of the store, the same in SQLite and PostgreSQL. Times are milliseconds since the epoch in
 * 64-bit columns. What is only read back as a whole is one JSON text, `body`; beside it stand the columns
 * by which rows are found, and `rows.ts` checks that the two agree. Text and not `jsonb`: it comes back byte
 * for byte, and `jsonb` takes no U+0000, which a parameter of a call may hold.
 */
export interface Tables {
  access_requests: AccessRequestRow
  request_events: RequestEventRow
  deliveries: DeliveryRow
  people: PersonRow
  secrets: SecretRow
  revocations: RevocationRow
  migrations: MigrationRow
}

export interface AccessRequestRow {
  /** Sorts by time: the order of lists. */
  id: string
  digest: string
  principal_key: string
  role_arn: string
  kind: 'call' | 'scope'
  state: RequestState
  asked_at: number
  stands_until: number
  /** Compared and counted up with each change. */
  version: number
  /** An `AccessRequest`. */
  body: string
}

/** An event that is in no journal yet; the row goes once it is. */
export interface RequestEventRow {
  id: string
  time_ms: number
  /** A `RequestEvent`. */
  body: string
}

/** A message that was not delivered yet; the row goes once it is. */
export interface DeliveryRow {
  id: string
  channel: string
  attempts: number
  /** When it may be tried next; null: it was given up, and stays so that the operator can see it. */
  due_ms: number | null
  /** Of the last attempt. */
  why: string | null
  /** The `RequestEvent` that is to be told. */
  body: string
}

export interface PersonRow {
  id: string
  verified_at: number
  /** A `Person`. */
  body: string
}

export interface SecretRow {
  name: string
  /** 32 bytes. */
  value: Uint8Array
}

export interface RevocationRow {
  /** Grows with each, and never goes back. */
  number: number
  /** Its kind, a space, and what it is about: one row for each. */
  target: string
  ordered_by: string
  keep_until: number
  /** A `Revocation`. */
  body: string
}

/** One row for each migration that was run. */
export interface MigrationRow {
  version: number
  applied_at: number
}

export type Tx = Transaction<Tables>
export type Db = Kysely<Tables>
