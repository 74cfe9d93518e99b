import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { placeData } from './postgres-data.ts'
import { type Account, serverAccount, serverFolder } from './postgres-programs.ts'

/** A PostgreSQL server of a test, in a folder of its own, on a port of 127.0.0.1 that was free. */
export interface Postgres {
  /** `postgres://…` of an empty database, as the server's administrator; with a password, as in real life. */
  readonly url: string
  readonly port: number
  /** Where its data and its socket are. */
  readonly folder: string
  /** Makes another empty database, and gives its URL. */
  database(name: string): Promise<string>
  /** Ends it at once, as a crash would: no checkpoint, and clients are cut off. */
  halt(): Promise<void>
  /** Starts it again on the same data and port. */
  resume(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/** Why there is none: a test that needs one skips with this line. */
export interface NoPostgres {
  readonly missing: string
}

export interface PostgresOptions {
  /** Whether commits are synced to disk; a test that does not crash the server need not wait for it. */
  readonly fsync?: boolean
  /** Further settings, `name=value`. */
  readonly settings?: readonly string[]
  /** PEM; the server then speaks TLS to whoever asks. */
  readonly tls?: { readonly key: string; readonly certificate: string }
}

interface Programs {
  /** Of the server's programs. */
  readonly bin: string
  /** Whom they run as; undefined for whoever runs the tests. */
  readonly account: Account | undefined
}

/** Where a server is, but for its port. */
interface Home extends Programs {
  readonly folder: string
  readonly args: readonly string[]
}

interface Place extends Home {
  readonly port: number
}

const USER = 'gate'
/** Tests look for it in all that the gate says. */
export const POSTGRES_PASSWORD = 'canary-of-the-store-url'

/** Starts PostgreSQL where there is one; as another user for root, whom it refuses to serve. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres | NoPostgres> {
  const bin = serverFolder()
  if (bin === undefined)
    return { missing: 'PostgreSQL is not installed (Debian: apt-get install postgresql)' }
  const account = serverAccount()
  if (process.getuid?.() === 0 && account === undefined) {
    return { missing: 'PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody`' }
  }
  const programs = { bin, account }
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pg-'))
  if (account) chownSync(folder, account.uid, account.gid)
  try {
    await initialise(folder, programs)
    return await served({ ...programs, folder, args: settings(folder, account, options) })
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    if (isOutOfReach(error)) {
      return { missing: `PostgreSQL in ${bin} cannot be run by the user that root runs it as` }
    }
    throw error
  }
}

/** Root's own folders are closed to whom it runs the server as. */
function isOutOfReach(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EACCES'
}

async function initialise(folder: string, programs: Programs): Promise<void> {
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, POSTGRES_PASSWORD)
  const args = ['-U', USER, '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C', '--no-sync']
  const options = { bin: programs.bin, uid: programs.account?.uid, args: [...args, POSTGRES_PASSWORD] }
  await placeData(data, options, () =>
    finish('initdb', programs, ['-D', data, `--pwfile=${passwordFile}`, ...args]),
  )
}

function settings(folder: string, account: Account | undefined, options: PostgresOptions): string[] {
  const durable = options.fsync ?? false
  const all = [
    `fsync=${durable}`,
    `full_page_writes=${durable}`,
    `synchronous_commit=${durable}`,
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
    'shared_buffers=16MB',
    'max_connections=60',
    ...(options.settings ?? []),
  ]
  if (options.tls) {
    for (const [name, text] of Object.entries(options.tls)) {
      writeFileSync(join(folder, name), text, { mode: 0o600 })
      if (account) chownSync(join(folder, name), account.uid, account.gid)
    }
    all.push('ssl=on', `ssl_key_file=${join(folder, 'key')}`, `ssl_cert_file=${join(folder, 'certificate')}`)
  }
  return all.flatMap(setting => ['-c', setting])
}

async function served(home: Home): Promise<Postgres> {
  const { folder } = home
  const begun = await begin(home)
  const { port } = begun.place
  const urlOf = (database: string): string =>
    `postgres://${USER}:${POSTGRES_PASSWORD}@127.0.0.1:${port}/${database}`
  let { server } = begun
  // A test that ends early takes its server along, and what that leaves.
  const reap = (): void => {
    server.kill('SIGQUIT')
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
  process.once('exit', reap)
  const halt = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    // What `pg_ctl stop -m immediate` does.
    server.kill('SIGQUIT')
    await ended
  }
  return {
    url: urlOf('postgres'),
    port,
    folder,
    async database(name) {
      const client = new pg.Client({ connectionString: urlOf('postgres') })
      await client.connect()
      try {
        await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`)
      } finally {
        await client.end()
      }
      return urlOf(name)
    },
    halt,
    async resume() {
      server = (await begin(home, port)).server
    },
    async stop() {
      process.off('exit', reap)
      await halt()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Starts a server on `port`, else on one that was free a moment ago: it takes no port 0. Where somebody has it by now,
 * another is tried, or the same again.
 */
async function begin(
  home: Home,
  port?: number,
): Promise<{ readonly place: Place; readonly server: ChildProcess }> {
  for (;;) {
    const place = { ...home, port: port ?? (await freePort()) }
    try {
      return { place, server: await run(place) }
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('Address already in use'))) throw error
      await sleep(20)
    }
  }
}

/** Resolves once the server takes connections. */
async function run(place: Place): Promise<ChildProcess> {
  const { folder, port, args } = place
  const server = launch('postgres', place, ['-D', join(folder, 'data'), '-p', `${port}`, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.once('exit', () => reject(new Error(`PostgreSQL ended before it was ready:\n${output}`)))
    server.stderr?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000)
      if (output.includes('ready to accept connections')) resolve()
    })
  })
  return server
}

async function finish(command: string, programs: Programs, args: readonly string[]): Promise<void> {
  const child = launch(command, programs, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr?.on('data', chunk => {
    errors += chunk
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} failed: ${errors}`)
}

function launch(
  command: string,
  { bin, account }: Programs,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  return spawn(join(bin, command), [...args], {
    ...options,
    ...account,
    cwd: '/',
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  })
}

/** For servers that take no port 0: the kernel is asked for one, and gives it back. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
