import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { selfSigned } from './certificate.ts'
import {
  ANALYST,
  type DatabaseGate,
  type DatabaseGateOptions,
  describe,
  PASSWORD_VARIABLE,
  startDatabaseGate,
} from './databases.ts'
import type { RunningGate } from './gate.ts'
import { createIssuer, type Issuer } from './issuer.ts'
import { type Mariadb, startMariadb } from './mariadb.ts'
import { POSTGRES_PASSWORD, type Postgres, startPostgres } from './postgres.ts'
import { cleanEnv, execute, type Finished, ROOT } from './process.ts'

const ENGINES = ['postgres', 'mysql'] as const
type Engine = (typeof ENGINES)[number]

/** The servers that the machine has; those that it has not say why. */
export interface Servers {
  readonly postgres: Postgres | undefined
  readonly mysql: Mariadb | undefined
  /** Why tests of an engine, or of both, are skipped; false where they are not. */
  missing(...engines: readonly Engine[]): string | false
  stop(): Promise<void>
}

export async function startServers(): Promise<Servers> {
  const [postgres, mariadb] = await Promise.all([startPostgres(), startMariadb()])
  const found = {
    postgres: 'missing' in postgres ? undefined : postgres,
    mysql: 'missing' in mariadb ? undefined : mariadb,
  }
  const reasons = {
    postgres: 'missing' in postgres ? postgres.missing : false,
    mysql: 'missing' in mariadb ? mariadb.missing : false,
  } as const
  if (found.mysql !== undefined) await prepareMariadb(found.mysql)
  return {
    ...found,
    missing: (...engines) =>
      (engines.length === 0 ? ENGINES : engines).map(each => reasons[each]).find(Boolean) ?? false,
    async stop() {
      await found.postgres?.stop()
      await found.mysql?.stop()
    },
  }
}

/** The gate's user, with a password as in real life, and a database. */
async function prepareMariadb({ port, user }: Mariadb): Promise<void> {
  const root = await mysql.createConnection({ connectTimeout: 0, host: '127.0.0.1', port, user })
  for (const sql of [
    'create database shop',
    `create user gate@'%' identified by '${POSTGRES_PASSWORD}'`,
    "grant all on shop.* to gate@'%'",
  ]) {
    await root.query(sql)
  }
  await root.end()
}

export interface WorldOptions extends Omit<Partial<DatabaseGateOptions>, 'policies'> {
  readonly servers: Servers
  /** IAM policy documents of the role `analyst`. */
  readonly policies: readonly object[]
}

/**
 * A gate as its users run it, over TLS with a certificate for `localhost`, with the targets `orders` (PostgreSQL) and `shop`
 * (MariaDB) as far as the machine has them; people of an identity provider may approve.
 */
export interface DatabaseWorld {
  readonly started: DatabaseGate
  readonly issuer: Issuer
  readonly people: Issuer
  /** The gate by the name that is in its certificate, which this process trusts. */
  readonly byName: RunningGate
  /** PEM file of whom clients trust. */
  readonly ca: string
  port(engine: Engine): number
  /** What the commands of somebody of the role `analyst` run with: an identity token, and the way to the gate. */
  env(subject?: string): Promise<NodeJS.ProcessEnv>
  /** What `sallyport token` prints; one for all connections of somebody, as long as this gate runs. */
  token(target: string, subject?: string): Promise<string>
  /** A client of `orders`, connected. */
  pg(subject?: string, config?: pg.ClientConfig): Promise<pg.Client>
  /** A client of `shop`, connected. */
  mysql(subject?: string, config?: mysql.ConnectionOptions): Promise<mysql.Connection>
  /** `psql` at `orders`, which verifies the gate in full. */
  psql(args: readonly string[], subject?: string, input?: string): Promise<Finished>
  /** `mysql` at `shop`, which verifies the gate in full. */
  mysqlProgram(args: readonly string[], subject?: string, input?: string): Promise<Finished>
  /** `sallyport …` as the holder of a token at the admin address; without one, as who reads the data folder. */
  sallyport(args: readonly string[], token?: string): Promise<Finished>
  /** The same gate again, after it has ended by such a signal. */
  restart(signal?: NodeJS.Signals): Promise<DatabaseWorld>
  stop(): Promise<void>
}

export async function startDatabaseWorld(options: WorldOptions): Promise<DatabaseWorld> {
  const { servers, issuer = await createIssuer('https://issuer.example'), ...rest } = options
  const people = options.people ?? (await createIssuer('https://idp.example'))
  const tls = await selfSigned()
  const engines = rest.engines ?? ENGINES.filter(engine => servers[engine] !== undefined)
  const started = await startDatabaseGate({
    ...rest,
    ...{ issuer, people, engines },
    targets: rest.targets ?? targetsOf(servers),
    env: { [PASSWORD_VARIABLE]: POSTGRES_PASSWORD, ...rest.env },
    files: { 'gate.crt': tls.certificate, 'gate.key': tls.key, ...rest.files },
    config: { tls: { certificate: 'gate.crt', key: 'gate.key' }, ...rest.config },
  })
  return worldOf(started, { issuer, people, engines })
}

/** The targets of what there is. */
export function targetsOf({ postgres, mysql: mariadb }: Pick<Servers, Engine>): object[] {
  const rest = {
    ...{ host: '127.0.0.1', user: 'gate', tls: { enabled: false } },
    auth: { environment: PASSWORD_VARIABLE },
  }
  return [
    ...(postgres
      ? [{ name: 'orders', engine: 'postgres', port: postgres.port, database: 'postgres', ...rest }]
      : []),
    ...(mariadb ? [{ name: 'shop', engine: 'mysql', port: mariadb.port, database: 'shop', ...rest }] : []),
  ]
}

interface Rest {
  readonly issuer: Issuer
  readonly people: Issuer
  readonly engines: readonly Engine[]
}

function worldOf(started: DatabaseGate, rest: Rest): DatabaseWorld {
  const { gate, addresses } = started
  const ca = join(gate.folder, 'gate.crt')
  const tokens = new Map<string, Promise<string>>()
  const port = (engine: Engine): number => Number(addresses[engine].split(':').at(-1))
  const env = async (subject?: string): Promise<NodeJS.ProcessEnv> => ({
    ...(await gate.clientEnv(ANALYST, subject)),
    AWS_ENDPOINT_URL: byName(gate.endpoint),
    NODE_EXTRA_CA_CERTS: ca,
  })
  const make = async (target: string, subject?: string): Promise<string> => {
    const at = port(target === 'shop' ? 'mysql' : 'postgres')
    const args = ['token', '--target', target, '--port', `${at}`]
    const made = await execute(SALLYPORT, args, { env: await env(subject), cwd: gate.folder })
    if (made.code !== 0) throw new Error(`no token: ${made.stderr}`)
    return made.stdout.trim()
  }
  const token = (target: string, subject?: string): Promise<string> => {
    const key = `${target} ${subject}`
    const known = tokens.get(key) ?? make(target, subject)
    tokens.set(key, known)
    return known
  }
  const usual = { host: 'localhost', user: 'analyst' }
  setDefaultCACertificates([...getCACertificates(), readFileSync(ca, 'utf8')])
  const ssl = { ca: readFileSync(ca, 'utf8') }
  return {
    byName: { ...gate, endpoint: byName(gate.endpoint), admin: byName(gate.admin) },
    ...{ started, issuer: rest.issuer, people: rest.people, ca, port, env, token },
    async pg(subject, config = {}) {
      const password = config.password ?? (await token('orders', subject))
      const client = new pg.Client({
        ...usual,
        port: port('postgres'),
        database: 'orders',
        ssl,
        ...config,
        password,
      })
      client.on('error', () => undefined)
      await client.connect()
      return client
    },
    async mysql(subject, config = {}) {
      const password = config.password ?? (await token('shop', subject))
      const place = { ...usual, port: port('mysql'), database: 'shop', ssl: { ...ssl, verifyIdentity: true } }
      const client = await mysql.createConnection({ connectTimeout: 0, ...place, ...config, password })
      client.on('error', () => undefined)
      return client
    },
    async psql(args, subject, input = '') {
      const place = `host=localhost port=${port('postgres')} dbname=orders user=analyst`
      return execute('psql', ['-X', `${place} sslmode=verify-full sslrootcert=${ca}`, ...args], {
        env: cleanEnv({ PGPASSWORD: await token('orders', subject), LC_ALL: 'C.UTF-8' }),
        input,
      })
    },
    async mysqlProgram(args, subject, input = '') {
      const place = ['--no-defaults', '--protocol=TCP', '--host=localhost', `--port=${port('mysql')}`]
      const verify = ['--ssl-verify-server-cert', `--ssl-ca=${ca}`, '--user=analyst', '--database=shop']
      return execute('mysql', [...place, ...verify, ...args], {
        env: cleanEnv({ MYSQL_PWD: await token('shop', subject), LC_ALL: 'C.UTF-8' }),
        input,
      })
    },
    sallyport: (args, as) =>
      execute(SALLYPORT, args, {
        cwd: gate.folder,
        env: cleanEnv({
          ...{ HOME: gate.folder, NODE_EXTRA_CA_CERTS: ca, SALLYPORT_URL: byName(gate.admin), NO_COLOR: '1' },
          ...(as === undefined ? {} : { SALLYPORT_TOKEN: as }),
        }),
      }),
    async restart(signal) {
      return worldOf(await describe(await gate.restart(signal), rest.engines), rest)
    },
    stop: () => gate.stop(),
  }
}

const SALLYPORT = join(ROOT, 'bin/sallyport')

/** The certificate is for the name. */
function byName(url: string): string {
  return url.replace('127.0.0.1', 'localhost')
}
