import { ManualClock, type Random } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import { Approvals } from './approvals.ts'
import type { CallQuestion } from './desk.ts'
import type { ApprovalLimits } from './limits.ts'
import { MemoryGrantStore } from './memory-store.fixture.ts'
import type { RequestEvent } from './model.ts'
import type { GrantStore } from './port.ts'
import { CALL, demand, REQUESTER } from './requests.fixture.ts'
import type { Poll } from './waiting.ts'

/** Timers that fire when a test says so. */
export class ManualTimers implements Poll {
  readonly every = 1_000
  readonly #timers = new Map<number, { readonly ms: number; readonly run: () => void }>()
  #next = 0

  after(ms: number, run: () => void): () => void {
    const id = this.#next++
    this.#timers.set(id, { ms, run })
    return () => this.#timers.delete(id)
  }

  /** Fires all that were set for so many ms; gives how many. */
  fire(ms: number): number {
    const due = [...this.#timers].filter(([, timer]) => timer.ms === ms)
    for (const [id, { run }] of due) {
      this.#timers.delete(id)
      run()
    }
    return due.length
  }

  get size(): number {
    return this.#timers.size
  }
}

/** Bytes that count up: ids that differ, and are the same in each run. */
export class CountedBytes implements Random {
  #count = 0

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    // Five bits a byte are what ids take; the last bytes hold the lowest digits.
    let count = ++this.#count
    for (let i = length - 1; i >= 0 && count > 0; i--) {
      bytes[i] = count % 32
      count = Math.floor(count / 32)
    }
    return bytes
  }
}

/** A journal that can be full. */
export class TestJournal {
  readonly events: RequestEvent[] = []
  isFull = false

  async record(events: readonly RequestEvent[]): Promise<void> {
    if (this.isFull) throw new GateError('journal-unavailable', 'the journal is full')
    this.events.push(...events)
  }

  /** What happened, in order: `asked`, `spent` ... */
  get said(): string[] {
    return this.events.map(({ what }) => what)
  }
}

export interface TestRoom {
  readonly clock: ManualClock
  readonly store: MemoryGrantStore
  readonly journal: TestJournal
  readonly timers: ManualTimers
  readonly random: CountedBytes
  /** A desk of one more process over the same store. */
  desk(over?: GrantStore, limits?: Partial<ApprovalLimits>): Approvals
}

export function testRoom(channels: readonly string[] = ['ops', 'chat']): TestRoom {
  const clock = new ManualClock(1_000_000)
  const store = new MemoryGrantStore()
  const journal = new TestJournal()
  const timers = new ManualTimers()
  const random = new CountedBytes()
  const record = (events: readonly RequestEvent[]): Promise<void> => journal.record(events)
  return {
    clock,
    store,
    journal,
    timers,
    random,
    desk: (over = store, limits = {}) =>
      new Approvals({ store: over, clock, random, channels, record, limits, poll: timers }),
  }
}

/** The question that a call asks; `digest` says which call. */
export function callQuestion(digest: string, change: Partial<CallQuestion> = {}): CallQuestion {
  return {
    digest,
    requester: REQUESTER,
    demands: [demand(['group/on-call'], { uses: 2 })],
    pairs: CALL.pairs,
    describe: async () => CALL,
    ...change,
  }
}

/** Lets everything go on that waits for nothing but its turn. */
export async function settleAll(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
}

/** The store with some of its methods replaced. */
export function withStore(store: GrantStore, change: Partial<GrantStore>): GrantStore {
  return new Proxy(store, {
    get: (target, name) => {
      const method = Reflect.get(change, name) ?? Reflect.get(target, name)
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
}
