import type { GateError } from '../core/errors.ts'
import type { AwsRooms } from '../gateway/aws/rooms.ts'
import type { LineRate } from './lines.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

export type Observer = AwsRooms['observer'] & {
  /** The event is absent where what went wrong is not told of one call. */
  trouble(eventId: string | undefined, error: GateError): void
}

/** Watches the calls for the metrics and the operator's log. */
export function createObserver(metrics: Metrics, log: Log, rate: LineRate): Observer {
  return {
    started: () => metrics.inFlight(1),
    held: change => metrics.held(change),
    decided: durationMs => metrics.decided(durationMs / 1000),
    ended(effect, service, outcome) {
      metrics.inFlight(-1)
      metrics.call(effect, service)
      if (outcome === undefined) return
      metrics.bytes('in', outcome.bytesIn)
      metrics.bytes('out', outcome.bytesOut)
      if (outcome.masked !== undefined) metrics.masked(outcome.masked.count)
    },
    trouble(eventId, error) {
      rate.line(leftOut => {
        const fields = { event: eventId, code: error.code, cause: causeOf(error.cause), ...leftOut }
        if (error.code === 'internal') log.error(fields, error.message)
        else log.warn(fields, error.message)
      })
    },
  }
}

/** What is known of a cause: never an object as it is, which could hold anything. */
function causeOf(cause: unknown): string | undefined {
  if (cause === undefined) return undefined
  if (!(cause instanceof Error)) return String(cause).slice(0, 500)
  return (cause.stack ?? `${cause.name}: ${cause.message}`).slice(0, 2000)
}
