import type { Clock, Random } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import { newId } from '../core/id.ts'
import type { Moment, Step } from './machine.ts'
import type { AccessRequest, RequestEvent, RequestEventKind } from './model.ts'
import type { Change, Delivery, GrantStore } from './port.ts'
import { Turns } from './turns.ts'

/** What changes of access requests go through. */
export interface ChangePorts {
  readonly store: GrantStore
  readonly clock: Clock
  readonly random: Random
  /** Names of the channels that are told of what happens. */
  readonly channels: readonly string[]
  /** Writes events durably into the journal of this process; rejects where it cannot. */
  record(events: readonly RequestEvent[]): Promise<void>
}

/** How a change of a request went. */
export interface Changed {
  /** As it is now. */
  readonly request: AccessRequest
  /** Whether this change made it so. */
  readonly changed: boolean
}

/** A step that the store has, or the request as a rule left it. */
type Made = Step | Pick<Step, 'request'>

/** A rule of `machine.ts`; undefined: nothing is to be changed. */
export type Rule = (request: AccessRequest, at: Moment) => Step | undefined

/**
 * How often a change is tried where others change the same request meanwhile. Those of this process take
 * turns, so only other replicas are in the way, and each failure is a success of one of theirs.
 */
const MAX_TRIES = 50

/** What channels are told of. Of uses there are too many, and of what they showed they know themselves. */
const TOLD: ReadonlySet<RequestEventKind> = new Set([
  'asked',
  'approved',
  'denied',
  'revoked',
  'expired',
  'broke-glass',
])

/**
 * Carries each change through, in this order: the rule, the store, the journal, the mark in the store that the
 * journal has it. A process that dies on the way has changed nothing, or has left an event that is marked as
 * unrecorded: `recordLeft` writes it. So the journal has each event at least once, under one id.
 */
export class RequestChanges {
  readonly #ports: ChangePorts
  readonly #turns = new Turns<Made>()
  /** Is told of each request that is no longer pending. */
  readonly #settled: (id: string) => void

  constructor(ports: ChangePorts, settled: (id: string) => void) {
    this.#ports = ports
    this.#settled = settled
  }

  /**
   * Keeps a new request, of which these channels are told; or gives the one that stands for the same question
   * already.
   */
  async open(
    begin: (at: Moment, id: string) => Step,
    channels: readonly string[] = this.#ports.channels,
  ): Promise<AccessRequest> {
    const { store, clock, random } = this.#ports
    const at = this.#moment()
    const step = begin(at, newId(clock, random))
    const kept = await store.open(this.#change(step, channels), at.nowMs)
    if (kept.id === step.request.id) await this.#tell(step)
    return kept
  }

  /**
   * Changes a request by a rule. `known`: as it was when it was read last, which spares a read. Throws what the
   * rule throws, `request-unknown`, `store-unavailable`, `journal-unavailable` (then the change was made, and is
   * recorded later) and `overloaded`.
   */
  async change(id: string, rule: Rule, known?: AccessRequest): Promise<Changed> {
    const made = await this.#turns.take(id, before => this.#tryChange(id, rule, before?.request ?? known))
    if ('event' in made) await this.#tell(made)
    return { request: made.request, changed: 'event' in made }
  }

  async #tryChange(id: string, rule: Rule, known?: AccessRequest): Promise<Made> {
    const { store } = this.#ports
    let request = known
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      request ??= await store.get(id)
      if (request === undefined)
        throw new GateError('request-unknown', `there is no access request \`${id}\``)
      const step = rule(request, this.#moment())
      if (step === undefined) return { request }
      if (await store.replace(this.#change(step))) return step
      request = undefined
    }
    throw new GateError('overloaded', `too many change the access request \`${id}\` at once`)
  }

  /**
   * Records events that were made before `beforeMs` and are in no journal yet, of whichever process. One that
   * the journal does not take keeps no other from it. Rejects with the first failure, after all were tried.
   */
  async recordLeft(beforeMs: number, limit: number): Promise<number> {
    const events = await this.#ports.store.unrecorded(beforeMs, limit)
    if (events.length === 0) return 0
    const failures: unknown[] = []
    try {
      await this.#record(events)
    } catch {
      for (const event of events) await this.#record([event]).catch(failure => failures.push(failure))
    }
    if (failures.length > 0) throw failures[0]
    return events.length
  }

  /** After the store has it. Who waits goes on even if the journal fails: then nothing passes there, either. */
  async #tell({ request, event }: Step): Promise<void> {
    try {
      await this.#record([event])
    } finally {
      if (request.state !== 'pending') this.#settled(request.id)
    }
  }

  async #record(events: readonly RequestEvent[]): Promise<void> {
    await this.#ports.record(events)
    // The journal has them. If the mark fails, they are recorded once more, under the same ids.
    await this.#ports.store.recorded(events.map(({ id }) => id)).catch(() => undefined)
  }

  #change({ request, event }: Step, channels = this.#ports.channels): Change {
    const { clock, random } = this.#ports
    if (!TOLD.has(event.what)) return { request, events: [event], deliveries: [] }
    // Whoever delivers reads the request as it is then.
    const { request: _, ...told } = event
    const deliveries = channels.map(
      (channel): Delivery => ({
        id: newId(clock, random),
        channel,
        event: told,
        attempts: 0,
        dueMs: event.timeMs,
      }),
    )
    return { request, events: [event], deliveries }
  }

  #moment(): Moment {
    const { clock, random } = this.#ports
    return { nowMs: clock.now(), eventId: newId(clock, random) }
  }
}
