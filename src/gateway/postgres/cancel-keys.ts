import { hash, timingSafeEqual } from 'node:crypto'
import type { Random } from '../../core/clock.ts'
import { Redacted } from '../../core/redacted.ts'
import type { CancelKey, PostgresVersion } from '../../wire/postgres/messages.ts'
import { ALONE, freeId, type Lanes, laneOf } from '../sql/lanes.ts'

/**
 * Bytes of a secret: clients of protocol 3.0 take no other length, and 32 is what servers of 3.2 give.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-BACKENDKEYDATA
 */
const SECRET_BYTES = { old: 4, long: 32 }

interface Holder {
  readonly secretHash: Buffer
  readonly cancel: () => void
}

/** The other processes of the gate, and how they hear of a key that is not of this one. */
export interface CancelLanes extends Lanes {
  cancelIn(lane: number, key: CancelKey): void
}

/**
 * The keys by which clients cancel what they run. They are the gate's own: those of the server never leave the gate, so that
 * nobody cancels by a key that was guessed or seen elsewhere what is another's.
 */
export class CancelKeys {
  readonly #random: Random
  readonly #lanes: Lanes & Partial<CancelLanes>
  readonly #holders = new Map<number, Holder>()

  constructor(random: Random, lanes: CancelLanes | undefined = undefined) {
    this.#random = random
    this.#lanes = lanes ?? ALONE
  }

  /** A key for a session of such a version of the protocol, and what takes it back. */
  issue(
    { minor }: Pick<PostgresVersion, 'minor'>,
    cancel: () => void,
  ): { readonly key: CancelKey; readonly takeBack: () => void } {
    const processId = freeId(
      this.#lanes,
      () => this.#random.bytes(4).readUInt32BE(),
      id => this.#holders.has(id),
    )
    const secret = Buffer.from(this.#random.bytes(minor >= 2 ? SECRET_BYTES.long : SECRET_BYTES.old))
    this.#holders.set(processId, { secretHash: hashOf(secret), cancel })
    return {
      key: { processId, secret: new Redacted(secret) },
      takeBack: () => void this.#holders.delete(processId),
    }
  }

  /** Cancels what the key's session runs, in whichever process; says nothing of whether there is one, as the server does. */
  cancel(key: CancelKey): void {
    const lane = laneOf(key.processId >>> 0, this.#lanes)
    if (lane === this.#lanes.own) this.cancelHere(key)
    else this.#lanes.cancelIn?.(lane, key)
  }

  /** Cancels it where its session is one of this process. */
  cancelHere({ processId, secret }: CancelKey): void {
    const holder = this.#holders.get(processId)
    if (holder === undefined || !timingSafeEqual(holder.secretHash, hashOf(secret.reveal()))) return
    holder.cancel()
  }
}

function hashOf(secret: Buffer): Buffer {
  return hash('sha256', secret, 'buffer')
}
