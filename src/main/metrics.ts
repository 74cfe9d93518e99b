import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** The gate's metrics; names follow the Prometheus conventions. */
export interface Metrics {
  readonly registry: Registry
  /** One message ended: how, and for which service (`-` when it was not understood). */
  call(effect: 'allow' | 'deny' | 'refused', service: string): void
  /** Time that the gate itself took before forwarding, in seconds. */
  decided(seconds: number): void
  bytes(direction: 'in' | 'out', count: number): void
  inFlight(change: 1 | -1): void
  /** A call begins or ends to wait for people. */
  held(change: 1 | -1): void
  /** Values that were masked in a reply. */
  masked(values: number): void
}

const EFFECTS = ['allow', 'deny', 'refused'] as const

/** What every call counts is added up here, and told to the registry when somebody reads it: it hashes labels each time. */
export function createMetrics(registry: Registry = new Registry()): Metrics {
  const registers = [registry]
  const callsSince = new Map(EFFECTS.map(effect => [effect, new Map<string, number>()]))
  const bytesSince = new Map<string, number>()
  new Counter({
    name: 'sallyport_calls_total',
    help: 'Calls by effect and service',
    labelNames: ['effect', 'service'],
    registers,
    collect() {
      for (const [effect, services] of callsSince) {
        for (const [service, count] of services) this.inc({ effect, service }, count)
        services.clear()
      }
    },
  })
  const overhead = new Histogram({
    name: 'sallyport_decision_seconds',
    help: 'From the head of a call to its durable decision',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
    registers,
  })
  new Counter({
    name: 'sallyport_bytes_total',
    help: 'Bytes of bodies by direction, seen from the client',
    labelNames: ['direction'],
    registers,
    collect() {
      for (const [direction, count] of bytesSince) this.inc({ direction }, count)
      bytesSince.clear()
    },
  })
  const open = new Gauge({ name: 'sallyport_calls_in_flight', help: 'Calls that have not ended', registers })
  const waiting = new Gauge({
    name: 'sallyport_calls_held',
    help: 'Calls that wait for a person, with their connection open',
    registers,
  })
  const values = new Counter({
    name: 'sallyport_masked_values_total',
    help: 'Values that were masked in replies',
    registers,
  })
  return {
    registry,
    call: (effect, service) => add(callsSince.get(effect), service, 1),
    decided: seconds => overhead.observe(seconds),
    bytes: (direction, count) => add(bytesSince, direction, count),
    inFlight: change => (change === 1 ? open.inc() : open.dec()),
    held: change => (change === 1 ? waiting.inc() : waiting.dec()),
    masked: count => values.inc(count),
  }
}

function add(sums: Map<string, number> | undefined, name: string, count: number): void {
  sums?.set(name, (sums.get(name) ?? 0) + count)
}
