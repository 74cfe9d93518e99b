import { CLI_MEMBERS, CLI_OPERATIONS, CLI_SERVICES } from './cli-names.ts'

/**
 * Names as the AWS CLI gives them. Its rule (botocore's `xform_name` with `-`) is `kebabName`; where the
 * CLI departs from its own rule, a generated table knows (`cli-names.ts`). Input is names from the
 * catalog, never what a client sent.
 */

/** `TerminateInstances` -> `terminate-instances`, `DBInstanceARNs` -> `db-instance-arns`. */
export function kebabName(name: string): string {
  if (name.includes('-')) return name
  const plural = /[A-Z]{2,}s$/.exec(name)
  const base = plural ? `${name.slice(0, plural.index)}-${plural[0].toLowerCase()}` : name
  return base
    .replace(/(.)([A-Z][a-z]+)/gs, '$1-$2')
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
}

/** The CLI's command for a service: `s3` -> `s3api`. */
export function cliService(service: string): string {
  return CLI_SERVICES[service] ?? service
}

/** The CLI's command for an operation: `ListObjectsV2` -> `list-objects-v2`. */
export function cliOperation(service: string, operation: string): string {
  return CLI_OPERATIONS[`${service}.${operation}`] ?? kebabName(operation)
}

/** The CLI's option for a member, without dashes: `InstanceIds` -> `instance-ids`. */
export function cliOption(service: string, operation: string, member: string): string {
  return CLI_MEMBERS[`${service}.${operation}.${member}`]?.[0] ?? kebabName(member)
}

/** The CLI's option that says `false`: `no-` before the option, but for the few that have a word for it. */
export function cliNegation(service: string, operation: string, member: string): string {
  const known = CLI_MEMBERS[`${service}.${operation}.${member}`]?.[1]
  return known ?? `no-${cliOption(service, operation, member)}`
}
