import type { JournalEvent } from '../../src/record/event.ts'
import { journalOf, STAND_IN_ENV, standInRole } from './caller.ts'
import { type GateOptions, type RunningGate, startGate } from './gate.ts'
import type { Issuer } from './issuer.ts'
import { execute, ROOT } from './process.ts'

export const ANALYST = 'arn:aws:iam::123456789012:role/analyst'

/** A gate that runs as its users run it, with databases behind it. */
export interface DatabaseGate {
  readonly gate: RunningGate
  /** `host:port` of each engine's listener. */
  readonly addresses: Readonly<Record<'postgres' | 'mysql', string>>
  /** What `sallyport token` prints for a subject in a role. */
  token(target: string, role?: string, subject?: string): Promise<string>
  /** All that was recorded by now. */
  events(): Promise<JournalEvent[]>
}

export interface DatabaseGateOptions extends Partial<GateOptions> {
  readonly issuer: Issuer
  /** IAM policy documents of the role `analyst`. */
  readonly policies: readonly object[]
  readonly targets: readonly object[]
  /** Which engines it listens for. */
  readonly engines: readonly ('postgres' | 'mysql')[]
  readonly databases?: object
}

/** The environment variable that has the password of the databases. */
export const PASSWORD_VARIABLE = 'DATABASE_PASSWORD'

export async function startDatabaseGate(options: DatabaseGateOptions): Promise<DatabaseGate> {
  const { issuer, policies, targets, engines, databases, config, env, roles, ...rest } = options
  const listening = Object.fromEntries(engines.map(engine => [engine, '127.0.0.1:0']))
  const gate = await startGate({
    issuer,
    roles: [standInRole(ANALYST, ...policies), ...(roles ?? [])],
    upstream: 'http://127.0.0.1:9',
    ...rest,
    env: { ...STAND_IN_ENV, ...env },
    config: { databases: { ...listening, ...databases }, targets, ...config },
  })
  return describe(gate, engines)
}

/** The same for a gate that was started again. */
export async function describe(
  gate: RunningGate,
  engines: readonly ('postgres' | 'mysql')[],
): Promise<DatabaseGate> {
  const found = { postgres: '', mysql: '' }
  for (const engine of engines) {
    const line = await gate.running.printed(new RegExp(`${engine} on (\\S+)`))
    found[engine] = line[1] ?? ''
  }
  return {
    gate,
    addresses: found,
    async token(target, role = ANALYST, subject = 'agent-7') {
      const port = found.postgres === '' ? found.mysql : found.postgres
      const args = ['token', '--target', target, '--port', port.split(':').at(-1) ?? '']
      const made = await execute(`${ROOT}/bin/sallyport`, args, {
        env: await gate.clientEnv(role, subject),
      })
      if (made.code !== 0) throw new Error(`no token: ${made.stderr}`)
      return made.stdout.trim()
    },
    events: () => journalOf(gate),
  }
}
