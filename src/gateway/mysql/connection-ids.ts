import type { Random } from '../../core/clock.ts'
import type { Principal } from '../../core/principal.ts'
import { ALONE, freeId, type Lanes, laneOf } from '../sql/lanes.ts'
import type { KillKind } from './ports.ts'

/** Who a connection is of, and how it is killed. */
export interface Holder {
  readonly principal: Principal
  /** Rejects with `database-…`. */
  kill(kind: KillKind): Promise<void>
}

/** Who kills: what makes a principal the same somebody in another session. */
export type Killer = Pick<Principal, 'arn' | 'issuer' | 'subject'>

/** The other processes of the gate, and how they hear of a connection that is not of this one. */
export interface KillLanes extends Lanes {
  /** Rejects where the process cannot be asked, and as `Holder.kill` does. */
  killIn(lane: number, by: Killer, id: number, kind: KillKind): Promise<'done' | 'unknown'>
}

/** An id that is taken, and by whom: nobody, while its client has not proven who it is. */
export interface ConnectionId {
  readonly id: number
  heldBy(holder: Holder | undefined): void
  giveBack(): void
}

/**
 * The ids by which clients know their connections. They are the gate's own: those of the server never leave the gate, so that
 * nobody kills by an id that was guessed, or seen in a list, what is another's.
 */
export class ConnectionIds {
  readonly #random: Random
  readonly #lanes: Lanes & Partial<KillLanes>
  readonly #holders = new Map<number, Holder | undefined>()

  constructor(random: Random, lanes: KillLanes | undefined = undefined) {
    this.#random = random
    this.#lanes = lanes ?? ALONE
  }

  take(): ConnectionId {
    const id = freeId(
      this.#lanes,
      () => this.#random.bytes(4).readUInt32BE(),
      each => this.#holders.has(each),
    )
    this.#holders.set(id, undefined)
    return {
      id,
      heldBy: holder => void (this.#holders.has(id) && this.#holders.set(id, holder)),
      giveBack: () => void this.#holders.delete(id),
    }
  }

  /** Of ids that are another's it says what it says of those that are nobody's. Rejects as `Holder.kill` does. */
  async kill(by: Killer, id: number, kind: KillKind): Promise<'done' | 'unknown'> {
    const lane = laneOf(id, this.#lanes)
    if (lane === this.#lanes.own || this.#lanes.killIn === undefined) return this.killHere(by, id, kind)
    return this.#lanes.killIn(lane, by, id, kind)
  }

  /** Kills it where its connection is one of this process. */
  async killHere(by: Killer, id: number, kind: KillKind): Promise<'done' | 'unknown'> {
    const holder = this.#holders.get(id)
    if (holder === undefined || !isSame(by, holder.principal)) return 'unknown'
    await holder.kill(kind)
    return 'done'
  }
}

/**
 * The same somebody, though a second connection may be a session of its own: a client that kills what it runs comes again for
 * it, and with a certificate it begins a session.
 */
function isSame(a: Killer, b: Killer): boolean {
  return a.arn === b.arn && a.issuer === b.issuer && a.subject === b.subject
}
