import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selfSigned } from './certificate.ts'
import { startPostgres } from './postgres.ts'
import { GATE_PASSWORD, type MoreOfTheGate, startPostgresGate, type TestGate } from './postgres-gate.ts'

/** A gate that lets everything pass, before a server of its own, over TLS that clients verify in full. */
export interface ClientsWorld {
  readonly gate: TestGate
  /** URL of the database without the gate, as the administrator. */
  readonly straight: string
  /** Of the gate's certificate, PEM. */
  readonly authority: string
  /** For clients of libpq: host, port, user, password and TLS by the environment. */
  readonly env: NodeJS.ProcessEnv
  database(name: string): Promise<string>
  stop(): Promise<void>
}

/** Starts both; or gives why there is none. */
export async function clientsWorld(
  more?: MoreOfTheGate,
  settings: readonly string[] = [],
): Promise<ClientsWorld | { readonly missing: string }> {
  const server = await startPostgres({ settings })
  if ('missing' in server) return server
  const tls = await selfSigned()
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-clients-'))
  const authority = join(folder, 'authority.pem')
  writeFileSync(authority, tls.certificate)
  const gate = await startPostgresGate(server.port, tls, {
    ...more,
    rooms: { decide: () => ({ effect: 'allow', statements: [], obligations: [] }), ...more?.rooms },
  })
  return {
    gate,
    straight: server.url,
    authority,
    env: {
      PATH: process.env['PATH'],
      // libpq looks for keys and passwords there.
      HOME: folder,
      PGHOST: 'localhost',
      PGPORT: `${gate.port}`,
      PGUSER: 'agent',
      PGDATABASE: 'postgres',
      PGPASSWORD: GATE_PASSWORD,
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: authority,
    },
    database: name => server.database(name),
    async stop() {
      await gate.stop()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
