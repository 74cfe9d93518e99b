import { X509Certificate } from 'node:crypto'
import { Redacted } from '../core/redacted.ts'
import type { Findings } from './findings.ts'
import type { DatabasesConfig, TargetAuth, TargetConfig, TargetTls } from './model-databases.ts'
import { readSecret } from './resolve-people.ts'
import { isLoopback } from './scalars.ts'
import type { Settings } from './schema.ts'
import type { TargetAuthSettings, TargetSettings } from './schema-databases.ts'
import type { Path } from './source.ts'

const PORTS = { postgres: 5432, mysql: 3306 } as const
/** Instances of RDS, whose certificates the authorities of RDS have signed. */
const RDS_HOST = /\.rds\.amazonaws\.com(\.cn)?$/

/** Where clients of databases come to the gate: files read, rules between keys checked. */
export function resolveDatabases(settings: Settings, findings: Findings): DatabasesConfig {
  const { postgres, mysql, clientCertificates, localInfile, mysqlVersion, greetingTimeout, idleTimeout } =
    settings.databases
  checkListening(settings, findings)
  const certificates = clientCertificates && readAuthorities(settings, clientCertificates, findings)
  return {
    ...(postgres === undefined ? {} : { postgres }),
    ...(mysql === undefined ? {} : { mysql }),
    ...(certificates === undefined ? {} : { clientCertificates: certificates }),
    localInfile,
    ...(mysqlVersion === undefined ? {} : { mysqlVersion }),
    greetingMs: greetingTimeout,
    idleMs: idleTimeout,
  }
}

/** Tokens are passwords: they cross no network in the clear, whatever else is allowed to. */
function checkListening({ databases, targets, tls, listen, admin }: Settings, findings: Findings): void {
  const taken = [listen, admin].map(({ host, port }) => `${host}:${port}`)
  for (const engine of ['postgres', 'mysql'] as const) {
    const at = databases[engine]
    const first = targets.findIndex(target => target.engine === engine)
    if (at === undefined) {
      if (first >= 0) {
        findings.error(
          ['targets', first, 'engine'],
          `nobody can reach it: \`databases.${engine}\` names no address to listen on`,
        )
      }
      continue
    }
    if (tls === undefined) checkPlain(engine, at.host, findings)
    const written = `${at.host}:${at.port}`
    if (at.port !== 0 && taken.includes(written)) {
      findings.error(['databases', engine], `\`${written}\` is an address that the gate listens on already`)
    }
    taken.push(written)
  }
}

/** Without TLS clients of PostgreSQL may come from this machine; those of MySQL say a password over TLS alone. */
function checkPlain(engine: 'postgres' | 'mysql', host: string, findings: Findings): void {
  const expected = 'expected `tls` with a certificate and a key'
  if (engine === 'mysql') {
    findings.error(
      ['databases', engine],
      `clients of MySQL send a token over TLS alone, on this machine, too, and there is no \`tls\`; ${expected}`,
    )
  } else if (!isLoopback(host)) {
    findings.error(
      ['databases', engine],
      `\`databases.${engine}\` is \`${host}\`, and there is no \`tls\`: tokens of clients would cross the network in the clear; ${expected}`,
    )
  }
}

function readAuthorities(
  { issuers, tls }: Settings,
  { ca, issuer }: { readonly ca: string; readonly issuer: string },
  findings: Findings,
): DatabasesConfig['clientCertificates'] {
  const path = ['databases', 'clientCertificates']
  if (tls === undefined) {
    findings.error(
      path,
      'clients show certificates within TLS alone; expected `tls` with a certificate and a key',
    )
  }
  if (issuers.some(({ name }) => name === issuer)) {
    findings.error(
      [...path, 'issuer'],
      `\`${issuer}\` is the name of an issuer in \`issuers\`; expected another`,
    )
  }
  const text = readPem([...path, 'ca'], ca, findings)
  return text === undefined ? undefined : { ca: text, issuer }
}

/** PEM with one or more certificates. */
function readPem(path: Path, written: string, findings: Findings): string | undefined {
  const text = findings.read(path, written)?.bytes.toString('utf8')
  if (text === undefined) return undefined
  try {
    new X509Certificate(text)
    return text
  } catch {
    findings.error(path, `\`${written}\` holds no certificate; expected PEM`)
    return undefined
  }
}

export function resolveTargets(settings: Settings, findings: Findings): readonly TargetConfig[] {
  return settings.targets.flatMap(
    (target, i) => resolveTarget(target, settings, ['targets', i], findings) ?? [],
  )
}

function resolveTarget(
  target: TargetSettings,
  settings: Settings,
  path: Path,
  findings: Findings,
): TargetConfig | undefined {
  const { name, engine, host, database, user, users, clients, versionComments } = target
  const auth = resolveAuth(target.auth, [...path, 'auth'], findings)
  const secretArn = target.auth.secret?.arn.split(':')
  const region = target.region ?? secretArn?.[3] ?? regionOf(host) ?? ''
  if (auth?.kind === 'iam' && region === '') {
    findings.error(path, `tokens of RDS are for a region, and \`${host}\` names none; expected \`region\``)
  }
  if (auth?.kind === 'iam' && !target.tls.enabled) {
    findings.error([...path, 'tls'], 'a token of RDS is a password, and RDS takes it over TLS alone')
  }
  if (auth !== undefined && auth.kind !== 'secret' && user === undefined) {
    findings.error(path, `target \`${name}\` does not say whom the gate logs in as; expected \`user\``)
  }
  for (const [i, { role }] of users.entries()) {
    if (auth?.kind === 'secret')
      findings.error([...path, 'users', i], 'a secret is one user; expected no `users` with it')
    if (!settings.roles.some(({ arn }) => arn === role))
      findings.error([...path, 'users', i, 'role'], `\`${role}\` is no role of this gate`)
  }
  if (versionComments && engine !== 'mysql') {
    findings.error(
      [...path, 'versionComments'],
      `target \`${name}\` is of \`${engine}\`, which has no comments that are executed; expected it with \`mysql\` alone`,
    )
  }
  const tls = resolveTls(target, settings.insecure, [...path, 'tls'], findings)
  if (auth === undefined || tls === undefined) return undefined
  return {
    ...{ name, engine, host, port: target.port ?? PORTS[engine], database, region },
    account: target.account ?? secretArn?.[4] ?? '',
    ...(user === undefined ? {} : { user }),
    users: new Map(users.map(each => [each.role, each.user])),
    ...{ tls, auth, clients, readsVersionComments: versionComments },
  }
}

/** `orders.abc123.eu-west-1.rds.amazonaws.com` */
function regionOf(host: string): string | undefined {
  return RDS_HOST.test(host) ? host.replace(RDS_HOST, '').split('.').at(-1) : undefined
}

function resolveAuth(auth: TargetAuthSettings, path: Path, findings: Findings): TargetAuth | undefined {
  const given = Object.values(auth).filter(each => each !== undefined && each !== false)
  if (given.length !== 1) {
    findings.error(path, 'expected one of `iam: true`, `secret`, `environment` and `file`')
    return undefined
  }
  if (auth.iam === true) return { kind: 'iam' }
  if (auth.secret !== undefined) {
    const { arn, endpoint, profile } = auth.secret
    const own = {
      region: arn.split(':')[3] ?? '',
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(profile === undefined ? {} : { profile }),
    }
    return { kind: 'secret', arn, own }
  }
  if (auth.file !== undefined) {
    const password = readSecret([...path, 'file'], auth.file, findings)
    return password && { kind: 'password', password }
  }
  const name = auth.environment ?? ''
  const value = findings.ports.environment(name)
  if (value === undefined || value === '') {
    findings.error([...path, 'environment'], `the environment variable \`${name}\` is not set, or empty`)
    return undefined
  }
  return { kind: 'password', password: new Redacted(value) }
}

function resolveTls(
  { tls, host }: TargetSettings,
  insecure: boolean,
  path: Path,
  findings: Findings,
): TargetTls | undefined {
  if (!tls.enabled) {
    if (insecure || isLoopback(host)) return { kind: 'none' }
    findings.error(
      path,
      `what \`${host}\` says could be read and changed by others; expected TLS, or \`insecure: true\``,
    )
    return undefined
  }
  const named = tls.name === undefined ? {} : { name: tls.name }
  const ca = tls.ca ?? (RDS_HOST.test(host) ? 'rds' : 'system')
  if (ca === 'system') return { kind: 'verified', authorities: 'system', ...named }
  if (ca === 'rds') return { kind: 'verified', authorities: 'rds', ...named }
  const text = readPem([...path, 'ca'], ca, findings)
  return text === undefined ? undefined : { kind: 'verified', authorities: { pem: text }, ...named }
}
