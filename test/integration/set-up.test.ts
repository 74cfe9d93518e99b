import assert from 'node:assert/strict'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { serverFolder } from '../harness/postgres-programs.ts'
import { execute, ROOT, which } from '../harness/process.ts'

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A checkout with the scripts of set-up alone, and a path with what a shell needs and these programs. */
function checkout(programs: Readonly<Record<string, string>>): { cwd: string; env: NodeJS.ProcessEnv } {
  const cwd = mkdtempSync(join(tmpdir(), 'sallyport-setup-'))
  folders.push(cwd)
  cpSync(join(ROOT, 'tools/setup'), join(cwd, 'tools/setup'), { recursive: true })
  const bin = join(cwd, 'bin')
  mkdirSync(bin)
  for (const name of ['sh', 'dirname', 'cmp', 'cp', 'mkdir', 'rm'])
    symlinkSync(which(name) ?? name, join(bin, name))
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return { cwd, env: { PATH: bin } }
}

const SERVERS = [
  'initdb',
  'pg_ctl',
  'postgres',
  'psql',
  'pg_dump',
  'pgbench',
  'mariadbd',
  'mariadb-install-db',
]
const ALL = [...SERVERS, 'mysql', 'mariadb-dump', 'python3', 'java']
const doNothing = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map(name => [name, 'exit 0']))

test('where all is there, set-up of databases says nothing and does nothing', async () => {
  const { cwd, env } = checkout({ ...doNothing(ALL), 'apt-get': 'exit 1', id: 'echo 0' })
  const jars = { POSTGRESQL_JDBC_JAR: '/bin/sh', MARIADB_JDBC_JAR: '/bin/sh' }
  const done = await execute('/bin/sh', ['tools/setup/databases.sh'], { cwd, env: { ...env, ...jars } })
  assert.deepEqual(done, { code: 0, stdout: '', stderr: '' })
})

test('what is missing, and cannot be installed, is named in one line, and is no failure', async () => {
  const programs = ALL.filter(name => name !== 'mysql')
  const { cwd, env } = checkout({ ...doNothing(programs), id: 'echo 1000' })
  const jars = { POSTGRESQL_JDBC_JAR: '/bin/sh', MARIADB_JDBC_JAR: '/nowhere' }
  const done = await execute('/bin/sh', ['tools/setup/databases.sh'], { cwd, env: { ...env, ...jars } })
  assert.deepEqual(done, {
    code: 0,
    stdout:
      'setup: missing, and what needs it is skipped; Debian: apt-get install --no-install-recommends mariadb-client libmariadb-java\n',
    stderr: '',
  })
})

test('without Python, its clients are said to be missing, and nothing fails', async () => {
  const { cwd, env } = checkout(doNothing([]))
  const done = await execute('/bin/sh', ['tools/setup/sql-python.sh'], { cwd, env })
  assert.equal(done.code, 0)
  assert.match(
    done.stdout,
    /^setup: psycopg and PyMySQL into .build\/python\nsetup: they could not be installed \(/,
  )
})

test("npm's server that cannot be had is no failure", async () => {
  const { cwd, env } = checkout({ npm: 'exit 1' })
  const done = await execute('/bin/sh', ['tools/setup/postgres/install.sh'], { cwd, env })
  assert.equal(done.code, 0)
  assert.match(done.stdout, /npm could not install it; what needs PostgreSQL is skipped\n$/)
})

test('a server on the path comes before others, if all of its programs are there', () => {
  const { env } = checkout(doNothing(['initdb', 'pg_ctl', 'postgres']))
  assert.equal(serverFolder(env['PATH']), env['PATH'])
  const half = checkout(doNothing(['initdb', 'postgres']))
  assert.notEqual(serverFolder(half.env['PATH']), half.env['PATH'])
})
