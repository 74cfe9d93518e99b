import type { DerivedResource, OperationAuthorization } from './model.ts'
import { damaged } from './pack.ts'
import { Table } from './table.ts'

/**
 * How the operations of a service map to IAM, as text: a first line with the ARN templates that occur,
 * separated by tabs, then a line for each operation: its name, its action, the paths of the roles it
 * passes, and a field for each resource, all separated by tabs.
 *
 * A resource is `type,flags,template,whole,variable=path…`: flags are `*` (required)
 * or `-`, template is the place of its ARN in the first line in base 36, whole is `-` or a path.
 */
export function decodeAuthorizations(text: string): ReadonlyMap<string, OperationAuthorization> {
  const lines = text.split('\n')
  const arns = (lines[0] ?? '').split('\t')
  const operations = lines.slice(1).map(line => line.split('\t'))
  return new Table(
    operations.map(([name]) => name ?? ''),
    place => decodeAuthorization(operations[place] ?? [], arns),
  )
}

function decodeAuthorization(fields: readonly string[], arns: readonly string[]): OperationAuthorization {
  const [, action, passesRole, ...resources] = fields
  return Object.freeze({
    ...(action ? { action } : {}),
    resources: Object.freeze(resources.map(resource => decodeResource(resource.split(','), arns))),
    passesRole: Object.freeze(passesRole ? passesRole.split(' ') : []),
  })
}

function decodeResource(parts: readonly string[], arns: readonly string[]): DerivedResource {
  const [resourceType = '', flags, template = '', whole, ...from] = parts
  const arn = arns[Number.parseInt(template, 36)]
  if (arn === undefined) throw damaged(`there is no ARN template at place \`${template}\``)
  const paths = from.map(pair => pair.split('='))
  return Object.freeze({
    resourceType,
    arn,
    from: new Table(
      paths.map(([variable]) => variable ?? ''),
      place => paths[place]?.[1] ?? '',
    ),
    ...(whole === undefined || whole === '-' ? {} : { whole }),
    required: flags === '*',
  })
}

/** What an operation is that the generator could not map: denied. */
export const UNMAPPED: OperationAuthorization = Object.freeze({
  resources: Object.freeze([]),
  passesRole: Object.freeze([]),
})
