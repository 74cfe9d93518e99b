import type { Config } from '../config/model.ts'
import { systemClock, systemRandom } from '../core/clock.ts'
import { asGateError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import { EndsWriter } from '../gateway/sessions/ends-writer.ts'
import { SessionKills } from '../gateway/sessions/kills.ts'
import { LiveCalls } from '../gateway/sessions/live-calls.ts'
import { SessionTracker } from '../gateway/sessions/tracker.ts'
import { RevocationFeed } from '../identity/revocation-feed.ts'
import { Revocations } from '../identity/revocations.ts'
import type { Journal } from '../record/event.ts'
import type { Store } from '../store/open.ts'
import { afterMs } from './desk.ts'
import type { Log } from './log.ts'

/** The sessions that one process sees, and which of them were ended. */
export interface Sessions {
  /** The journal as calls write to it: they are counted. */
  readonly journal: Journal
  readonly liveCalls: LiveCalls
  readonly tracker: SessionTracker
  readonly feed: RevocationFeed
  readonly kills: SessionKills
  /** Whether a person has ended the session, as far as this process knows. */
  isEnded(principal: Principal): boolean
  /** Says of each session that the gate has stopped. */
  stop(): Promise<void>
}

interface Foundations {
  readonly store: Store
  readonly journal: Journal
  readonly log: Log
}

const ports = { clock: systemClock, random: systemRandom }
const steady = { now: (): number => performance.now() }

/** Resolves when it is known which sessions were ended. Throws `store-unavailable`. */
export async function openSessions(
  { record: { idleMs } }: Config,
  { store, journal, log }: Foundations,
): Promise<Sessions> {
  const revocations = new Revocations()
  const ends = new EndsWriter({
    journal,
    lost: count => log.error({ count }, 'ends of sessions were lost while the journal could not be written'),
  })
  const revokedBy: typeof revocations.of = principal => revocations.of(principal)
  const tracker = new SessionTracker({ ...ports, idleMs, revokedBy, ends, after: afterMs })
  const liveCalls = new LiveCalls({
    revokedBy,
    checkKnown: () => feed.check(),
    entered: principal => tracker.entered(principal),
    left: principal => tracker.left(principal),
  })
  const feed = new RevocationFeed({
    store,
    revocations,
    clock: systemClock,
    steady,
    after: afterMs,
    learnt() {
      liveCalls.cut()
      tracker.revoked()
    },
    report: error => reportTo(log, error),
  })
  await feed.begin()
  const kills = new SessionKills({
    ...ports,
    store,
    journal,
    take: sessionId => tracker.take(sessionId),
    tell: () => void feed.look(),
    later: end => ends.write(end),
  })
  return {
    journal: tracker.counting(journal),
    liveCalls,
    tracker,
    feed,
    kills,
    isEnded: principal => revokedBy(principal) !== undefined,
    async stop() {
      feed.stop()
      await tracker.stop()
    },
  }
}

/** Where this process takes orders, and its workers have the sessions. */
export function killsOfWorkers({ store, journal }: Foundations, tell: () => void): SessionKills {
  const ends = new EndsWriter({ journal, lost: () => undefined })
  return new SessionKills({
    ...ports,
    store,
    journal,
    take: () => ({ calls: 0, denied: 0, bytesIn: 0, bytesOut: 0 }),
    tell,
    later: end => ends.write(end),
  })
}

function reportTo(log: Log, error: unknown): void {
  if (error === undefined) {
    log.info('it is known again which sessions were ended')
    return
  }
  const { code, message } = asGateError(error)
  log.error({ code, reason: message }, 'it cannot be read which sessions were ended; soon no call will pass')
}
