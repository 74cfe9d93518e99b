import type { AccessRequest, Person, RequestEvent, RequestState } from './model.ts'

/** A message that is to be told outside, kept until it was. */
export interface Delivery {
  readonly id: string
  /** Name of the configured channel. */
  readonly channel: string
  readonly event: RequestEvent
  readonly attempts: number
  /** When it may be tried next, ms. */
  readonly dueMs: number
}

/** A change of one access request, with everything that must be kept together with it. */
export interface Change {
  readonly request: AccessRequest
  readonly events: readonly RequestEvent[]
  /** One for each channel that is to be told of each event. */
  readonly deliveries: readonly Delivery[]
}

export interface RequestFilter {
  readonly states?: readonly RequestState[]
  readonly roleArn?: string
  /** Only those asked before this one, for the next page: newest come first. */
  readonly before?: string
  /** 1 to 500. */
  readonly limit: number
}

/**
 * Keeps access requests. Every method is atomic, and what it has resolved is durable; two processes, or two
 * replicas over one store, never both succeed where only one may. Rejects with `store-unavailable`,
 * or with `store-damaged` where what it keeps cannot be read in full.
 */
export interface GrantStore {
  /**
   * Keeps a new request, unless there is one for the same digest that still stands (`standsUntilMs` after
   * `nowMs`): then it keeps nothing, and gives that one. A request that does not stand itself, one that
   * passed by break-glass, is kept in any case.
   */
  open(change: Change, nowMs: number): Promise<AccessRequest>
  get(id: string): Promise<AccessRequest | undefined>
  /** The one that stands for the digest now. */
  standingFor(digest: string, nowMs: number): Promise<AccessRequest | undefined>
  /** Several at once, for whoever waits on them. */
  states(ids: readonly string[]): Promise<ReadonlyMap<string, RequestState>>
  list(filter: RequestFilter): Promise<readonly AccessRequest[]>
  /** Keeps the change if the stored version is still `request.version - 1`; false where it is not. */
  replace(change: Change): Promise<boolean>
  /** Approved scopes that still stand, of this principal key in this role. */
  scopes(principalKey: string, roleArn: string, nowMs: number): Promise<readonly AccessRequest[]>
  /** Pending and approved requests that stand no longer. */
  overdue(nowMs: number, limit: number): Promise<readonly AccessRequest[]>
  /** Forgets requests with a lesser id that have ended, `limit` at most; gives how many. */
  forget(beforeId: string, limit: number): Promise<number>
  /** How many requests of this principal are pending. */
  pendingOf(principalKey: string, nowMs: number): Promise<number>

  /** Events that no journal has yet, oldest first, that were made before `beforeMs`. */
  unrecorded(beforeMs: number, limit: number): Promise<readonly RequestEvent[]>
  recorded(eventIds: readonly string[]): Promise<void>

  /** Deliveries that are due; none is given to anybody else until `leaseUntilMs`. */
  takeDeliveries(nowMs: number, leaseUntilMs: number, limit: number): Promise<readonly Delivery[]>
  delivered(id: string): Promise<void>
  /** It failed: again at `dueMs`; undefined: never again. */
  failed(id: string, dueMs: number | undefined, why: string): Promise<void>

  /** Remembers who a person is, from a proof that was verified at `verifiedAtMs`. */
  rememberPerson(person: Person, verifiedAtMs: number): Promise<void>
  person(id: string): Promise<{ readonly person: Person; readonly verifiedAtMs: number } | undefined>

  /** A secret that all replicas share, 32 bytes; the first who asks makes it from `fresh`. */
  secret(name: string, fresh: Buffer): Promise<Buffer>
  close(): Promise<void>
}
