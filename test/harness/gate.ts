import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Issuer } from './issuer.ts'
import { cleanEnv, execute, type Finished, ROOT, type Running, start } from './process.ts'

/** A role of a gate under test. */
export interface GateRole {
  readonly arn: string
  /** IAM policy documents. */
  readonly policies: readonly object[]
  /** Default: whoever the issuer `local` vouches for. */
  readonly trust?: object
  readonly boundary?: object
  readonly maxSession?: string
  /** Whose content its sessions are. */
  readonly tenant?: string
  readonly upstream?: object
}

export interface GateOptions {
  readonly issuer: Issuer
  readonly roles: readonly GateRole[]
  /** Where AWS is. */
  readonly upstream: string
  /** Environment of the gate: its real credentials. */
  readonly env: NodeJS.ProcessEnv
  /** An identity provider of people, who may approve: the issuer `idp`. */
  readonly people?: Issuer
  /** Secrets beside the configuration, by their paths from it; nobody else may read them. */
  readonly files?: Readonly<Record<string, string>>
  /** More of the configuration, over the rest. */
  readonly config?: object
}

/** A gate that runs as its users run it: the executable, with a configuration file. */
export interface RunningGate {
  /** `http://127.0.0.1:PORT`, what clients set as AWS_ENDPOINT_URL. */
  readonly endpoint: string
  readonly admin: string
  /** The local administrator's, where this was the first run on its data. */
  readonly adminToken: string
  readonly folder: string
  readonly running: Running
  /** Writes a token for `subject` and gives the environment of a client of that role. */
  clientEnv(roleArn: string, subject?: string, claims?: Record<string, unknown>): Promise<NodeJS.ProcessEnv>
  /** Runs `sallyport …` against this gate's admin address, as the holder of a token. */
  as(token: string, ...args: string[]): Promise<Finished>
  /** Runs `sallyport sessions …` on this gate's journal. */
  sessions(...args: string[]): Promise<Finished>
  /** Ends the process and starts it again on the same data. */
  restart(signal?: NodeJS.Signals): Promise<RunningGate>
  stop(): Promise<void>
}

const SALLYPORT = join(ROOT, 'bin/sallyport')

/** The issuer's URL that the gates of tests trust. */
export const ISSUER_URL = 'https://issuer.example'

/** A trust policy for whoever the issuer vouches for. */
export function trustIssuer(account = '123456789012'): object {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/issuer.example` },
        Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession', 'sts:SetSourceIdentity'],
      },
    ],
  }
}

export async function startGate(options: GateOptions): Promise<RunningGate> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'))
  writeConfiguration(folder, options)
  return run(folder, options)
}

function writeConfiguration(folder: string, options: GateOptions): void {
  mkdirSync(join(folder, 'policies'))
  writeFileSync(join(folder, 'jwks.json'), options.issuer.jwks)
  for (const [name, text] of Object.entries(options.files ?? {})) {
    mkdirSync(dirname(join(folder, name)), { recursive: true, mode: 0o700 })
    writeFileSync(join(folder, name), text, { mode: 0o600 })
  }
  if (options.people) writeFileSync(join(folder, 'people.json'), options.people.jwks)
  const people = options.people && {
    name: 'idp',
    oidc: options.people.issuer,
    jwks: 'people.json',
    audience: 'sallyport',
    people: {},
  }
  const write = (name: string, document: object): string => {
    writeFileSync(join(folder, 'policies', name), JSON.stringify(document, null, 2))
    return `policies/${name}`
  }
  const roles = options.roles.map((role, index) => ({
    arn: role.arn,
    trust: role.trust ?? trustIssuer(role.arn.split(':')[4]),
    policies: role.policies.map((policy, number) => write(`role-${index}-${number}.json`, policy)),
    ...(role.boundary ? { boundary: write(`boundary-${index}.json`, role.boundary) } : {}),
    ...(role.tenant ? { tenant: role.tenant } : {}),
    ...(role.maxSession ? { maxSession: role.maxSession } : {}),
    ...(role.upstream ? { upstream: role.upstream } : {}),
  }))
  const configuration = {
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    data: './data',
    issuers: [
      { name: 'local', oidc: options.issuer.issuer, jwks: 'jwks.json', audience: 'sallyport' },
      ...(people ? [people] : []),
    ],
    roles,
    aws: { endpoint: options.upstream },
    ...options.config,
  }
  writeFileSync(join(folder, 'sallyport.yaml'), JSON.stringify(configuration, null, 2))
}

async function run(folder: string, options: GateOptions): Promise<RunningGate> {
  const running = start(
    SALLYPORT,
    ['serve', '--config', join(folder, 'sallyport.yaml')],
    cleanEnv(options.env),
  )
  const listening = await running.printed(/listening on (https?:\/\/[^\s"]+)/)
  const adminLine = await running.printed(/admin on (https?:\/\/[^\s"]+)/)
  const endpoint = listening[1] ?? ''
  const admin = adminLine[1] ?? ''
  return {
    endpoint,
    admin,
    adminToken: /administrator's token: (\S+)/.exec(running.output())?.[1] ?? '',
    folder,
    running,
    async clientEnv(roleArn, subject = 'agent-7', claims = {}) {
      const file = join(folder, `token-${subject.replace(/[^a-zA-Z0-9]/g, '_')}`)
      writeFileSync(file, await options.issuer.token(subject, claims))
      return cleanEnv({
        AWS_ENDPOINT_URL: endpoint,
        AWS_ROLE_ARN: roleArn,
        AWS_WEB_IDENTITY_TOKEN_FILE: file,
        // The aws command keeps credentials in its home, by role: those of another gate are worth nothing.
        HOME: folder,
        AWS_REGION: 'us-east-1',
        AWS_DEFAULT_REGION: 'us-east-1',
      })
    },
    as: (token, ...args) =>
      execute(SALLYPORT, args, {
        env: cleanEnv({ SALLYPORT_TOKEN: token, SALLYPORT_URL: admin, HOME: folder }),
      }),
    sessions: (...args) =>
      execute(SALLYPORT, ['sessions', ...args, '--data', join(folder, 'data')], { env: cleanEnv() }),
    async restart(signal) {
      await running.stop(signal)
      return run(folder, options)
    },
    async stop() {
      await running.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
