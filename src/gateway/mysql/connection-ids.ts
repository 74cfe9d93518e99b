import type { Random } from '../../core/clock.ts'
import type { Principal } from '../../core/principal.ts'
import type { KillKind } from './ports.ts'

const ATTEMPTS = 16

/** Who a connection is of, and how it is killed. */
export interface Holder {
  readonly principal: Principal
  /** Rejects with `database-…`. */
  kill(kind: KillKind): Promise<void>
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
  readonly #holders = new Map<number, Holder | undefined>()

  constructor(random: Random) {
    this.#random = random
  }

  take(): ConnectionId {
    const id = this.#freeId()
    this.#holders.set(id, undefined)
    return {
      id,
      heldBy: holder => void (this.#holders.has(id) && this.#holders.set(id, holder)),
      giveBack: () => void this.#holders.delete(id),
    }
  }

  /** Of ids that are another's it says what it says of those that are nobody's. Rejects as `Holder.kill` does. */
  async kill(by: Principal, id: number, kind: KillKind): Promise<'done' | 'unknown'> {
    const holder = this.#holders.get(id)
    if (holder === undefined || !isSame(by, holder.principal)) return 'unknown'
    await holder.kill(kind)
    return 'done'
  }

  #freeId(): number {
    for (let i = 0; i < ATTEMPTS; i++) {
      // Drivers keep it in 32 bits with a sign.
      const id = this.#random.bytes(4).readUInt32BE() & 0x7fff_ffff
      if (id !== 0 && !this.#holders.has(id)) return id
    }
    let id = 1
    while (this.#holders.has(id)) id++
    return id
  }
}

/**
 * The same somebody, though a second connection may be a session of its own: a client that kills what it runs comes again for
 * it, and with a certificate it begins a session.
 */
function isSame(a: Principal, b: Principal): boolean {
  return a.arn === b.arn && a.issuer === b.issuer && a.subject === b.subject
}
