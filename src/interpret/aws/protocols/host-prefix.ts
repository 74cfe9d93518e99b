import { GateError } from '../../../core/errors.ts'
import type { Parameters } from '../call.ts'
import type { OperationContext } from './operation.ts'
import { inputOf, membersOf } from './shapes.ts'
import { asString, malformedParameter, ownMember } from './walk.ts'

/**
 * What the operation's host prefix trait puts before the endpoint's host, with its labels filled in from
 * the parameters (https://smithy.io/2.0/spec/endpoint-traits.html); empty where it has none.
 */
export function hostPrefixOf(op: OperationContext, parameters: Parameters): string {
  const template = op.operation.hostPrefix
  if (template === undefined) return ''
  let prefix = template
  for (const member of membersOf(op.shapes, inputOf(op.shapes, op.operation.name).shape)) {
    const label = `{${member.name}}`
    if (member.ref.hostLabel !== true || !prefix.includes(label)) continue
    const value = ownMember(parameters, member.name)
    if (value === undefined) {
      throw new GateError(
        'parameter-missing',
        `the parameter \`${member.name}\` is missing: it is part of the host`,
      )
    }
    const text = asString(value, member.name)
    // One label of a host name: anything else could lead the call to another host.
    if (!/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(text)) {
      throw malformedParameter(member.name, 'a label of a host name')
    }
    prefix = prefix.replaceAll(label, () => text)
  }
  if (prefix.includes('{'))
    throw new GateError('internal', `the host prefix \`${template}\` names no parameter`)
  return prefix
}
