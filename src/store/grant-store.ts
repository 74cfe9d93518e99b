import type { Buffer } from 'node:buffer'
import type { KeptRevocation, Revocation, RevocationStore } from '../core/revocation.ts'
import type { AccessRequest, Person, RequestEvent, RequestState } from '../grants/model.ts'
import type { Change, Delivery, GrantStore, RequestFilter } from '../grants/port.ts'
import type { Engine } from './engine.ts'
import { asStoreError } from './errors.ts'
import * as outbox from './outbox.ts'
import * as people from './people.ts'
import * as requests from './requests.ts'
import * as orders from './revocations.ts'

/** Rows in one answer. */
const MAX_LIMIT = 500

/** The ports over a database that was migrated. Whatever the database throws comes as a `GateError`. */
export class SqlGrantStore implements GrantStore, RevocationStore {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  open(change: Change, nowMs: number): Promise<AccessRequest> {
    return guarded(() => requests.open(this.#engine, change, nowMs))
  }

  get(id: string): Promise<AccessRequest | undefined> {
    return guarded(() => requests.get(this.#engine.db, id))
  }

  standingFor(digest: string, nowMs: number): Promise<AccessRequest | undefined> {
    return guarded(() => requests.standingFor(this.#engine.db, digest, nowMs))
  }

  states(ids: readonly string[]): Promise<ReadonlyMap<string, RequestState>> {
    return guarded(() => requests.states(this.#engine.db, ids))
  }

  async list(filter: RequestFilter): Promise<readonly AccessRequest[]> {
    checkLimit(filter.limit)
    return await guarded(() => requests.list(this.#engine.db, filter))
  }

  replace(change: Change): Promise<boolean> {
    return guarded(() => requests.replace(this.#engine, change))
  }

  scopes(principalKey: string, roleArn: string, nowMs: number): Promise<readonly AccessRequest[]> {
    return guarded(() => requests.scopes(this.#engine.db, principalKey, roleArn, nowMs))
  }

  async forget(beforeId: string, limit: number): Promise<number> {
    return await guarded(() => requests.forget(this.#engine, beforeId, limit))
  }

  async overdue(nowMs: number, limit: number): Promise<readonly AccessRequest[]> {
    checkLimit(limit)
    return await guarded(() => requests.overdue(this.#engine.db, nowMs, limit))
  }

  pendingOf(principalKey: string, nowMs: number): Promise<number> {
    return guarded(() => requests.pendingOf(this.#engine.db, principalKey, nowMs))
  }

  async unrecorded(beforeMs: number, limit: number): Promise<readonly RequestEvent[]> {
    checkLimit(limit)
    return await guarded(() => outbox.unrecorded(this.#engine.db, beforeMs, limit))
  }

  recorded(eventIds: readonly string[]): Promise<void> {
    return guarded(() => outbox.recorded(this.#engine, eventIds))
  }

  async takeDeliveries(nowMs: number, leaseUntilMs: number, limit: number): Promise<readonly Delivery[]> {
    checkLimit(limit)
    return await guarded(() => outbox.takeDeliveries(this.#engine, nowMs, leaseUntilMs, limit))
  }

  delivered(id: string): Promise<void> {
    return guarded(() => outbox.delivered(this.#engine.db, id))
  }

  failed(id: string, dueMs: number | undefined, why: string): Promise<void> {
    return guarded(() => outbox.failed(this.#engine.db, id, dueMs, why))
  }

  rememberPerson(person: Person, verifiedAtMs: number): Promise<void> {
    return guarded(() => people.rememberPerson(this.#engine.db, person, verifiedAtMs))
  }

  person(id: string): Promise<people.KnownPerson | undefined> {
    return guarded(() => people.person(this.#engine.db, id))
  }

  async secret(name: string, fresh: Buffer): Promise<Buffer> {
    if (fresh.length !== people.SECRET_BYTES) {
      throw new RangeError(`a shared secret has ${people.SECRET_BYTES} bytes`)
    }
    return await guarded(() => people.secret(this.#engine.db, name, fresh))
  }

  revoke(revocation: Revocation, most: number): Promise<void> {
    return guarded(() => orders.revoke(this.#engine, revocation, most))
  }

  async revocations(from: number, limit: number): Promise<readonly KeptRevocation[]> {
    checkLimit(limit)
    return await guarded(() => orders.revocationsFrom(this.#engine.db, from, limit))
  }

  close(): Promise<void> {
    return guarded(() => this.#engine.close())
  }
}

function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new RangeError(`a limit is a whole number from 1 to ${MAX_LIMIT}`)
  }
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asStoreError(error)
  }
}
