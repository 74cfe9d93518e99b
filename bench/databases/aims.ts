import type { DatabaseResults, LoadRow, WideRow } from './results.ts'

/** An aim, what came out, and whether it is met. */
export type Aim = readonly [aim: string, here: string, met: string]

/** The path with everything on, as all tables call it. */
export const GATE = 'gate'
export const GATE_OS = 'gate, durability: os'
export const BOUNCER = 'pgbouncer'
export const STRAIGHT = 'straight'
export const MASKED = 'gate, a column masked'

const SHARE_OF_BOUNCER = 0.8
const WIDE = 0.1
const WIDE_MASKED = 0.25
const ADDED_P50_MS = 0.2

/** The aims beside what was measured, also where they are missed; what was not measured has no line. */
export function aims({ postgres, wide }: DatabaseResults): Aim[] {
  const prepared = postgres.filter(({ what }) => what === 'prepared')
  return [
    ...perCore(prepared, GATE),
    ...perCore(prepared, GATE_OS),
    ...added(prepared, GATE),
    ...added(prepared, GATE_OS),
    ...longer(wide, GATE, WIDE, 'unmasked'),
    ...longer(wide, MASKED, WIDE_MASKED, 'with a masked column'),
  ]
}

function perCore(rows: readonly LoadRow[], name: string): Aim[] {
  return rows
    .filter(({ path }) => path === BOUNCER)
    .flatMap(bouncer => {
      const gate = rows.find(({ path, clients }) => path === name && clients === bouncer.clients)
      if (gate?.cpuUs === undefined || bouncer.cpuUs === undefined) return []
      const share = bouncer.cpuUs / gate.cpuUs
      const aim = `80% of pgbouncer's transactions/s per core, prepared, ${clientsOf(gate)}${unusual(name)}`
      return [[aim, `${(100 * share).toFixed(0)}%`, met(share >= SHARE_OF_BOUNCER)] as const]
    })
}

function added(rows: readonly LoadRow[], name: string): Aim[] {
  const alone = rows.filter(({ clients }) => clients === 1)
  const [straight, gate] = [STRAIGHT, name].map(each => alone.find(({ path }) => path === each)?.p50Ms)
  if (straight === undefined || gate === undefined) return []
  const ms = gate - straight
  return [
    [
      `added p50 under 0.2 ms, prepared, 1 client${unusual(name)}`,
      `${ms.toFixed(2)} ms`,
      met(ms < ADDED_P50_MS),
    ],
  ]
}

function longer(rows: readonly WideRow[], name: string, allowed: number, what: string): Aim[] {
  const straight = rows.find(({ path }) => path === STRAIGHT)
  const gate = rows.find(({ path }) => path === name)
  if (straight === undefined || gate === undefined) return []
  const more = gate.seconds / straight.seconds - 1
  const aim = `a million rows within ${100 * allowed}% of straight, ${what}`
  return [[aim, `${(100 * more).toFixed(0)}% longer`, met(more <= allowed)]]
}

/** What is not as every gate is that somebody starts. */
function unusual(name: string): string {
  return name === GATE ? '' : name.slice(GATE.length)
}

function clientsOf({ clients }: LoadRow): string {
  return `${clients} client${clients === 1 ? '' : 's'}`
}

function met(is: boolean): string {
  return is ? 'met' : '**missed**'
}
