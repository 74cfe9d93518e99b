import { X509Certificate } from 'node:crypto'
import { Redacted } from '../core/redacted.ts'
import { checkDatabases } from './check-databases.ts'
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
  checkDatabases(settings, findings)
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
  if (text === undefined) return undefined
  const wrong = findings.ports.checkClientAuthorities(text)
  if (wrong !== undefined) findings.error([...path, 'ca'], `\`${ca}\`: ${wrong}`)
  return { ca: text, issuer }
}

const PEM_BEGIN = '-----BEGIN CERTIFICATE-----'

/** PEM with one or more certificates, all of which can be read. */
function readPem(path: Path, written: string, findings: Findings): string | undefined {
  const text = findings.read(path, written)?.bytes.toString('utf8')
  if (text === undefined) return undefined
  const [, ...certificates] = text.split(PEM_BEGIN)
  const broken = certificates.findIndex(rest => !isCertificate(PEM_BEGIN + rest))
  if (certificates.length > 0 && broken < 0) return text
  findings.error(
    path,
    certificates.length < 2
      ? `\`${written}\` holds no certificate; expected PEM`
      : `certificate ${broken + 1} of \`${written}\` cannot be read; expected PEM`,
  )
  return undefined
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem)
    return true
  } catch {
    return false
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
  const at = regionOf(host)
  if (auth?.kind === 'iam' && at !== undefined && at !== region) {
    findings.error([...path, 'region'], `\`${host}\` is in \`${at}\`, and takes tokens for no other region`)
  }
  if (auth?.kind === 'iam' && !target.tls.enabled) {
    findings.error([...path, 'tls'], 'a token of RDS is a password, and RDS takes it over TLS alone')
  }
  if (auth !== undefined && auth.kind !== 'secret' && user === undefined) {
    findings.error(path, `target \`${name}\` does not say whom the gate logs in as; expected \`user\``)
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
    if ((tls.ca ?? tls.name) !== undefined)
      findings.error(path, '`enabled: false` verifies nothing; expected neither `ca` nor `name` with it')
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
  if (ca === 'rds') {
    if (/^(cn|us-gov|us-iso)/.test(regionOf(host) ?? ''))
      findings.error(
        path,
        `the authorities of RDS in the region of \`${host}\` are not among those that the gate brings; expected \`ca\` with a file`,
      )
    return { kind: 'verified', authorities: 'rds', ...named }
  }
  const text = readPem([...path, 'ca'], ca, findings)
  return text === undefined ? undefined : { kind: 'verified', authorities: { pem: text }, ...named }
}
