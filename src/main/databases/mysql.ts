import type { Config } from '../../config/model.ts'
import type { TargetConfig } from '../../config/model-databases.ts'
import type { Killer } from '../../gateway/mysql/connection-ids.ts'
import type { KillKind, MysqlTarget } from '../../gateway/mysql/ports.ts'
import { type MysqlGate, mysqlGate } from '../../gateway/mysql/serve.ts'
import { openMysqlSession } from '../../gateway/mysql/session.ts'
import { openQueryParser } from '../../interpret/sql/mysql/parse/parser.ts'
import type { DatabaseLogins } from '../../upstream/databases/logins.ts'
import { connectMysql, killMysql } from '../../upstream/mysql/connect.ts'
import { afterMs } from '../desk.ts'
import { clientEncryption } from './encryption.ts'
import type { EngineParts, OpenEngine } from './engine.ts'
import type { LanePost } from './lane-post.ts'
import { CONNECT_MS, serverPlace, sqlPlace } from './places.ts'

/** What one process asks of another: to kill a connection there. */
interface Kill {
  readonly by: Killer
  readonly id: number
  readonly kind: KillKind
}

/** utf8mb4_general_ci, which all servers know. */
const COLLATION = 45

/** Opens the MySQL side of the gate. The configuration has TLS: MySQL's clients give passwords over nothing else. */
export function openMysql(config: Config, parts: EngineParts): OpenEngine {
  const { rooms, identities, logins, post } = parts
  const encryption = clientEncryption(config)
  if (encryption === undefined) throw new Error('a configuration with `databases.mysql` has `tls`')
  const parser = openQueryParser({ after: afterMs })
  const targets = new Map(
    config.targets
      .filter(({ engine }) => engine === 'mysql')
      .map(target => [target.name, openTarget(target, logins)]),
  )
  const { greetingMs, idleMs, localInfile, mysqlVersion } = config.databases
  const gate = mysqlGate(
    {
      ...rooms,
      identify: claimed => identities.identify(claimed),
      target: name => targets.get(name),
      parser,
    },
    openMysqlSession,
    {
      ...{ encryption, greetingMs, idleMs, localFiles: localInfile },
      ...(mysqlVersion === undefined ? {} : { serverVersion: mysqlVersion }),
      lanes: {
        ...post.lanes,
        async killIn(lane, { arn, issuer, subject }, id, kind) {
          const order: Kill = { by: { arn, issuer, subject }, id, kind }
          return (await post.ask(lane, 'mysql-kill', order)) === 'done' ? 'done' : 'unknown'
        },
      },
    },
  )
  killsFor(gate, post)
  return { gate, close: () => parser.close() }
}

function openTarget(target: TargetConfig, logins: DatabaseLogins): MysqlTarget {
  const place = serverPlace(target)
  const login = logins.at(target)
  const { database } = target
  return {
    place: sqlPlace(target),
    connections: target.clients,
    readsVersionComments: target.readsVersionComments,
    connect: (principal, wishes, signal) =>
      login.connect(principal, ({ user, password }) =>
        connectMysql(place, { user, database, password, ...wishes }, { timeoutMs: CONNECT_MS, signal }),
      ),
    kill: (principal, id, kind) =>
      login.connect(principal, ({ user, password }) => {
        const own = { user, database, password, capabilities: 0, collation: COLLATION, attributes: [] }
        return killMysql(place, own, id, kind, { timeoutMs: CONNECT_MS })
      }),
  }
}

function killsFor(gate: MysqlGate, post: LanePost): void {
  post.on('mysql-kill', order => {
    const { by, id, kind } = order as Kill
    return gate.kill(by, id, kind)
  })
}
