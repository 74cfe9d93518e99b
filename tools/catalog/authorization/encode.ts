import { field, listed, place, word } from '../fields.ts'

/** A resource as `DerivedResource` has it. */
export interface Derived {
  readonly resourceType: string
  readonly arn: string
  readonly from: readonly (readonly [string, string])[]
  readonly whole?: string | undefined
  readonly required: boolean
}

/** An operation's mapping as `OperationAuthorization` has it. */
export interface Mapping {
  readonly action?: string
  readonly resources: readonly Derived[]
  readonly passesRole: readonly string[]
}

/** Writes what `decodeAuthorizations` reads. */
export function encodeAuthorizations(mappings: ReadonlyMap<string, Mapping>): string {
  const all = [...mappings.values()].flatMap(({ resources }) => resources.map(({ arn }) => arn))
  const arns = [...new Set(all)].sort()
  const lines = [arns.map(word).join('\t')]
  for (const [name, { action = '', resources, passesRole }] of mappings) {
    const fields = [
      word(name),
      action,
      passesRole.map(word).join(' '),
      ...resources.map(resource => encodeResource(resource, arns)),
    ]
    lines.push(fields.map(field).join('\t').replace(/\t+$/, ''))
  }
  return lines.join('\n')
}

function encodeResource(resource: Derived, arns: readonly string[]): string {
  return [
    listed(resource.resourceType),
    resource.required ? '*' : '-',
    place(arns.indexOf(resource.arn), `ARN template \`${resource.arn}\``),
    resource.whole === undefined ? '-' : listed(resource.whole),
    ...resource.from.map(([variable, path]) => listed(`${variable}=${path}`)),
  ].join(',')
}
