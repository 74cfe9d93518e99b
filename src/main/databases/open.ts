import type { Catalog } from '../../catalog/model.ts'
import type { Config } from '../../config/model.ts'
import { systemClock, systemRandom } from '../../core/clock.ts'
import type { Engine } from '../../gateway/sql/ports.ts'
import type { SessionBegan } from '../../identity/databases/port.ts'
import { openDatabaseLogins } from '../../upstream/databases/logins.ts'
import type { Identities } from '../identities.ts'
import type { Log } from '../log.ts'
import type { EngineParts, OpenEngine } from './engine.ts'
import { openDatabaseIdentities } from './identities.ts'
import type { LanePost } from './lane-post.ts'
import { countClients } from './metrics.ts'
import { type Foundations, openSqlRooms } from './rooms.ts'
import { DatabaseServer } from './server.ts'

export interface DatabaseFoundations extends Foundations {
  readonly catalog: Catalog
  readonly identities: Identities
  readonly began: SessionBegan
  readonly post: LanePost
  readonly log: Log
}

/** Where clients of an engine reach the gate, as it came about: `host:port`. */
export type DatabaseAddresses = Partial<Readonly<Record<Engine, string>>>

/** The database side of one process. */
export interface Databases {
  /** Begins to take clients. Throws `address-unavailable`. */
  listen(): Promise<DatabaseAddresses>
  /** Takes no new clients, ends those that are at rest at once, and all others after `drainMs` at most. */
  close(drainMs: number): Promise<void>
}

const ENGINES = ['postgres', 'mysql'] as const

/** Opens what the configuration has; parsers and grammars are loaded for engines that somebody listens for. */
export async function openDatabases(config: Config, foundations: DatabaseFoundations): Promise<Databases> {
  const { catalog, log, post, trouble } = foundations
  const servers = new Map<Engine, DatabaseServer>()
  if (config.databases.postgres === undefined && config.databases.mysql === undefined) {
    return { listen: async () => ({}), close: async () => undefined }
  }
  const rooms = openSqlRooms(config, foundations)
  const sources = new Map(config.roles.map(role => [role.arn, role.upstream]))
  const logins = openDatabaseLogins({
    clock: systemClock,
    random: systemRandom,
    catalog,
    endpoints: config.aws.endpoints,
    roleSource: arn => sources.get(arn),
    note: (message, details) => log.warn(details, message),
  })
  const identitiesOf = openDatabaseIdentities(config, foundations, engine => servers.get(engine)?.ports ?? [])
  for (const engine of ENGINES) {
    const address = config.databases[engine]
    if (address === undefined) continue
    const parts = { rooms, identities: identitiesOf(engine), logins, post }
    const opened = await openEngine(engine, config, parts)
    servers.set(engine, new DatabaseServer(address, opened, { limits: config.limits, trouble }))
  }
  countClients(foundations.metrics, engine => servers.get(engine)?.clients ?? 0)
  return {
    async listen() {
      const addresses: Partial<Record<Engine, string>> = {}
      for (const [engine, server] of servers) addresses[engine] = await server.listen()
      return addresses
    },
    async close(drainMs) {
      await Promise.all([...servers.values()].map(server => server.close(drainMs)))
      logins.close()
    },
  }
}

async function openEngine(engine: Engine, config: Config, parts: EngineParts): Promise<OpenEngine> {
  if (engine === 'postgres') return (await import('./postgres.ts')).openPostgres(config, parts)
  return (await import('./mysql.ts')).openMysql(config, parts)
}
