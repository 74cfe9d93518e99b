import type { IamAction, IamService } from '../catalog/model.ts'
import type { ActionNames } from './check-actions.ts'
import { overlaps } from './glob/overlap.ts'
import { bindToArn, glob, type Pattern } from './glob/pattern.ts'
import { isNeverPresent, keysOfStatement } from './keys.ts'
import type { Condition, Statement } from './model.ts'
import type { Position, Problem } from './problem.ts'
import { quote } from './problem.ts'
import { parseTemplate } from './variables.ts'

/** Warns of statements, and of actions in them, that no request can ever match. */
export function neverMatches(
  policy: string,
  statement: Statement,
  variables: boolean,
  names: ActionNames,
): Problem[] {
  const warn = (at: Position, message: string): Problem[] => [
    { severity: 'warning', kind: 'never-matches', policy, at, message },
  ]
  if (statement.actions.not && statement.actions.patterns.some(({ text }) => text === '*')) {
    return warn(statement.at, 'the statement is about no action: `NotAction` leaves out all of them')
  }
  if (statement.resources?.not === true && statement.resources.patterns.some(({ text }) => text === '*')) {
    return warn(statement.at, 'the statement is about no resource: `NotResource` leaves out all of them')
  }
  const absent = statement.conditions.find(needsAbsentKey)
  if (absent !== undefined) {
    const what = `no call of a role through the gate has the key ${quote(absent.key)}`
    return warn(absent.keyAt, `the condition never holds: ${what}`)
  }
  const variable = absentVariable(statement, variables)
  if (variable !== undefined) {
    const [key, at] = variable
    return warn(at, `the variable never has a value: no call of a role through the gate has ${quote(key)}`)
  }
  return unreachableActions(statement, names).flatMap(([at, message]) => warn(at, message))
}

function needsAbsentKey({ operator, key, values }: Condition): boolean {
  if (!isNeverPresent(key.toLowerCase())) return false
  if (operator.comparison === 'Null') return values.every(({ text }) => text.toLowerCase() === 'false')
  return !operator.ifExists && !operator.negated && operator.set !== 'ForAllValues'
}

/** A variable without default on a key that is never there. */
function absentVariable(statement: Statement, variables: boolean): [key: string, at: Position] | undefined {
  if (
    !variables ||
    !keysOfStatement(statement, true).some(({ text }) => isNeverPresent(text.toLowerCase()))
  ) {
    return undefined
  }
  for (const { text, at } of statement.resources?.patterns ?? []) {
    const template = parseTemplate(text)
    if (typeof template === 'string') continue
    for (const part of template) {
      if (part.kind === 'variable' && part.orElse === undefined && isNeverPresent(part.key))
        return [part.key, at]
    }
  }
  return undefined
}

/** Actions written in full whose resources are none of those that the statement names. */
function unreachableActions(
  { actions, resources }: Statement,
  names: ActionNames,
): [at: Position, message: string][] {
  if (actions.not || resources === undefined || resources.not) return []
  const patterns = resources.patterns.map(({ text }) => bindToArn(glob(withWildcards(text)), 'resource'))
  return actions.patterns.flatMap(({ text, at }) => {
    const [prefix = '', name = ''] = text.split(':')
    const service = names.iam(prefix)
    const action = service?.actions.get(name) ?? service?.actions.get(name.toLowerCase())
    if (service === undefined || action === undefined) return []
    const takes = resourcesOf(action, service)
    if (takes.some(resource => patterns.some(pattern => overlaps(pattern, resource)))) return []
    return [[at, `the action ${quote(text)} ${takesProse(action)}, and the statement names none such`]]
  })
}

/** What an action may be asked for: the ARNs of its resource types, or `*` where it takes none. */
function resourcesOf(action: IamAction, service: IamService): readonly Pattern[] {
  if (action.resourceTypes.length === 0) return [[42]]
  const arns = action.resourceTypes.flatMap(({ name }) => service.resourceTypes.get(name)?.arns ?? ['*'])
  return arns.map(arn => bindToArn(glob(withWildcards(arn)), 'component'))
}

function takesProse({ resourceTypes }: IamAction): string {
  if (resourceTypes.length === 0) return 'takes no resource but `*`'
  return `takes resources of the type ${resourceTypes.map(({ name }) => `\`${name}\``).join(', ')}`
}

/** Variables, and the placeholders of the catalog, as wildcards. */
function withWildcards(text: string): string {
  return text.replaceAll(/\$\{[^{}]{0,200}\}/g, '*')
}
