import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, POSTGRES_PASSWORD, type Postgres } from '../../test/harness/postgres.ts'
import { accountOf, serverAccount } from '../../test/harness/postgres-programs.ts'
import { start, which } from '../../test/harness/process.ts'

/** Something that clients of PostgreSQL come to, and whose processor time is counted. */
export interface Between {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

const DEBIAN = '/usr/sbin/pgbouncer'
/** Clients of it, and as many connections to the server: with session pooling each has one of its own. */
const CONNECTIONS = 200

/** Debian's pgbouncer with session pooling before a server; undefined where the machine has none. */
export async function startPgbouncer(server: Postgres): Promise<Between | undefined> {
  const program = pgbouncerProgram()
  if (program === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pgbouncer-'))
  const port = await freePort()
  writeFileSync(join(folder, 'users'), `"gate" "${POSTGRES_PASSWORD}"\n`)
  writeFileSync(join(folder, 'pgbouncer.ini'), configuration(folder, port, server.port))
  const account = serverAccount()
  for (const name of account === undefined ? [] : ['', 'users', 'pgbouncer.ini']) {
    chownSync(join(folder, name), account?.uid ?? 0, account?.gid ?? 0)
  }
  // It refuses to run as root.
  const name = accountOf('postgres') === undefined ? 'nobody' : 'postgres'
  const running = start(program, [...(account ? ['-u', name] : []), join(folder, 'pgbouncer.ini')])
  const stop = async (): Promise<void> => {
    await running.stop('SIGINT')
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await running.printed(/process up/)
    return { port, pid: running.child.pid ?? 0, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function configuration(folder: string, port: number, serverPort: number): string {
  return `
[databases]
postgres = host=127.0.0.1 port=${serverPort} dbname=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${folder}/users
pool_mode = session
max_client_conn = ${CONNECTIONS}
default_pool_size = ${CONNECTIONS}
log_connections = 0
log_disconnections = 0
`
}

/** Debian keeps it off the path of those who are not root. */
function pgbouncerProgram(): string | undefined {
  return which('pgbouncer') ?? (existsSync(DEBIAN) ? DEBIAN : undefined)
}
