import { GateError } from '../../core/errors.ts'
import { arnParts } from '../export/arn.ts'
import { isWithin, type Span } from '../export/span.ts'
import { MAX_RECORDED, type Recorded, type RecordedAllowed } from './recorded.ts'
import {
  type CallClass,
  type Listed,
  type ListedCall,
  Listing,
  type LookedUp,
  type ReconcileReport,
  type StrangeCall,
} from './report.ts'
import type { LeasedRoles } from './roles.ts'
import type { TrailEvent } from './trail-event.ts'
import { isDataEvent } from './unlogged.ts'

/** How reconciling is done. */
export interface ReconcileOptions {
  readonly span: Span
  /** How long before the last event of the files CloudTrail may not have delivered everything yet. */
  readonly graceMs: number
  /** The events come from LookupEvents, and not from files. */
  readonly lookup?: LookedUp
}

/** What CloudTrail says it delivers within, on average 5 minutes. */
export const DEFAULT_GRACE_MS: number = 15 * 60_000

/** How far the clocks of AWS and the gate may be apart. */
const CLOCKS_APART_MS = 60_000
/** How long after its decision a call without an outcome may have reached AWS. */
const LATE_MS = 15 * 60_000
/** Calls of one session that are looked at for one that an event could be. */
const MAX_LOOKED_AT = 10_000

/**
 * Pairs events of CloudTrail with the calls that the gate recorded, by AWS's request ids. Give it a journal that
 * was read to its end, then every event, then ask for the report.
 *
 * Memory holds the calls of the span, and the ids of the events that were not paired; each has a limit.
 */
export class Reconciliation {
  readonly #options: ReconcileOptions
  readonly #recorded: Recorded
  readonly #roles: LeasedRoles
  /** Calls without a request id, by the session's name. */
  readonly #unpaired = new Map<string, RecordedAllowed[]>()
  readonly #accounts = new Set<string>()
  readonly #strangeIds = new Set<string>()
  readonly #strange = new Listing<StrangeCall>()
  readonly #byServices = new Map<string, number>()
  #read = 0
  #ofRoles = 0
  #repeated = 0
  #firstMs = Number.POSITIVE_INFINITY
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(recorded: Recorded, roles: LeasedRoles, options: ReconcileOptions) {
    this.#recorded = recorded
    this.#roles = roles
    this.#options = options
    for (const call of recorded.calls) {
      if (call.requestId !== undefined) continue
      const known = this.#unpaired.get(call.session)
      if (known === undefined) this.#unpaired.set(call.session, [call])
      else known.push(call)
    }
  }

  /** Takes one event. Throws `reconcile-too-large`. */
  add(event: TrailEvent): void {
    this.#read++
    this.#firstMs = Math.min(this.#firstMs, event.timeMs)
    this.#lastMs = Math.max(this.#lastMs, event.timeMs)
    this.#accounts.add(event.account)
    const role = this.#roles.of(event.identity)
    if (role === undefined) return
    const within = isWithin(this.#options.span, event.timeMs)
    if (within) this.#ofRoles++
    const recorded = event.requestId === undefined ? [] : this.#recorded.byRequest(event.requestId)
    if (recorded.length > 0) {
      if (recorded.every(({ confirmed }) => confirmed)) this.#repeated++
      for (const call of recorded) call.confirmed = true
    } else if (within) this.#unrecorded(event, role)
  }

  #unrecorded(event: TrailEvent, role: string): void {
    if (this.#strangeIds.has(event.eventId)) {
      this.#repeated++
      return
    }
    if (this.#strangeIds.size >= MAX_RECORDED) {
      const most = `more than ${MAX_RECORDED} events of the roles are in no journal`
      throw new GateError('reconcile-too-large', most)
    }
    this.#strangeIds.add(event.eventId)
    const { invokedBy } = event.identity
    // AWS sets this, not whoever calls: it acts for the role, after a call that is an event of its own.
    if (invokedBy !== undefined) this.#byServices.set(invokedBy, (this.#byServices.get(invokedBy) ?? 0) + 1)
    else this.#strange.add(this.#strangeCall(event, role))
  }

  #strangeCall(event: TrailEvent, role: string): StrangeCall {
    const { eventId, timeMs, source, name, region, account, address, userAgent, identity } = event
    const { session } = arnParts(identity.arn)
    const perhaps = this.#couldBe(event, session)
    return {
      eventId,
      timeMs,
      source,
      name,
      region,
      account,
      role,
      session,
      sessionOfGate: this.#recorded.sessions.has(session),
      address,
      userAgent,
      ...(identity.sourceIdentity === undefined ? {} : { sourceIdentity: identity.sourceIdentity }),
      ...(identity.accessKeyId === undefined ? {} : { accessKeyId: identity.accessKeyId }),
      ...(event.requestId === undefined ? {} : { requestId: event.requestId }),
      ...(event.errorCode === undefined ? {} : { errorCode: event.errorCode }),
      ...(perhaps === undefined ? {} : { perhaps }),
    }
  }

  /** The call of the gate without a request id that an event could be: same session, operation and time. */
  #couldBe({ name, timeMs }: TrailEvent, session: string): string | undefined {
    const found = this.#unpaired
      .get(session)
      ?.slice(0, MAX_LOOKED_AT)
      .find(call => {
        const afterMs = timeMs - call.timeMs
        // Some names end in a version: `ListFunctions20150331`.
        const sameName = call.operation !== '' && name.startsWith(call.operation)
        return sameName && afterMs >= -CLOCKS_APART_MS && afterMs <= LATE_MS
      })
    return found?.id
  }

  /** `files` and `skipped`: how many were read and passed over. */
  report(files: number, skipped: number): ReconcileReport {
    const lists: Record<CallClass, Listing<ListedCall>> = {
      confirmed: new Listing(),
      unseen: new Listing(),
      awaited: new Listing(),
      uncovered: new Listing(),
      unlogged: new Listing(),
      unpaired: new Listing(),
    }
    let allowed = 0
    for (const call of this.#recorded.within()) {
      allowed++
      lists[this.#classOf(call)].add(listedCall(call))
    }
    return {
      span: this.#options.span,
      roles: this.#roles.arns,
      journal: { allowed, denied: this.#recorded.denied },
      events: {
        files,
        skipped,
        read: this.#read,
        ofRoles: this.#ofRoles,
        repeated: this.#repeated,
        ...(this.#read === 0 ? {} : { firstMs: this.#firstMs, lastMs: this.#lastMs }),
        accounts: [...this.#accounts].filter(account => account !== '').sort(),
      },
      calls: {
        confirmed: lists.confirmed.listed,
        unseen: lists.unseen.listed,
        awaited: lists.awaited.listed,
        uncovered: lists.uncovered.listed,
        unlogged: lists.unlogged.listed,
        unpaired: lists.unpaired.listed,
      },
      ...(this.#options.lookup === undefined ? {} : { lookup: this.#options.lookup }),
      notThroughGate: inOrderOfTime(this.#strange.listed),
      byServices: Object.fromEntries([...this.#byServices].sort(([a], [b]) => (a < b ? -1 : 1))),
    }
  }

  #classOf(call: RecordedAllowed): CallClass {
    if (call.confirmed) return 'confirmed'
    if (call.requestId === undefined) return 'unpaired'
    if (isDataEvent(call.service, call.operation)) return 'unlogged'
    const { graceMs, lookup } = this.#options
    const firstMs = lookup?.sinceMs ?? this.#firstMs
    if (!this.#accounts.has(call.account) || call.timeMs < firstMs - CLOCKS_APART_MS) return 'uncovered'
    if (lookup !== undefined && !lookup.regions.includes(call.region)) return 'uncovered'
    return call.timeMs > (lookup?.nowMs ?? this.#lastMs) - graceMs ? 'awaited' : 'unseen'
  }
}

function listedCall({
  id,
  timeMs,
  service,
  operation,
  region,
  session,
  ...rest
}: RecordedAllowed): ListedCall {
  return {
    id,
    timeMs,
    service,
    operation,
    region,
    session,
    ...(rest.requestId === undefined ? { trouble: rest.trouble } : { requestId: rest.requestId }),
  }
}

/** Files of several regions come one after the other. */
function inOrderOfTime({ count, first }: Listed<StrangeCall>): Listed<StrangeCall> {
  return { count, first: first.toSorted((a, b) => a.timeMs - b.timeMs) }
}
