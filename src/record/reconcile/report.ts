import type { Span } from '../export/span.ts'

/** What became of a call that the gate let through; every such call of the span is in exactly one. */
export type CallClass =
  /** CloudTrail has it. */
  | 'confirmed'
  /** AWS answered it with a request id, and CloudTrail, which should have it, does not. */
  | 'unseen'
  /** So late in the span that CloudTrail may still deliver it. */
  | 'awaited'
  /** In an account, or at a time, of which the files have nothing. */
  | 'uncovered'
  /** A data event: CloudTrail logs those only where somebody asked for it. */
  | 'unlogged'
  /** It has no request id of AWS, by which it could be found. */
  | 'unpaired'

export const CALL_CLASSES: readonly CallClass[] = [
  'confirmed',
  'unseen',
  'awaited',
  'uncovered',
  'unlogged',
  'unpaired',
]

/** A recorded call in a report. */
export interface ListedCall {
  readonly id: string
  readonly timeMs: number
  readonly service: string
  readonly operation: string
  readonly region: string
  readonly session: string
  readonly requestId?: string
  /** For `unpaired`: why it has no request id. */
  readonly trouble?: string
}

/** A call that was made with a leased role and did not come through the gate. */
export interface StrangeCall {
  readonly eventId: string
  readonly timeMs: number
  readonly source: string
  readonly name: string
  readonly region: string
  readonly account: string
  readonly role: string
  /** The session's name. */
  readonly session: string
  /** A session of the gate has this name: a lease may have left the gate. */
  readonly sessionOfGate: boolean
  readonly sourceIdentity?: string
  readonly accessKeyId?: string
  readonly address: string
  readonly userAgent: string
  readonly requestId?: string
  readonly errorCode?: string
  /** A call of the gate that has no request id and could be this one; nobody can tell. */
  readonly perhaps?: string
}

/** Some of many: how many there are, and the first of them. */
export interface Listed<T> {
  readonly count: number
  readonly first: readonly T[]
}

/** What LookupEvents was asked for. */
export interface LookedUp {
  readonly regions: readonly string[]
  readonly sinceMs: number
  /** When it was asked. */
  readonly nowMs: number
}

export interface ReconcileReport {
  readonly span: Span
  /** Those that the gate leases, as configured and as recorded. */
  readonly roles: readonly string[]
  readonly journal: {
    /** Calls of the span that were let through: the sum of `calls`. */
    readonly allowed: number
    /** And those that were denied, which AWS never saw. */
    readonly denied: number
  }
  readonly events: {
    readonly files: number
    /** Names of files and folders that were passed over, and how often: digests, and what is no JSON. */
    readonly skipped: number
    readonly read: number
    /** Those of the roles, in the span. */
    readonly ofRoles: number
    /** CloudTrail delivers some twice. */
    readonly repeated: number
    /** Time of the first and the last event of all, whosever. */
    readonly firstMs?: number
    readonly lastMs?: number
    readonly accounts: readonly string[]
  }
  readonly calls: Readonly<Record<CallClass, Listed<ListedCall>>>
  /** Absent where the events come from files. */
  readonly lookup?: LookedUp
  /** What matters: calls with the gate's roles that did not come through the gate. */
  readonly notThroughGate: Listed<StrangeCall>
  /** What services of AWS did in a role's name, by service: a stack that CloudFormation builds. */
  readonly byServices: Readonly<Record<string, number>>
}

/** How many of each list a report has in full. */
export const MAX_LISTED = 1000

/** Counts all, and keeps the first. */
export class Listing<T> {
  count = 0
  readonly first: T[] = []

  add(one: T): void {
    this.count++
    if (this.first.length < MAX_LISTED) this.first.push(one)
  }

  get listed(): Listed<T> {
    return { count: this.count, first: this.first }
  }
}
