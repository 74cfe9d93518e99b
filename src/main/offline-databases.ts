import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { connect as runConnect } from '../cli/databases/connect.ts'
import type { ConfiguredTarget, DatabasePorts, Invocation } from '../cli/databases/ports.ts'
import { token as runToken } from '../cli/databases/token.ts'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/model.ts'
import { systemClock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import type { Redacted } from '../core/redacted.ts'
import { makeDatabaseToken } from '../wire/sigv4/database-token.ts'
import { SigningKeys } from '../wire/sigv4/keys.ts'
import { clientCredentials, roleOfCredentials } from './client-credentials.ts'

/** `sallyport token` */
export function token(args: readonly string[]): Promise<number> {
  return runToken(args, terminalPorts())
}

/** `sallyport connect`, on this process's own terminal. */
export function connect(args: readonly string[]): Promise<number> {
  return runConnect(args, terminalPorts())
}

/** Where distributions keep the authorities that they rely on. */
const SYSTEM_AUTHORITIES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
] as const

function terminalPorts(): DatabasePorts {
  const { env } = process
  return {
    environment: env,
    credentials: endpoint => clientCredentials(env, endpoint),
    roleOf: (credentials, endpoint) => roleOfCredentials(env, credentials, endpoint),
    sign: (form, credentials) =>
      makeDatabaseToken({ ...form, credentials, timeMs: systemClock.now() }, new SigningKeys()),
    async target(configPath, name) {
      const { configPorts } = await import('./config-ports.ts')
      return configured(loadConfig(configPath, await configPorts()), name)
    },
    systemAuthorities: () =>
      [env['SSL_CERT_FILE'], ...SYSTEM_AUTHORITIES].find(file => file && existsSync(file)),
    versionOf,
    run,
    async out(text) {
      if (!process.stdout.write(text)) await once(process.stdout, 'drain')
    },
    err: text => void process.stderr.write(text),
  }
}

/** A target, and how its clients reach a gate that listens on every address of this machine. */
function configured({ targets, databases, tls }: Config, name: string): ConfiguredTarget | undefined {
  const target = targets.find(each => each.name.toLowerCase() === name.toLowerCase())
  if (target === undefined) return undefined
  const address = databases[target.engine]
  const anywhere = address?.host === '0.0.0.0' || address?.host === '::'
  return {
    ...{ name: target.name, engine: target.engine, port: target.port, region: target.region },
    ...(address && { gate: { host: anywhere ? 'localhost' : address.host, port: address.port } }),
    tls: tls !== undefined,
  }
}

function versionOf(program: string): Promise<string | undefined> {
  return new Promise(resolve => {
    execFile(program, ['--version'], { timeout: 10_000 }, (error, stdout) =>
      resolve(error === null ? stdout.split('\n')[0] : undefined),
    )
  })
}

/** Ctrl-C is for the program, which has the terminal; this process waits for what it makes of it. */
async function run({ program, args, env, passwordIn }: Invocation, password: Redacted): Promise<number> {
  const heedNot = (): void => undefined
  process.on('SIGINT', heedNot)
  const child = spawn(program, [...args], {
    stdio: 'inherit',
    env: { ...process.env, ...env, [passwordIn]: password.reveal() },
  })
  try {
    const [code, signal] = await new Promise<readonly [number | null, NodeJS.Signals | null]>(
      (resolve, reject) => {
        child.once('error', reject)
        child.once('exit', (...how) => resolve(how))
      },
    )
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
  } catch (cause) {
    throw new GateError('database-client-missing', `\`${program}\` cannot be run here`, { cause })
  } finally {
    process.off('SIGINT', heedNot)
  }
}
