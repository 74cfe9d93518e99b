import { Gauge } from 'prom-client'
import type { Engine, SqlRecorder } from '../../gateway/sql/ports.ts'
import type { Metrics } from '../metrics.ts'

export interface DatabaseMetrics extends Pick<Metrics, 'registry' | 'call' | 'bytes' | 'masked'> {}

/** Counts what is recorded: statements as calls of the service `sql`. */
export function countedRecorder(recorder: SqlRecorder, metrics: DatabaseMetrics): SqlRecorder {
  return {
    newEventId: () => recorder.newEventId(),
    resultBytes: question => recorder.resultBytes(question),
    decision(eventId, progress, facts) {
      metrics.call(progress.decision?.effect === 'allow' ? 'allow' : 'deny', 'sql')
      return recorder.decision(eventId, progress, facts)
    },
    refusal(eventId, progress, facts, error) {
      metrics.call('refused', 'sql')
      return recorder.refusal(eventId, progress, facts, error)
    },
    outcome(eventId, progress, outcome, startMs) {
      metrics.bytes('in', outcome.bytesIn)
      metrics.bytes('out', outcome.bytesOut)
      if (outcome.masked !== undefined) metrics.masked(outcome.masked.count)
      return recorder.outcome(eventId, progress, outcome, startMs)
    },
  }
}

/** Clients of databases that are connected, by engine; asked for when somebody reads the metrics. */
export function countClients({ registry }: DatabaseMetrics, clients: (engine: Engine) => number): void {
  new Gauge({
    name: 'sallyport_database_clients',
    help: 'Clients of databases that are connected, by engine',
    labelNames: ['engine'],
    registers: [registry],
    collect() {
      for (const engine of ['postgres', 'mysql'] as const) this.set({ engine }, clients(engine))
    },
  })
}
