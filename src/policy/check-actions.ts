import type { Catalog } from '../catalog/model.ts'
import { nearest } from '../core/nearest.ts'
import { matcher } from './glob/match.ts'
import { glob } from './glob/pattern.ts'
import type { Statement } from './model.ts'
import { ADDED_ACTIONS, OWN_ACTIONS } from './own-actions.ts'
import type { Located, Problem, ProblemKind } from './problem.ts'
import { quote } from './problem.ts'

/** The names of actions, as far as the catalog of this version knows them. */
export type ActionNames = Pick<Catalog, 'iam' | 'iamPrefixes'>

/** Warns of services and actions that do not exist, with the nearest name that does. */
export function unknownActions(policy: string, statement: Statement, names: ActionNames): Problem[] {
  return statement.actions.patterns.flatMap(pattern => {
    const found = pattern.text === '*' ? undefined : whatIsWrong(pattern, names)
    if (found === undefined) return []
    const [kind, message] = found
    return [{ severity: 'warning', kind, policy, at: pattern.at, message } satisfies Problem]
  })
}

function whatIsWrong(
  { text }: Located,
  names: ActionNames,
): readonly [kind: ProblemKind, message: string] | undefined {
  const [prefix = '', name = ''] = text.split(':')
  const known = actionsOf(prefix, names)
  if (known === undefined) {
    const near = nearest(prefix, [...names.iamPrefixes, ...OWN_ACTIONS.keys()])
    return ['unknown-service', `no service has the prefix ${quote(prefix)}${meant(near)}`]
  }
  if (/[*?]/.test(name)) {
    const matches = matcher(glob(name.toLowerCase()))
    if (known.some(each => matches(each.toLowerCase()))) return undefined
    return ['unknown-action', `no action matches ${quote(text)}`]
  }
  if (known.some(each => each.toLowerCase() === name.toLowerCase())) return undefined
  const near = nearest(name, known)
  return [
    'unknown-action',
    `there is no action ${quote(text)}${meant(near === undefined ? undefined : `${prefix}:${near}`)}`,
  ]
}

/** Names without prefix; undefined where there is no such service. */
export function actionsOf(prefix: string, names: ActionNames): readonly string[] | undefined {
  const own = OWN_ACTIONS.get(prefix.toLowerCase())
  if (own !== undefined) return own
  const service = names.iam(prefix)
  const added = ADDED_ACTIONS.get(prefix.toLowerCase()) ?? []
  return (
    service && [
      ...[...service.actions.values()].map(({ name }) => name.slice(name.indexOf(':') + 1)),
      ...added,
    ]
  )
}

function meant(near: string | undefined): string {
  return near === undefined ? '' : `; did you mean \`${near}\`?`
}
