import type { Clock } from '../../core/clock.ts'
import type { DatabaseSecret } from './secrets-manager.ts'

/** After this time a secret is read again, so that one that was rotated is found before it is needed. */
const FRESH_MS = 5 * 60_000
/** While it cannot be read, the last one is used for this long: the database still decides whether it is right. */
const STALE_MS = 60 * 60_000
/** After a reading that failed, or one for a refusal, it is not read again for so long: clients in a loop are none on AWS. */
const REREAD_MS = 10_000

export interface KeptSecretPorts {
  readonly clock: Clock
  readonly read: () => Promise<DatabaseSecret>
  /** It could not be read again, and the last one is still used. */
  readonly readFailed: (error: unknown) => void
}

/** One secret, read when it is needed and when it may have been rotated. One reading is under way at most. */
export class KeptSecret {
  readonly #ports: KeptSecretPorts
  #secret: DatabaseSecret | undefined
  #readAtMs = 0
  #triedAtMs = Number.NEGATIVE_INFINITY
  #pending: Promise<DatabaseSecret> | undefined
  /** Why the last reading failed. */
  #failure: unknown

  constructor(ports: KeptSecretPorts) {
    this.#ports = ports
  }

  /** The secret. Rejects as `read` does where none is known, or has not been for an hour. */
  async current(): Promise<DatabaseSecret> {
    const known = this.#secret
    const age = this.#ports.clock.now() - this.#readAtMs
    if (known === undefined || age >= STALE_MS) {
      if (this.#failure !== undefined && this.#pending === undefined && !this.#mayRead()) throw this.#failure
      return this.#read()
    }
    if (age < FRESH_MS || (this.#pending === undefined && !this.#mayRead())) return known
    try {
      return await this.#read()
    } catch (error) {
      this.#ports.readFailed(error)
      return known
    }
  }

  /** The secret that has come in the place of one that the database refused; undefined where none has. */
  async insteadOf(refused: DatabaseSecret): Promise<DatabaseSecret | undefined> {
    const known = this.#secret
    if (known !== undefined && isOther(known, refused)) return known
    if (this.#pending === undefined && !this.#mayRead()) return undefined
    try {
      const found = await this.#read()
      return isOther(found, refused) ? found : undefined
    } catch (error) {
      this.#ports.readFailed(error)
      return undefined
    }
  }

  #mayRead(): boolean {
    return this.#ports.clock.now() - this.#triedAtMs >= REREAD_MS
  }

  #read(): Promise<DatabaseSecret> {
    this.#pending ??= this.#fetch().finally(() => {
      this.#pending = undefined
    })
    return this.#pending
  }

  async #fetch(): Promise<DatabaseSecret> {
    this.#triedAtMs = this.#ports.clock.now()
    try {
      this.#secret = await this.#ports.read()
    } catch (error) {
      this.#failure = error
      throw error
    }
    this.#failure = undefined
    this.#readAtMs = this.#ports.clock.now()
    return this.#secret
  }
}

function isOther(a: DatabaseSecret, b: DatabaseSecret): boolean {
  return a.user !== b.user || a.password.reveal() !== b.password.reveal()
}
