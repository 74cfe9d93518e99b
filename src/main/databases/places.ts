import type { TargetConfig, TargetTls } from '../../config/model-databases.ts'
import type { SqlPlace } from '../../interpret/sql/ask.ts'
import { rdsAuthorities } from '../../upstream/databases/authorities.ts'
import type { MysqlPlace } from '../../upstream/mysql/port.ts'
import type { PostgresPlace } from '../../upstream/postgres/port.ts'

/** How long a database may take to let the gate in, ms: the address, TLS and the login. */
export const CONNECT_MS = 15_000

/** What resources of statements are named by. */
export function sqlPlace({ region, account, name, database }: TargetConfig): SqlPlace {
  return { region, account, target: name, database }
}

/** Where the server is, and who may say that it is the one. */
export function serverPlace({ host, port, tls }: TargetConfig): PostgresPlace & MysqlPlace {
  return { host, port, tls: serverTls(tls) }
}

function serverTls(tls: TargetTls): PostgresPlace['tls'] {
  if (tls.kind === 'none') return tls
  const named = tls.name === undefined ? {} : { name: tls.name }
  if (tls.authorities === 'system') return { kind: 'verify', ...named }
  return { kind: 'verify', ca: tls.authorities === 'rds' ? rdsAuthorities() : tls.authorities.pem, ...named }
}
