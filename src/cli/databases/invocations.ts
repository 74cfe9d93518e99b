import { WrongUsage } from './options.ts'
import type { DatabasePorts, Engine, Invocation } from './ports.ts'

/** Where a client of a database goes, and as whom. */
export interface Destination {
  readonly engine: Engine
  readonly target: string
  readonly user: string
  readonly gate: { readonly host: string; readonly port: number }
  /** `verified`: TLS, with the gate's name in a certificate of these authorities. `none`: in the clear, on this machine. */
  readonly tls: { readonly kind: 'verified'; readonly ca: string } | { readonly kind: 'none' }
  /** Of the user, for the program. */
  readonly extra: readonly string[]
}

/** psql, or the mysql that is here, as it is to be run. The password is in neither. */
export async function invocationOf(
  destination: Destination,
  ports: Pick<DatabasePorts, 'versionOf'>,
): Promise<Invocation> {
  return destination.engine === 'postgres' ? psql(destination) : mysql(destination, ports)
}

/** https://www.postgresql.org/docs/current/libpq-envars.html */
function psql({ target, user, gate, tls, extra }: Destination): Invocation {
  return {
    program: 'psql',
    args: extra,
    env: {
      PGHOST: gate.host,
      PGPORT: String(gate.port),
      PGUSER: user,
      PGDATABASE: target,
      PGGSSENCMODE: 'disable',
      ...(tls.kind === 'none'
        ? { PGSSLMODE: 'disable' }
        : { PGSSLMODE: 'verify-full', PGSSLROOTCERT: tls.ca }),
    },
    passwordIn: 'PGPASSWORD',
  }
}

/**
 * MySQL's client and MariaDB's go by one name and have different words for TLS. Both send the password whole, within TLS, as
 * `caching_sha2_password` has it.
 */
async function mysql(
  { target, user, gate, tls, extra }: Destination,
  { versionOf }: Pick<DatabasePorts, 'versionOf'>,
): Promise<Invocation> {
  const version = await versionOf('mysql')
  const program = version === undefined ? 'mariadb' : 'mysql'
  const isMariadb = version === undefined || version.includes('MariaDB')
  if (tls.kind === 'none')
    throw new WrongUsage('clients of MySQL send their password over TLS alone: the gate needs `tls`')
  const secured = isMariadb ? ['--ssl', '--ssl-verify-server-cert'] : ['--ssl-mode=VERIFY_IDENTITY']
  const place = [`--host=${gate.host}`, `--port=${gate.port}`, '--protocol=TCP', `--user=${user}`]
  return {
    program,
    args: [...place, ...secured, `--ssl-ca=${tls.ca}`, `--database=${target}`, ...extra],
    env: {},
    passwordIn: 'MYSQL_PWD',
  }
}

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/

/** The invocation as a line for a shell, with `password` as the command that prints it. */
export function asShell({ program, args, env, passwordIn }: Invocation, password: readonly string[]): string {
  const quoted = (text: string): string => (PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)
  const set = Object.entries(env).map(([name, value]) => `${name}=${quoted(value)}`)
  const making = password.map(quoted).join(' ')
  return [...set, `${passwordIn}="$(${making})"`, program, ...args.map(quoted)].join(' ')
}
