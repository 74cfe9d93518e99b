import { hash, timingSafeEqual } from 'node:crypto'
import type { Random } from '../../core/clock.ts'
import { Redacted } from '../../core/redacted.ts'
import type { CancelKey, PostgresVersion } from '../../wire/postgres/messages.ts'

/**
 * Bytes of a secret: clients of protocol 3.0 take no other length, and 32 is what servers of 3.2 give.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-BACKENDKEYDATA
 */
const SECRET_BYTES = { old: 4, long: 32 }
const ATTEMPTS = 16

interface Holder {
  readonly secretHash: Buffer
  readonly cancel: () => void
}

/**
 * The keys by which clients cancel what they run. They are the gate's own: those of the server never leave the gate, so that
 * nobody cancels by a key that was guessed or seen elsewhere what is another's.
 */
export class CancelKeys {
  readonly #random: Random
  readonly #holders = new Map<number, Holder>()

  constructor(random: Random) {
    this.#random = random
  }

  /** A key for a session of such a version of the protocol, and what takes it back. */
  issue(
    { minor }: Pick<PostgresVersion, 'minor'>,
    cancel: () => void,
  ): { readonly key: CancelKey; readonly takeBack: () => void } {
    const processId = this.#freeId()
    const secret = Buffer.from(this.#random.bytes(minor >= 2 ? SECRET_BYTES.long : SECRET_BYTES.old))
    this.#holders.set(processId, { secretHash: hashOf(secret), cancel })
    return {
      key: { processId, secret: new Redacted(secret) },
      takeBack: () => void this.#holders.delete(processId),
    }
  }

  /** Cancels what the key's session runs; says nothing of whether there is one, as the server does. */
  cancel({ processId, secret }: CancelKey): void {
    const holder = this.#holders.get(processId)
    if (holder === undefined || !timingSafeEqual(holder.secretHash, hashOf(secret.reveal()))) return
    holder.cancel()
  }

  #freeId(): number {
    for (let i = 0; i < ATTEMPTS; i++) {
      const id = this.#random.bytes(4).readUInt32BE() & 0x7fff_ffff
      if (id !== 0 && !this.#holders.has(id)) return id
    }
    let id = 1
    while (this.#holders.has(id)) id++
    return id
  }
}

function hashOf(secret: Buffer): Buffer {
  return hash('sha256', secret, 'buffer')
}
