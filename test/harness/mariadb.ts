import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accountOf } from './postgres-programs.ts'
import { type Running, start, which } from './process.ts'

/** A MariaDB server of a test, in a folder of its own, on a port of 127.0.0.1 that was free. */
export interface Mariadb {
  readonly port: number
  /** `root` has no password. */
  readonly user: string
  /** Where its data and its socket are. */
  readonly folder: string
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/** Why there is none: a test that needs one skips with this line. */
export interface NoMariadb {
  readonly missing: string
}

export interface Tls {
  readonly key: string
  readonly certificate: string
}

/** Starts MariaDB where the machine has it; as another user for root, whom it refuses to serve. */
export async function startMariadb(tls?: Tls): Promise<Mariadb | NoMariadb> {
  const [server, install] = [mariadbServer(), find('mariadb-install-db')]
  if (server === undefined || install === undefined) {
    return { missing: 'MariaDB is not installed (Debian: apt-get install mariadb-server-core)' }
  }
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-mariadb-'))
  const data = join(folder, 'data')
  try {
    // Servers that begin remove what they find of temporary tables: each has a place of its own for them.
    const scratch = join(folder, 'tmp')
    mkdirSync(scratch)
    const account = accountName()
    const asAccount = account === undefined ? [] : [`--user=${account}`]
    if (account !== undefined) await finish('chown', ['-R', account, folder])
    await finish(install, [
      ...['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
      `--tmpdir=${scratch}`,
      ...asAccount,
    ])
    const encrypted = tls === undefined ? [] : keysIn(folder, tls)
    if (account !== undefined) await finish('chown', ['-R', account, folder])
    const { port, running } = await begin(server, [
      ...['--no-defaults', `--datadir=${data}`, `--socket=${join(folder, 'socket')}`],
      ...['--bind-address=127.0.0.1', '--innodb-buffer-pool-size=16M', '--innodb-flush-log-at-trx-commit=0'],
      ...['--max-connections=1500', `--tmpdir=${scratch}`],
      ...encrypted,
      ...asAccount,
    ])
    return { port, user: 'root', folder, stop: () => ended(running, folder) }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** Starts it on a port that was free a moment ago; where somebody has that by now, on another. */
async function begin(
  server: string,
  args: readonly string[],
): Promise<{ readonly port: number; readonly running: Running }> {
  for (;;) {
    const port = await freePort()
    const running = start(server, [...args, `--port=${port}`])
    try {
      await running.printed(/ready for connections/)
      return { port, running }
    } catch (error) {
      if (!running.output().includes('Address already in use')) throw error
    }
  }
}

/** Whom the server runs as: Debian's `mysql`, which `mariadb-server-core` alone does not make, else `nobody`. */
function accountName(): string | undefined {
  if (process.getuid?.() !== 0) return undefined
  return accountOf('mysql') === undefined ? 'nobody' : 'mysql'
}

function keysIn(folder: string, { key, certificate }: Tls): readonly string[] {
  writeFileSync(join(folder, 'key.pem'), key, { mode: 0o600 })
  writeFileSync(join(folder, 'certificate.pem'), certificate)
  // Some clients always show a certificate: this one is good there, too.
  const authority = `--ssl-ca=${join(folder, 'certificate.pem')}`
  return [authority, `--ssl-key=${join(folder, 'key.pem')}`, `--ssl-cert=${join(folder, 'certificate.pem')}`]
}

async function ended(running: Running, folder: string): Promise<void> {
  await running.stop('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

async function finish(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, [...args], { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000)
    })
  }
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} failed: ${output}`)
}

/** The server's program; undefined where there is none. */
export function mariadbServer(): string | undefined {
  return find('mariadbd')
}

/** Debian keeps the server off the path of those who are not root. */
function find(command: string): string | undefined {
  const onPath = which(command)
  if (onPath !== undefined) return onPath
  const file = join('/usr/sbin', command)
  return existsSync(file) ? file : undefined
}

/** The server takes no port 0: the kernel is asked for one, and gives it back. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
