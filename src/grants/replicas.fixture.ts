import type { ManualClock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import { Approvals } from './approvals.ts'
import { settleAll, type TestRoom, testRoom } from './desk.fixture.ts'
import type { RequestEvent } from './model.ts'
import type { Change, GrantStore } from './port.ts'

/** A step outside that a process is about to take, or has taken and not learnt of. */
interface Parked {
  readonly process: Process
  go(): void
  /** The step fails: before it, or after it was done. */
  fail(error: Error): void
}

/** What the store has taken, in order. */
export interface Committed {
  readonly change: Change
  readonly isNew: boolean
}

/** One run of a gate's process; a restart is another one. */
export class Process {
  isDead = false
  readonly desk: Approvals

  constructor(replicas: Replicas) {
    this.desk = replicas.deskOf(this)
  }
}

/**
 * Processes over one store and with a journal each, in which nothing goes on by itself: each stops before and
 * after every step that it takes outside, until a test lets it go on, fail there, or die there. A process that
 * is dead goes on nowhere, as after `kill -9`; what the store and the journals have taken stays.
 */
export class Replicas {
  readonly room: TestRoom = testRoom()
  readonly committed: Committed[] = []
  /** Of all processes together. */
  readonly journal: RequestEvent[] = []
  readonly processes: Process[] = []
  #parked: Parked[] = []
  /** A journal that is full takes nothing. */
  isFull = false

  constructor(count: number) {
    for (let i = 0; i < count; i++) this.processes.push(new Process(this))
  }

  get clock(): ManualClock {
    return this.room.clock
  }

  /** How many steps wait to be taken. */
  get waiting(): number {
    return this.#parked.length
  }

  /** Lets one of those that wait take its step. */
  async go(pick: number): Promise<void> {
    this.#take(pick)?.go()
    await settleAll()
  }

  async fail(pick: number): Promise<void> {
    this.#take(pick)?.fail(new GateError('store-unavailable', 'the connection is gone'))
    await settleAll()
  }

  /** Ends a process where it stands, and starts another in its place. */
  kill(pick: number): void {
    const index = pick % this.processes.length
    const process = this.processes[index]
    if (process === undefined) return
    process.isDead = true
    this.#parked = this.#parked.filter(parked => parked.process !== process)
    this.processes[index] = new Process(this)
  }

  /** Lets all go on to their ends, or for so many steps. */
  async finish(most: number = Number.POSITIVE_INFINITY): Promise<void> {
    await settleAll()
    for (let steps = 0; steps < most && this.#parked.length > 0; steps++) await this.go(0)
  }

  deskOf(process: Process): Approvals {
    const { clock, random, timers, store } = this.room
    return new Approvals({
      store: this.#staged(store, process),
      clock,
      random,
      channels: ['ops'],
      poll: timers,
      record: events => this.#record(events, process),
    })
  }

  /** A desk that nothing stops, to look at the end. */
  plainDesk(): Approvals {
    return this.room.desk()
  }

  #take(pick: number): Parked | undefined {
    return this.#parked.splice(pick % Math.max(this.#parked.length, 1), 1)[0]
  }

  async #stop(process: Process): Promise<void> {
    await new Promise<void>((go, fail) => {
      if (!process.isDead) this.#parked.push({ process, go, fail })
    })
  }

  async #record(events: readonly RequestEvent[], process: Process): Promise<void> {
    await this.#stop(process)
    if (this.isFull) throw new GateError('journal-unavailable', 'the journal is full')
    this.journal.push(...events)
    await this.#stop(process)
  }

  #staged(store: GrantStore, process: Process): GrantStore {
    const wrap = (name: string, method: (...args: unknown[]) => Promise<unknown>) => {
      return async (...args: unknown[]): Promise<unknown> => {
        await this.#stop(process)
        const result = await method.apply(store, args)
        this.#note(name, args[0], result)
        await this.#stop(process)
        return result
      }
    }
    return new Proxy(store, {
      get: (target, name) => wrap(String(name), Reflect.get(target, name)),
    })
  }

  #note(method: string, argument: unknown, result: unknown): void {
    const change = argument as Change
    if (method === 'replace' && result === true) this.committed.push({ change, isNew: false })
    if (method === 'open' && (result as Change['request']).id === change.request.id) {
      this.committed.push({ change, isNew: true })
    }
  }
}
