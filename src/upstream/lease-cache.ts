import type { Clock, Random } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import type { Lease } from './lease.ts'

/** A lease this close to its end is not used any more: the call might reach AWS after it. */
const LAST_MOMENT_MS = 30_000
/** Leases without an end are asked for again after this time, so that rotated keys are found. */
const UNDATED_MS = 15 * 60_000
/** A refusal holds this long, so that a client in a loop does not become a loop on STS. */
const REFUSAL_MS = 5_000

interface Entry {
  lease?: Lease
  /** From here on it is renewed, though it may still be used. */
  renewAtMs: number
  endsAtMs: number
  refusal?: { readonly error: GateError; readonly untilMs: number }
  /** The one attempt that is under way. */
  pending?: Promise<Lease>
}

/** What a cache needs. */
export interface LeaseCachePorts {
  readonly clock: Clock
  readonly random: Random
  /** A renewal failed while the old lease still holds. */
  readonly renewalFailed: (error: unknown) => void
}

/**
 * Leases by name. For each name at most one attempt is under way; whoever comes meanwhile waits for it.
 * From a random moment in the last fifth of its life a lease is renewed while it is still used. Bounded:
 * the name unused for longest goes first.
 */
export class LeaseCache {
  readonly #ports: LeaseCachePorts
  readonly #capacity: number
  readonly #entries = new Map<string, Entry>()

  constructor(ports: LeaseCachePorts, capacity = 10_000) {
    this.#ports = ports
    this.#capacity = capacity
  }

  /** The lease of the name, made by `obtain` where there is none that holds. Throws what `obtain` threw. */
  async get(name: string, obtain: () => Promise<Lease>): Promise<Lease> {
    const entry = this.#touch(name)
    const now = this.#ports.clock.now()
    if (entry.lease && now < entry.endsAtMs - LAST_MOMENT_MS) {
      if (now >= entry.renewAtMs && !entry.pending && !isRefused(entry, now)) {
        this.#start(entry, obtain).catch(this.#ports.renewalFailed)
      }
      return entry.lease
    }
    if (entry.pending) return entry.pending
    if (entry.refusal && isRefused(entry, now)) throw entry.refusal.error
    return this.#start(entry, obtain)
  }

  get size(): number {
    return this.#entries.size
  }

  #touch(name: string): Entry {
    const entry = this.#entries.get(name) ?? { renewAtMs: 0, endsAtMs: 0 }
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    if (this.#entries.size > this.#capacity) {
      const oldest = this.#entries.keys().next()
      if (oldest.done !== true) this.#entries.delete(oldest.value)
    }
    return entry
  }

  #start(entry: Entry, obtain: () => Promise<Lease>): Promise<Lease> {
    const pending = obtain().then(
      lease => {
        this.#keep(entry, lease)
        delete entry.pending
        return lease
      },
      (error: unknown) => {
        if (error instanceof GateError) {
          entry.refusal = { error, untilMs: this.#ports.clock.now() + REFUSAL_MS }
        }
        delete entry.pending
        throw error
      },
    )
    entry.pending = pending
    return pending
  }

  #keep(entry: Entry, lease: Lease): void {
    const now = this.#ports.clock.now()
    const endsAtMs = lease.expiresAtMs ?? now + UNDATED_MS
    const fifth = Math.max(0, endsAtMs - LAST_MOMENT_MS - now) / 5
    // Replicas that took their leases together do not renew them together.
    const jitter = this.#ports.random.bytes(2).readUInt16BE() / 0xffff
    entry.lease = lease
    entry.endsAtMs = endsAtMs
    entry.renewAtMs = endsAtMs - LAST_MOMENT_MS - fifth * (0.5 + jitter / 2)
    delete entry.refusal
  }
}

function isRefused(entry: Entry, nowMs: number): boolean {
  return entry.refusal !== undefined && nowMs < entry.refusal.untilMs
}
