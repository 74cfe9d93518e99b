import { join } from 'node:path'
import { ANALYST, PASSWORD_VARIABLE, startDatabaseGate } from '../../test/harness/databases.ts'
import { ISSUER_URL, type RunningGate } from '../../test/harness/gate.ts'
import { createIssuer } from '../../test/harness/issuer.ts'
import { execute, ROOT } from '../../test/harness/process.ts'
import { POLICY, TARGET } from './policies.ts'

/** A database server that a gate stands before. */
export interface ServerBehind {
  readonly engine: 'postgres' | 'mysql'
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
}

/** What differs between gates that are compared. */
export interface GateKind {
  readonly workers: number
  readonly durability: 'fsync' | 'os'
  /** PEM, for `localhost`; MySQL's clients send a token over TLS alone. */
  readonly tls?: { readonly key: string; readonly certificate: string }
}

/** A gate as its users run it, and what a client of its database needs. */
export interface OpenGate {
  readonly port: number
  readonly pid: number
  /** The role's name, which a client gives as its user. */
  readonly user: string
  /** A token, good for a quarter of an hour. */
  readonly password: string
  stop(): Promise<void>
}

const CERTIFICATE = 'tls/certificate.pem'

/** Starts `sallyport serve` before a server on this machine, with every check on. */
export async function openGate(server: ServerBehind, kind: GateKind): Promise<OpenGate> {
  const { engine, port, database, user, password } = server
  const { workers, durability, tls } = kind
  const started = await startDatabaseGate({
    issuer: await createIssuer(ISSUER_URL),
    policies: [POLICY],
    engines: [engine],
    env: { [PASSWORD_VARIABLE]: password },
    targets: [
      {
        ...{ name: TARGET, engine, host: '127.0.0.1', port, database, user },
        ...{ tls: { enabled: false }, auth: { environment: PASSWORD_VARIABLE } },
      },
    ],
    files: tls === undefined ? {} : { [CERTIFICATE]: tls.certificate, 'tls/key.pem': tls.key },
    config: {
      workers,
      record: { durability },
      ...(tls === undefined ? {} : { tls: { certificate: CERTIFICATE, key: 'tls/key.pem' } }),
    },
  })
  const { gate, addresses } = started
  try {
    const own = Number(addresses[engine].split(':').at(-1))
    return {
      ...{ port: own, pid: gate.running.child.pid ?? 0, user: 'analyst', password: await token(gate, own) },
      stop: () => gate.stop(),
    }
  } catch (error) {
    await gate.stop()
    throw error
  }
}

async function token(gate: RunningGate, port: number): Promise<string> {
  const args = ['token', '--target', TARGET, '--port', `${port}`]
  const made = await execute(join(ROOT, 'bin/sallyport'), args, {
    env: {
      ...(await gate.clientEnv(ANALYST)),
      // The certificate is for the name.
      AWS_ENDPOINT_URL: gate.endpoint.replace('127.0.0.1', 'localhost'),
      NODE_EXTRA_CA_CERTS: join(gate.folder, CERTIFICATE),
    },
  })
  if (made.code !== 0) throw new Error(`no token: ${made.stderr}`)
  return made.stdout.trim()
}
