/**
 * Asks, approves and spends in the store of the first argument (a path or a URL) until it is killed, several
 * at a time and in competition with others of its kind, over the questions that the second argument names.
 * Says of each change when it was acknowledged: what, request, version. Run by `store-crash.test.ts`.
 */
import { writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock, systemRandom } from '../../src/core/clock.ts'
import { GateError } from '../../src/core/errors.ts'
import { newId } from '../../src/core/id.ts'
import { Redacted } from '../../src/core/redacted.ts'
import type { AccessRequest, RequestEventKind } from '../../src/grants/model.ts'
import type { Change } from '../../src/grants/port.ts'
import { openStore } from '../../src/store/open.ts'
import { aGrant, anEvent, approved, aRequest, NOW, spent } from '../harness/store/samples.ts'

const [, , place = '', questions = ''] = process.argv
const store = await opened()

/** A database that is busy, or away, is there again in a while. */
async function opened(): ReturnType<typeof openStore> {
  for (;;) {
    try {
      return await openStore(
        place.startsWith('postgres:')
          ? { kind: 'postgres', url: new Redacted(place) }
          : { kind: 'sqlite', path: place },
      )
    } catch (error) {
      if (!(error instanceof GateError) || error.code !== 'store-unavailable') throw error
      await pause(5)
    }
  }
}

/** Each change brings exactly one event, so that the two can be counted against each other. */
function change(request: AccessRequest, what: RequestEventKind): Change {
  const usesLeft = request.grant?.usesLeft
  const details = usesLeft === undefined ? {} : { usesLeft }
  return {
    request,
    events: [anEvent(request, newId(systemClock, systemRandom), what, details)],
    deliveries: [],
  }
}

function acknowledge(what: string, { id, version }: AccessRequest): void {
  writeSync(1, `${what} ${id} ${version}\n`)
}

/** One step with the question, whoever made the one before. */
async function step(digest: string): Promise<void> {
  const found = await store.standingFor(digest, NOW)
  if (found === undefined) {
    const request = { ...aRequest(0), id: newId(systemClock, systemRandom), digest }
    const opened = await store.open(change(request, 'asked'), NOW)
    if (opened.id === request.id) acknowledge('asked', request)
    return
  }
  const next = found.grant === undefined ? approved(found, aGrant(3)) : spent(found)
  const what = found.grant === undefined ? 'approved' : 'spent'
  if (await store.replace(change(next, what))) acknowledge(what, next)
}

async function work(lane: number): Promise<never> {
  for (;;) {
    try {
      await step(`${questions}${lane}`)
    } catch (error) {
      if (!(error instanceof GateError) || error.code !== 'store-unavailable') throw error
      // The database is gone for a while: it comes back, and nothing was acknowledged.
      await pause(5)
    }
  }
}

await Promise.all([0, 1, 2].map(work))
