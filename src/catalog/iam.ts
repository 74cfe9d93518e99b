import type { AccessLevel, IamAction, IamResourceType, IamService } from './model.ts'
import { damaged } from './pack.ts'
import { Table } from './table.ts'

/**
 * The IAM side of a prefix, as text: lines of fields separated by tabs, the first of which says what
 * the line is.
 *
 * ```
 * K  condition key  type          (no type: a key that actions name, but that the service does not define)
 * R  resource type  keys  arn…
 * A  Action  level  resource types  keys  dependent actions
 * ```
 *
 * Keys are places among the `K` lines in base 36. Lists are separated by spaces, that of resource types
 * by commas, for some have spaces in their names; a required resource type ends with `*`.
 */
export const LEVEL_LETTERS: Readonly<Record<AccessLevel, string>> = {
  List: 'l',
  Read: 'r',
  Write: 'w',
  'Permissions management': 'p',
  Tagging: 't',
}

const LEVELS: ReadonlyMap<string, AccessLevel> = new Map(
  (Object.entries(LEVEL_LETTERS) as [AccessLevel, string][]).map(([level, letter]) => [letter, level]),
)

/**
 * Reads the chunk `iam/PREFIX`. Actions, resource types and condition keys are looked up by AWS's
 * spelling or any other case of it; an action without the prefix.
 */
export function decodeIam(prefix: string, text: string): IamService {
  const keys: string[] = []
  const types: string[] = []
  const actions: string[][] = []
  const resources: string[][] = []
  for (const line of text.split('\n')) {
    const [kind, ...fields] = line.split('\t')
    if (kind === 'K') {
      keys.push(fields[0] ?? '')
      types.push(fields[1] ?? '')
    } else if (kind === 'R') resources.push(fields)
    else if (kind === 'A') actions.push(fields)
    else throw damaged(`the actions of \`${prefix}\` have a line of kind \`${kind}\``)
  }
  const defined = keys
    .map((key, place) => ({ key, type: types[place] ?? '' }))
    .filter(({ type }) => type !== '')
  return Object.freeze({
    prefix,
    actions: new Table(firstOf(actions), place => decodeAction(prefix, actions[place] ?? [], keys), true),
    resourceTypes: new Table(firstOf(resources), place => decodeType(resources[place] ?? [], keys), true),
    conditionKeys: new Table(
      defined.map(({ key }) => key),
      place => defined[place]?.type ?? '',
      true,
    ),
  })
}

function decodeAction(prefix: string, fields: readonly string[], keys: readonly string[]): IamAction {
  const [name = '', letter = '', resourceTypes, conditionKeys, dependentActions] = fields
  const level = LEVELS.get(letter)
  if (level === undefined) throw damaged(`there is no access level \`${letter}\``)
  return Object.freeze({
    name: `${prefix}:${name}`,
    level,
    resourceTypes: Object.freeze(
      listOf(resourceTypes, ',').map(type => {
        const required = type.endsWith('*')
        return Object.freeze({ name: required ? type.slice(0, -1) : type, required })
      }),
    ),
    conditionKeys: Object.freeze(listOf(conditionKeys).map(place => keyAt(place, keys))),
    dependentActions: Object.freeze(listOf(dependentActions)),
  })
}

function decodeType(fields: readonly string[], keys: readonly string[]): IamResourceType {
  const [name = '', conditionKeys, ...arns] = fields
  return Object.freeze({
    name,
    arns: Object.freeze(arns),
    conditionKeys: Object.freeze(listOf(conditionKeys).map(place => keyAt(place, keys))),
  })
}

function keyAt(place: string, keys: readonly string[]): string {
  const key = keys[Number.parseInt(place, 36)]
  if (key === undefined) throw damaged(`there is no condition key at place \`${place}\``)
  return key
}

function listOf(text: string | undefined, separator = ' '): readonly string[] {
  return text ? text.split(separator) : []
}

function firstOf(lines: readonly (readonly string[])[]): readonly string[] {
  return lines.map(fields => fields[0] ?? '')
}
