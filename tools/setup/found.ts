/**
 * `make found`: a line for each server and client that the tests can use, with its version, or with what
 * is skipped without it. Starts none of them, installs nothing, and fails never.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { mariadbServer } from '../../test/harness/mariadb.ts'
import { isFromNpm, serverFolder } from '../../test/harness/postgres-programs.ts'
import { execute, pythonWith, which } from '../../test/harness/process.ts'

interface Sought {
  readonly name: string
  /** Where it is; undefined where it is missing. */
  readonly file: string | undefined
  /** What makes it say its version, on the first line; where that takes long, nothing is asked. */
  readonly ask?: readonly string[]
  /** What is not tested without it. */
  readonly without: string
}

const VERSION = ['--version']
const JARS = '/usr/share/java'

const program = (names: readonly string[], without: string, ask = VERSION): Sought => ({
  name: names[0] ?? '',
  file: names.map(name => which(name)).find(found => found !== undefined),
  ask,
  without,
})

const driver = (name: string, file: string, without: string): Sought => ({
  name,
  file: existsSync(file) && which('java') !== undefined ? file : undefined,
  without,
})

const module = async (name: string): Promise<Sought> => ({
  name,
  file: await pythonWith(name),
  ask: ['-c', `import importlib.metadata as of; print(of.version('${name}'))`],
  without: `${name} through the gate`,
})

async function sought(): Promise<readonly Sought[]> {
  const postgres = serverFolder()
  return [
    {
      name: postgres !== undefined && isFromNpm(postgres) ? 'PostgreSQL server of npm' : 'PostgreSQL server',
      file: postgres && join(postgres, 'postgres'),
      ask: VERSION,
      without: 'the PostgreSQL gate, the store of several replicas',
    },
    program(['psql'], 'psql through the gate, regression statements'),
    program(['pgbench'], 'pgbench through the gate'),
    program(['pg_dump'], 'pg_dump through the gate'),
    await module('psycopg'),
    driver(
      'PostgreSQL JDBC',
      process.env['POSTGRESQL_JDBC_JAR'] ?? `${JARS}/postgresql.jar`,
      'JDBC through the PostgreSQL gate',
    ),
    { name: 'MariaDB server', file: mariadbServer(), ask: VERSION, without: 'the MySQL gate' },
    program(['mysql', 'mariadb'], 'mysql through the gate'),
    program(['mariadb-dump', 'mysqldump'], 'dumps through the MySQL gate'),
    await module('pymysql'),
    driver(
      'MariaDB JDBC',
      process.env['MARIADB_JDBC_JAR'] ?? `${JARS}/mariadb-java-client.jar`,
      'JDBC through the MySQL gate',
    ),
    program(['aws'], 'the aws command through the gate', []),
    program(['go'], 'the SDK for Go, pgx', ['version']),
    program(['mvn'], 'the SDK for Java', []),
    program(['terraform'], 'Terraform through the gate', []),
  ]
}

async function line({ name, file, ask = [], without }: Sought): Promise<string> {
  if (file === undefined) return `missing  ${name.padEnd(26)}not tested: ${without}`
  if (ask.length === 0) return `found    ${name.padEnd(26)}${file}`
  const { code, stdout, stderr } = await execute(file, ask, { cwd: '/' })
  const said = (stdout || stderr).split('\n')[0]?.slice(0, 76)
  return `${code === 0 ? 'found  ' : 'broken '}  ${name.padEnd(26)}${said}`
}

for (const each of await Promise.all((await sought()).map(line))) console.log(each)
