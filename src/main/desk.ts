import { join } from 'node:path'
import type { Config } from '../config/model.ts'
import { systemClock, systemRandom } from '../core/clock.ts'
import { Approvals } from '../grants/approvals.ts'
import type { Desk } from '../grants/desk.ts'
import type { RequestEvent } from '../grants/model.ts'
import type { AccessRequestEvent, Journal } from '../record/event.ts'
import { openStore, type Store } from '../store/open.ts'

/** Where people are asked, and what it is kept in; one for each process. */
export interface OpenDesk {
  readonly desk: Desk
  readonly store: Store
  /** Keys that all replicas share, 32 bytes each. */
  readonly digestKey: Buffer
  readonly maskKey: Buffer
  close(): Promise<void>
}

const POLL_MS = 500

/** Opens the store and the desk over it. Throws `store-unavailable`, `store-newer`. */
export async function openDesk(config: Config, journal: Journal): Promise<OpenDesk> {
  const { store: where, approvals } = config
  const store = await openStore(
    where.kind === 'sqlite' ? { kind: 'sqlite', path: join(config.data, 'store', 'grants.sqlite') } : where,
  )
  const digestKey = await store.secret('digest', systemRandom.bytes(32))
  const maskKey = await store.secret('mask', systemRandom.bytes(32))
  const desk = new Approvals({
    store,
    clock: systemClock,
    random: systemRandom,
    channels: config.notify.map(({ name }) => name),
    record: async events => {
      await Promise.all(events.map(event => journal.append(recorded(event))))
    },
    limits: {
      openForMs: approvals.openForMs,
      keepForMs: approvals.keepForMs,
      pendingPerPrincipal: approvals.pendingPerPrincipal,
      maxScopeMs: approvals.maxStandingMs,
    },
    poll: { every: POLL_MS, after: afterMs },
  })
  return { desk, store, digestKey, maskKey, close: () => store.close() }
}

/** Standing access is asked for outside of any session. */
function recorded({ sessionId, ...event }: RequestEvent): AccessRequestEvent {
  return { type: 'access-request', ...event, ...(sessionId === '' ? {} : { sessionId }) }
}

/** Runs something later; gives what takes it back. Keeps no process alive. */
export function afterMs(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs)
  timer.unref()
  return () => clearTimeout(timer)
}
