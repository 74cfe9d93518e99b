import type { Random } from '../../core/clock.ts'
import type { JournalEvent } from '../event.ts'
import type { FittedEvent } from '../fit.ts'
import { isSealable, type SealedIn, sealEvent } from './event.ts'
import type { ContentOwner, LaneKeys } from './ports.ts'

/** What makes a journal one that is encrypted. */
export interface SealPorts {
  readonly keys: LaneKeys
  /** Whose content is what is done in a role; of nobody in particular: what has no role. */
  tenantOf(roleArn: string | undefined): string
}

/** Sessions whose tenant is kept in mind, for events that do not say their role. */
const MAX_SESSIONS = 65_536

/** Seals the events of one lane, each under the key of its session, or of what its tenant has without one. */
export class EventSealer {
  readonly #ports: SealPorts
  readonly #in: SealedIn
  readonly #random: Random
  /** The tenant by session, the one that was not seen for the longest time first. */
  readonly #tenants = new Map<string, string>()
  readonly #waiting = new Set<Promise<string>>()
  #waitingBytes = 0

  constructor(ports: SealPorts, sealedIn: SealedIn, random: Random) {
    this.#ports = ports
    this.#in = sealedIn
    this.#random = random
  }

  /** Bytes of events that wait for a key. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** The JSON of the event as it is recorded; at once, where its key is there. Rejects as `ContentKeys` does. */
  seal({ event, json, bytes }: FittedEvent): string | Promise<string> {
    if (!isSealable(event)) return json
    const { keys } = this.#ports
    const owner = this.#ownerOf(event)
    const known = keys.known(owner)
    if (known !== undefined) return sealEvent(event, known, this.#in, this.#random)
    const sealing = keys.current(owner).then(key => sealEvent(event, key, this.#in, this.#random))
    this.#waiting.add(sealing)
    this.#waitingBytes += bytes
    const done = (): void => {
      this.#waiting.delete(sealing)
      this.#waitingBytes -= bytes
    }
    sealing.then(done, done)
    return sealing
  }

  /** Waits for what waits for a key. */
  async settled(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.allSettled(this.#waiting)
  }

  /** Forgets the keys. */
  async close(): Promise<void> {
    await this.#ports.keys.close()
  }

  /** Whose content an event is. */
  #ownerOf(event: JournalEvent): ContentOwner {
    const { sessionId } = event
    const roleArn = 'principal' in event ? event.principal?.roleArn : undefined
    if (sessionId === undefined) return { tenant: this.#ports.tenantOf(roleArn) }
    const remembered = this.#tenants.get(sessionId)
    const tenant =
      roleArn === undefined && remembered !== undefined ? remembered : this.#ports.tenantOf(roleArn)
    this.#tenants.delete(sessionId)
    this.#tenants.set(sessionId, tenant)
    if (this.#tenants.size > MAX_SESSIONS) {
      const [oldest] = this.#tenants.keys()
      if (oldest !== undefined) this.#tenants.delete(oldest)
    }
    return { sessionId, tenant }
  }
}
