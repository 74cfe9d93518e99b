import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { nearest } from '../core/nearest.ts'
import { Redacted } from '../core/redacted.ts'
import { overlap } from './address.ts'
import { DEFAULTS } from './defaults.ts'
import type { Findings } from './findings.ts'
import type { AwsConfig, Config, IssuerConfig, RoleConfig, TlsConfig } from './model.ts'
import { resolveDatabases, resolveTargets } from './resolve-databases.ts'
import { resolveApprovals, resolveChannels, resolveStore } from './resolve-people.ts'
import { resolveRecord } from './resolve-record.ts'
import { isLoopback, parseHttpUrl, parseRoleArn } from './scalars.ts'
import type { AwsSettings, IssuerSettings, RoleSettings, Settings } from './schema.ts'
import type { IssuerPeopleSettings } from './schema-people.ts'
import type { Path } from './source.ts'

/**
 * Reads the files that the settings name and checks the rules between keys. What is wrong goes to
 * `findings`; the result holds only if nothing did.
 */
export function resolveSettings(settings: Settings, findings: Findings): Config {
  checkAddresses(settings, findings)
  checkUnique(settings.issuers, 'issuers', 'name', issuer => issuer.name, findings)
  checkUnique(settings.notify, 'notify', 'name', channel => channel.name, findings)
  checkUnique(settings.roles, 'roles', 'arn', role => role.arn, findings)
  checkUnique(settings.targets, 'targets', 'name', target => target.name.toLowerCase(), findings)
  if (settings.limits.buffered < settings.limits.body) {
    findings.error(
      ['limits', 'buffered'],
      '`limits.buffered` is less than `limits.body`; expected at least as much',
    )
  }
  const wrongDetectors = findings.ports.checkDetectors(findings.surroundings.detectors)
  if (wrongDetectors !== undefined) findings.error(['masks', 'patterns'], wrongDetectors)
  const tls = settings.tls && readTls(settings.tls, findings)
  return {
    file: findings.source.file,
    listen: settings.listen,
    ...(tls ? { tls } : {}),
    insecure: settings.insecure,
    admin: settings.admin,
    data: findings.absolute(settings.data),
    workers: settings.workers,
    domains: settings.domains,
    issuers: settings.issuers.map((issuer, i) => resolveIssuer(issuer, ['issuers', i], findings)),
    roles: settings.roles.map((role, i) => resolveRole(role, settings.aws.partition, ['roles', i], findings)),
    aws: resolveAws(settings.aws, findings),
    record: resolveRecord(settings.record, settings.data, findings),
    proxy: settings.proxy,
    limits: resolveLimits(settings.limits),
    store: resolveStore(settings.store, findings),
    approvals: resolveApprovals(settings.approvals, findings),
    notify: resolveChannels(settings.notify, findings),
    masks: {
      builtIn: settings.masks.builtIn,
      bodyBytes: settings.masks.body,
      patterns: findings.surroundings.detectors,
    },
    databases: resolveDatabases(settings, findings),
    targets: resolveTargets(settings, findings),
    log: settings.log,
  }
}

/** Plain HTTP carries the clients' signed requests in the clear, so it stays on the machine unless told. */
function checkAddresses(settings: Settings, findings: Findings): void {
  for (const key of ['listen', 'admin'] as const) {
    const { host } = settings[key]
    if (settings.tls || settings.insecure || isLoopback(host)) continue
    findings.error(
      [key],
      `\`${key}\` is \`${host}\`, where plain HTTP could be read by others; ` +
        'expected `tls` with a certificate and a key, a loopback address, or `insecure: true`',
    )
  }
  if (overlap(settings.listen, settings.admin)) {
    findings.error(['admin'], '`admin` is the same address as `listen`; expected another port')
  }
}

function checkUnique<T>(
  entries: readonly T[],
  list: string,
  key: string,
  of: (entry: T) => string,
  findings: Findings,
): void {
  const seen = new Map<string, number>()
  for (const [i, entry] of entries.entries()) {
    const first = seen.get(of(entry))
    if (first === undefined) seen.set(of(entry), i)
    else findings.error([list, i, key], `\`${of(entry)}\` stands in \`${list}[${first}].${key}\` already`)
  }
}

function readTls(tls: { certificate: string; key: string }, findings: Findings): TlsConfig | undefined {
  const certificate = findings.read(['tls', 'certificate'], tls.certificate)
  const key = findings.read(['tls', 'key'], tls.key)
  if (key && (key.mode & 0o007) !== 0) {
    const mode = key.mode.toString(8).padStart(4, '0')
    findings.error(
      ['tls', 'key'],
      `the key file \`${tls.key}\` has mode \`${mode}\`, so that every user of this machine may use it; ` +
        'expected no permissions for others, such as `chmod 600` gives',
    )
  }
  if (!certificate || !key) return undefined
  const x509 = attempt(() => new X509Certificate(certificate.bytes))
  if (!x509) findings.error(['tls', 'certificate'], `\`${tls.certificate}\` is no certificate; expected PEM`)
  const privateKey = attempt(() => createPrivateKey(key.bytes))
  if (!privateKey)
    findings.error(['tls', 'key'], `\`${tls.key}\` is no private key; expected PEM without a passphrase`)
  if (!x509 || !privateKey) return undefined
  if (!x509.checkPrivateKey(privateKey)) {
    findings.error(['tls', 'key'], `\`${tls.key}\` is not the key of the certificate \`${tls.certificate}\``)
  } else if (!attempt(() => createSecureContext({ cert: certificate.bytes, key: key.bytes }))) {
    findings.error(
      ['tls', 'certificate'],
      `TLS does not take \`${tls.certificate}\` with its key: a certificate of the chain cannot be read, or a key is too weak`,
    )
  }
  return { certificate: certificate.bytes.toString('utf8'), key: new Redacted(key.bytes.toString('utf8')) }
}

/** The result, or undefined where the input is not what `make` reads; the caller reports it in its place. */
function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

function resolveIssuer(issuer: IssuerSettings, path: Path, findings: Findings): IssuerConfig {
  const { name, oidc, audience, people } = issuer
  if (oidc === undefined && issuer.jwks === undefined) {
    findings.error(
      path,
      `issuer \`${name}\` has neither \`oidc\` nor \`jwks\`; expected one of them, or both`,
    )
  }
  if (oidc?.startsWith('http:') && !isLoopback(new URL(oidc).hostname.replace(/^\[|\]$/g, ''))) {
    findings.error(
      [...path, 'oidc'],
      `\`${oidc}\` is plain HTTP, so anybody on the way could replace its keys; expected https`,
    )
  }
  const jwks = issuer.jwks === undefined ? undefined : readJwks(issuer.jwks, [...path, 'jwks'], findings)
  return {
    name,
    ...(oidc ? { oidc } : {}),
    ...(jwks ? { jwks } : {}),
    audience,
    ...(people ? { people: resolvePeople(people) } : {}),
  }
}

function resolvePeople({
  groups,
  name,
  audience,
}: IssuerPeopleSettings): NonNullable<IssuerConfig['people']> {
  return { groups, ...(name ? { name } : {}), ...(audience ? { audience } : {}) }
}

function readJwks(written: string, path: Path, findings: Findings): string | undefined {
  const text = findings.read(path, written)?.bytes.toString('utf8')
  if (text === undefined) return undefined
  const set = attempt((): unknown => JSON.parse(text))
  const keys = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined
  if (!Array.isArray(keys) || keys.length === 0) {
    findings.error(
      path,
      `\`${written}\` is no JWK set; expected JSON with a list \`keys\` that is not empty (RFC 7517)`,
    )
    return undefined
  }
  const secret = keys.some(key => typeof key !== 'object' || key === null || 'd' in key || 'k' in key)
  if (secret)
    findings.error(path, `\`${written}\` holds a private or a symmetric key; expected public keys only`)
  return secret ? undefined : text
}

function resolveRole(role: RoleSettings, partition: string, path: Path, findings: Findings): RoleConfig {
  const { upstream } = role
  const found = parseRoleArn(role.arn)?.partition
  if (found !== partition) {
    findings.error(
      [...path, 'arn'],
      `\`${role.arn}\` is of partition \`${found}\`; expected \`${partition}\`, as \`aws.partition\` says`,
    )
  }
  if ((upstream.credentials === 'profile') !== (upstream.profile !== undefined)) {
    findings.error(
      [...path, 'upstream'],
      '`profile` and `credentials: profile` need each other; expected both or neither',
    )
  }
  if (!upstream.assume && (upstream.role ?? upstream.externalId) !== undefined) {
    findings.error(
      [...path, 'upstream'],
      '`assume: false` takes no role; expected neither `role` nor `externalId` with it',
    )
  }
  return {
    arn: role.arn,
    trust:
      typeof role.trust === 'string'
        ? findings.policyFile([...path, 'trust'], role.trust, 'trust')
        : findings.policyInline([...path, 'trust'], 'trust'),
    policies: role.policies.map((file, i) => findings.policyFile([...path, 'policies', i], file, 'policy')),
    ...(role.boundary === undefined
      ? {}
      : { boundary: findings.policyFile([...path, 'boundary'], role.boundary, 'boundary') }),
    maxSessionMs: role.maxSession,
    tenant: role.tenant,
    upstream: {
      credentials: upstream.credentials,
      ...(upstream.profile === undefined ? {} : { profile: upstream.profile }),
      assume: upstream.assume,
      role: upstream.role ?? role.arn,
      ...(upstream.externalId === undefined ? {} : { externalId: upstream.externalId }),
      region: upstream.region ?? DEFAULTS.stsRegion,
      sourceIdentity: upstream.sourceIdentity,
      sessionTags: upstream.sessionTags,
      sessionPolicy: upstream.sessionPolicy,
    },
  }
}

function resolveAws(aws: AwsSettings, findings: Findings): AwsConfig {
  const byService = new Map<string, string>()
  const endpoint = aws.endpoint
  for (const [service, written] of Object.entries(typeof endpoint === 'object' ? endpoint : {})) {
    const path = ['aws', 'endpoint', service]
    const url = parseHttpUrl(written)
    if (url) byService.set(service, url)
    else
      findings.error(
        path,
        `the endpoint of \`${service}\` is no URL; expected http or https without credentials, query or fragment`,
      )
    const { services } = findings.ports
    if (!services || services.has(service)) continue
    const near = nearest(service, [...services.keys()])
    findings.error(path, `unknown service \`${service}\`${near ? `; did you mean \`${near}\`?` : ''}`)
  }
  return {
    endpoints: { ...(typeof endpoint === 'string' ? { default: endpoint } : {}), byService },
    ...(aws.regions ? { regions: aws.regions } : {}),
    partition: aws.partition,
  }
}

function resolveLimits(limits: Settings['limits']): Config['limits'] {
  return {
    connections: limits.connections,
    headersBytes: limits.headers,
    bodyBytes: limits.body,
    bufferedBytes: limits.buffered,
    headersTimeoutMs: limits.headersTimeout,
    bodyTimeoutMs: limits.bodyTimeout,
    keepAliveMs: limits.keepAlive,
    upstreamConnections: limits.upstreamConnections,
    upstreamConnectTimeoutMs: limits.upstreamConnectTimeout,
    upstreamHeadersTimeoutMs: limits.upstreamHeadersTimeout,
    upstreamBodyTimeoutMs: limits.upstreamBodyTimeout,
  }
}
