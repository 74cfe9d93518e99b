import type { Load } from './load.ts'
import type { WideRead } from './wide.ts'

/** How much is measured. */
export interface Extent {
  /** Of one run. */
  readonly seconds: number
  /** Of each, in turns with the others; the median counts. */
  readonly runs: number
  /** Transactions, in each way of sending them, before anything is counted: what has run for a while is compiled. */
  readonly warm: number
}

/** A load over one path. */
export interface LoadRow extends Load {
  readonly path: string
  /** How statements are sent, or which they are. */
  readonly what: string
  readonly clients: number
}

/** A million rows over one path. */
export interface WideRow extends WideRead {
  readonly path: string
}

/** Everything that one run measured of databases. */
export interface DatabaseResults {
  readonly postgres: readonly LoadRow[]
  readonly wide: readonly WideRow[]
  readonly mysql: readonly LoadRow[]
  /** What could not be measured here, and why. */
  readonly skipped: readonly string[]
}
