import { GateError } from '../core/errors.ts'
import type { AccessRequest, Person, RequestEvent, RequestState } from './model.ts'
import type { Change, Delivery, GrantStore, RequestFilter } from './port.ts'

interface KeptEvent {
  readonly event: RequestEvent
  readonly recorded: boolean
}

interface KnownPerson {
  readonly person: Person
  readonly verifiedAtMs: number
}

/**
 * The port's meaning in the fewest words: for tests, and as the measure of the real stores. Each method does
 * all its work before it gives way, so it is atomic; what comes out are copies. "Durable" is as long as the
 * object lives: several desks over one of these are replicas over one database.
 */
export class MemoryGrantStore implements GrantStore {
  readonly #requests = new Map<string, AccessRequest>()
  readonly #events = new Map<string, KeptEvent>()
  readonly #deliveries = new Map<string, Delivery>()
  readonly #people = new Map<string, KnownPerson>()
  readonly #secrets = new Map<string, Buffer>()
  #closed = false

  async open(change: Change, nowMs: number): Promise<AccessRequest> {
    this.#check()
    const { request } = change
    const standing = request.standsUntilMs > nowMs ? this.#standing(request.digest, nowMs) : undefined
    if (standing !== undefined) return structuredClone(standing)
    this.#keep(change)
    return structuredClone(request)
  }

  async get(id: string): Promise<AccessRequest | undefined> {
    this.#check()
    return structuredClone(this.#requests.get(id))
  }

  async standingFor(digest: string, nowMs: number): Promise<AccessRequest | undefined> {
    this.#check()
    return structuredClone(this.#standing(digest, nowMs))
  }

  async states(ids: readonly string[]): Promise<ReadonlyMap<string, RequestState>> {
    this.#check()
    const found = new Map<string, RequestState>()
    for (const id of ids) {
      const request = this.#requests.get(id)
      if (request !== undefined) found.set(id, request.state)
    }
    return found
  }

  async list({ states, roleArn, before, limit }: RequestFilter): Promise<readonly AccessRequest[]> {
    return this.#where(
      request =>
        (states === undefined || states.includes(request.state)) &&
        (roleArn === undefined || request.requester.roleArn === roleArn) &&
        (before === undefined || request.id < before),
    )
      .toSorted((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, limit)
  }

  async replace(change: Change): Promise<boolean> {
    this.#check()
    if (this.#requests.get(change.request.id)?.version !== change.request.version - 1) return false
    this.#keep(change)
    return true
  }

  async scopes(principalKey: string, roleArn: string, nowMs: number): Promise<readonly AccessRequest[]> {
    return this.#where(
      ({ kind, state, standsUntilMs, requester }) =>
        kind === 'scope' &&
        state === 'approved' &&
        standsUntilMs > nowMs &&
        requester.principalKey === principalKey &&
        requester.roleArn === roleArn,
    )
  }

  async forget(beforeId: string, limit: number): Promise<number> {
    this.#check()
    const ended = [...this.#requests.values()]
      .filter(({ id, state }) => id < beforeId && state !== 'pending' && state !== 'approved')
      .map(({ id }) => id)
      .toSorted()
      .slice(0, limit)
    for (const id of ended) this.#requests.delete(id)
    return ended.length
  }

  async overdue(nowMs: number, limit: number): Promise<readonly AccessRequest[]> {
    return this.#where(
      ({ state, standsUntilMs }) => (state === 'pending' || state === 'approved') && standsUntilMs <= nowMs,
    ).slice(0, limit)
  }

  async pendingOf(principalKey: string, nowMs: number): Promise<number> {
    return this.#where(
      ({ state, standsUntilMs, requester }) =>
        state === 'pending' && standsUntilMs > nowMs && requester.principalKey === principalKey,
    ).length
  }

  async unrecorded(beforeMs: number, limit: number): Promise<readonly RequestEvent[]> {
    this.#check()
    return [...this.#events.values()]
      .filter(({ event, recorded }) => !recorded && event.timeMs < beforeMs)
      .map(({ event }) => structuredClone(event))
      .toSorted((a, b) => a.timeMs - b.timeMs)
      .slice(0, limit)
  }

  async recorded(eventIds: readonly string[]): Promise<void> {
    this.#check()
    for (const id of eventIds) {
      const kept = this.#events.get(id)
      if (kept !== undefined) this.#events.set(id, { ...kept, recorded: true })
    }
  }

  async takeDeliveries(nowMs: number, leaseUntilMs: number, limit: number): Promise<readonly Delivery[]> {
    this.#check()
    const due = [...this.#deliveries.values()]
      .filter(({ dueMs }) => dueMs <= nowMs)
      .toSorted((a, b) => a.dueMs - b.dueMs)
      .slice(0, limit)
    for (const delivery of due) this.#deliveries.set(delivery.id, { ...delivery, dueMs: leaseUntilMs })
    return structuredClone(due)
  }

  async delivered(id: string): Promise<void> {
    this.#check()
    this.#deliveries.delete(id)
  }

  async failed(id: string, dueMs: number | undefined, _why: string): Promise<void> {
    this.#check()
    const delivery = this.#deliveries.get(id)
    if (delivery === undefined) return
    if (dueMs === undefined) this.#deliveries.delete(id)
    else this.#deliveries.set(id, { ...delivery, attempts: delivery.attempts + 1, dueMs })
  }

  async rememberPerson(person: Person, verifiedAtMs: number): Promise<void> {
    this.#check()
    const known = this.#people.get(person.id)
    if (known !== undefined && known.verifiedAtMs > verifiedAtMs) return
    this.#people.set(person.id, structuredClone({ person, verifiedAtMs }))
  }

  async person(id: string): Promise<KnownPerson | undefined> {
    this.#check()
    return structuredClone(this.#people.get(id))
  }

  async secret(name: string, fresh: Buffer): Promise<Buffer> {
    this.#check()
    const secret = this.#secrets.get(name) ?? Buffer.from(fresh)
    this.#secrets.set(name, secret)
    return Buffer.from(secret)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #keep({ request, events, deliveries }: Change): void {
    this.#requests.set(request.id, structuredClone(request))
    for (const event of events) {
      this.#events.set(event.id, { event: structuredClone(event), recorded: false })
    }
    for (const delivery of deliveries) this.#deliveries.set(delivery.id, structuredClone(delivery))
  }

  /** Should two stand, as where one was approved just as it closed: what people have answered comes first. */
  #standing(digest: string, nowMs: number): AccessRequest | undefined {
    const standing = [...this.#requests.values()]
      .filter(request => request.digest === digest && request.standsUntilMs > nowMs)
      .toSorted((a, b) => (a.id < b.id ? 1 : -1))
    return standing.find(({ state }) => state === 'approved') ?? standing[0]
  }

  #where(holds: (request: AccessRequest) => boolean): AccessRequest[] {
    this.#check()
    return [...this.#requests.values()].filter(holds).map(request => structuredClone(request))
  }

  #check(): void {
    if (this.#closed) throw new GateError('store-unavailable', 'the store is closed')
  }
}
