import { type Address, overlap, writeAddress } from './address.ts'
import type { Findings } from './findings.ts'
import { isLoopback, parseRoleArn } from './scalars.ts'
import type { Settings } from './schema.ts'
import type { TargetSettings } from './schema-databases.ts'

const ENGINES = ['postgres', 'mysql'] as const
type Engine = (typeof ENGINES)[number]

/** The rules between keys of databases: where the gate listens for their clients, and what these mean by a name. */
export function checkDatabases(settings: Settings, findings: Findings): void {
  checkListening(settings, findings)
  checkWithoutListener(settings, findings)
  checkNames(settings, findings)
  for (const [i, target] of settings.targets.entries()) checkUsers(target, i, settings, findings)
}

function checkListening({ databases, targets, tls, listen, admin }: Settings, findings: Findings): void {
  const taken: [key: string, at: Address][] = [
    ['listen', listen],
    ['admin', admin],
  ]
  for (const engine of ENGINES) {
    const at = databases[engine]
    const first = targets.findIndex(target => target.engine === engine)
    if (at === undefined) {
      if (first < 0) continue
      findings.error(
        ['targets', first, 'engine'],
        `nobody can reach it: \`databases.${engine}\` names no address to listen on`,
      )
      continue
    }
    const path = ['databases', engine]
    if (first < 0) findings.warn(path, `no target is of \`${engine}\`: who comes here reaches nothing`)
    if (tls === undefined) checkPlain(engine, at.host, findings)
    const other = taken.find(([, address]) => overlap(address, at))
    if (other !== undefined) {
      findings.error(
        path,
        `\`${writeAddress(at)}\` is an address that the gate listens on already, as \`${other[0]}\`; expected another port`,
      )
    }
    taken.push([`databases.${engine}`, at])
  }
}

/** Tokens are passwords: they cross no network in the clear, whatever else is allowed to. MySQL's clients never send them so. */
function checkPlain(engine: Engine, host: string, findings: Findings): void {
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

/** What is said of clients who cannot come is surely not meant. */
function checkWithoutListener({ databases }: Settings, findings: Findings): void {
  const { postgres, mysql, localInfile, mysqlVersion, clientCertificates } = databases
  if (mysql === undefined) {
    const given = [
      ...(localInfile ? ['localInfile'] : []),
      ...(mysqlVersion === undefined ? [] : ['mysqlVersion']),
    ]
    for (const key of given) {
      findings.error(
        ['databases', key],
        `\`databases.${key}\` is about clients of MySQL, and \`databases.mysql\` names no address to listen on`,
      )
    }
  }
  if (clientCertificates !== undefined && (postgres ?? mysql) === undefined) {
    findings.error(
      ['databases', 'clientCertificates'],
      'nobody can come with a certificate: expected `databases.postgres`, `databases.mysql` or both',
    )
  }
}

/** What a client gives as the database must mean one target: see `Targets`, of the identities. */
function checkNames({ targets, roles }: Settings, findings: Findings): void {
  const hosts = new Map<string, number[]>()
  for (const [i, { engine, host }] of targets.entries()) {
    const key = `${engine} ${host.toLowerCase()}`
    hosts.set(key, [...(hosts.get(key) ?? []), i])
  }
  const users = new Set(roles.flatMap(({ arn }) => parseRoleArn(arn)?.name.toLowerCase() ?? []))
  for (const [i, { name, engine }] of targets.entries()) {
    const path = ['targets', i, 'name']
    const other = hosts.get(`${engine} ${name.toLowerCase()}`)?.find(at => at !== i)
    if (other !== undefined) {
      findings.error(
        path,
        `\`${name}\` is the host of the target \`${targets[other]?.name}\`, too, so that nobody could say which is meant; expected another name`,
      )
    }
    if (users.has(name.toLowerCase())) {
      findings.warn(
        path,
        `\`${name}\` is the name of a role, too: where a client names no database, as \`psql\` without \`-d\`, its user stands for this target`,
      )
    }
  }
}

function checkUsers(
  { users, auth }: TargetSettings,
  i: number,
  settings: Settings,
  findings: Findings,
): void {
  const seen = new Set<string>()
  for (const [j, { role }] of users.entries()) {
    const path = ['targets', i, 'users', j]
    if (auth.secret !== undefined) findings.error(path, 'a secret is one user; expected no `users` with it')
    if (!settings.roles.some(({ arn }) => arn === role))
      findings.error([...path, 'role'], `\`${role}\` is no role of this gate`)
    if (seen.has(role)) findings.error([...path, 'role'], `\`${role}\` has a user here already`)
    seen.add(role)
  }
}
