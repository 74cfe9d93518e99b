import type { Config } from '../../config/model.ts'
import type { TargetConfig } from '../../config/model-databases.ts'
import { systemClock, systemRandom } from '../../core/clock.ts'
import { Redacted } from '../../core/redacted.ts'
import type { PostgresTarget } from '../../gateway/postgres/ports.ts'
import { type PostgresGate, postgresGate } from '../../gateway/postgres/serve.ts'
import { SharedCatalog } from '../../gateway/postgres/shared-catalog.ts'
import { openParser, type SqlParser } from '../../interpret/sql/postgres/parse/parser.ts'
import type { DatabaseLogins } from '../../upstream/databases/logins.ts'
import { cancelPostgres, connectPostgres } from '../../upstream/postgres/connect.ts'
import { afterMs } from '../desk.ts'
import { clientEncryption } from './encryption.ts'
import type { EngineParts, OpenEngine } from './engine.ts'
import type { LanePost } from './lane-post.ts'
import { CONNECT_MS, serverPlace, sqlPlace } from './places.ts'

/** What one process says to another: that a client wants to cancel there. */
interface Cancel {
  readonly processId: number
  /** Base64. */
  readonly secret: string
}

/** Opens the PostgreSQL side of the gate. */
export function openPostgres(config: Config, parts: EngineParts): OpenEngine {
  const { rooms, identities, logins, post } = parts
  const parser = openParser({ after: afterMs })
  const targets = new Map(
    config.targets
      .filter(({ engine }) => engine === 'postgres')
      .map(target => [target.name, openTarget(target, logins, parser)]),
  )
  const encryption = clientEncryption(config)
  const { greetingMs, idleMs } = config.databases
  const gate = postgresGate(
    {
      ...rooms,
      identify: claimed => identities.identify(claimed),
      offered: claim => identities.offered(claim),
      target: name => targets.get(name),
      parser,
    },
    {
      ...(encryption === undefined ? { allowPlain: true } : { encryption }),
      ...{ greetingMs, idleMs },
      lanes: {
        ...post.lanes,
        cancelIn: (lane, { processId, secret }) => {
          const order: Cancel = { processId, secret: secret.reveal().toString('base64') }
          post.tell(lane, 'postgres-cancel', order)
        },
      },
    },
  )
  cancelsFor(gate, post)
  return {
    gate,
    async close() {
      for (const { catalog } of targets.values()) catalog.close()
      await parser.close()
    },
  }
}

function openTarget(target: TargetConfig, logins: DatabaseLogins, parser: SqlParser): PostgresTarget {
  const place = serverPlace(target)
  const login = logins.at(target)
  const ports = { timeoutMs: CONNECT_MS, random: systemRandom }
  return {
    place: sqlPlace(target),
    connections: target.clients,
    connect: (principal, settings, signal) =>
      login.connect(principal, ({ user, password }) =>
        connectPostgres(place, { user, database: target.database, password, settings }, { ...ports, signal }),
      ),
    cancel: key => cancelPostgres(place, key, ports),
    catalog: new SharedCatalog({ parser, clock: systemClock, after: afterMs }),
  }
}

function cancelsFor(gate: PostgresGate, post: LanePost): void {
  post.on('postgres-cancel', async order => {
    const { processId, secret } = order as Cancel
    gate.cancel({ processId, secret: new Redacted(Buffer.from(secret, 'base64')) })
  })
}
