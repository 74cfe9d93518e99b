import type { SourceAction, SourceIam } from '../iam.ts'
import { ALIASES, TEMPLATES } from './aliases.ts'
import type { Derived } from './encode.ts'
import { type Member, plain } from './members.ts'

/** What the search for an operation's resources may know. */
export interface ResourceSearch {
  readonly service: string
  readonly operation: string
  readonly iam: SourceIam
  readonly action: SourceAction
  /** The input's own strings and lists of strings, without those that the model restricts to a list. */
  readonly members: readonly Member[]
}

/** Filled in by the gate itself: the partition and region of the call, the account of the principal. */
const OF_THE_GATE: ReadonlySet<string> = new Set(['Partition', 'Region', 'Account'])

/** Names that say nothing about whose they are. */
const GENERAL: ReadonlySet<string> = new Set([
  'id',
  'name',
  'arn',
  'identifier',
  'resourceid',
  'resourcename',
  'uuid',
])

/** A member's documentation that says it takes an ARN. */
const TAKES_ARN = /\bARNs?\b|Amazon Resource Name/

/** What stands before the name of a second resource of the same type. */
const SIBLING_PREFIXES: readonly string[] = ['source', 'target', 'destination', 'original', 'parent', 'peer']

/** Members that hold the ARN of whatever the action is about. */
const WHOLE: ReadonlySet<string> = new Set(['arn', 'resourcearn', 'resourcearns'])

/** The resource of an action of which no resource is known. */
const ANYTHING: Derived = { resourceType: '*', arn: '*', from: [], required: true }

/**
 * Finds out which members name the resources of an action. It would rather find nothing than something
 * wrong: what is not found stays unknown, and then only a policy that covers everything allows it.
 *
 * @returns empty for an action without resources; `ANYTHING` where the action has some, but none is found
 */
export function deriveResources(search: ResourceSearch): readonly Derived[] {
  const types = search.action.resourceTypes
  if (types.length === 0) return []
  const all = types
    .map(({ name, required }) => deriveOne(search, name, required))
    .filter(derived => derived !== undefined)
  const complete = all.filter(
    derived => isComplete(derived) && (derived.required || isNamed(derived, types.length)),
  )
  const more = complete.flatMap(derived => siblings(search, derived))
  const whole = search.members.find(member => WHOLE.has(plain(member.name)))?.path
  if (whole !== undefined) {
    // What `ResourceArn` says is one of the types; those that nothing names are not asked for beside it.
    return [{ ...ANYTHING, whole }, ...complete.map(item => ({ ...item, required: false })), ...more]
  }
  const open = all.filter(
    derived => !isComplete(derived) && (derived.required || types.length === 1 || isRival(derived, all)),
  )
  const found = [...complete, ...open.map(item => ({ ...item, required: true })), ...more]
  return found.length > 0 ? found : [ANYTHING]
}

/** An optional resource without variables is asked for only if there is no other. */
function isNamed({ from, whole }: Derived, types: number): boolean {
  return from.length > 0 || whole !== undefined || types === 1
}

/**
 * Where all types are optional, they are alternatives. One that is partly named by the same member as
 * another could be the one that is meant: an Application Load Balancer instead of a Classic one.
 */
function isRival(derived: Derived, all: readonly Derived[]): boolean {
  if (all.some(({ required }) => required)) return false
  const paths = new Set(derived.from.map(([, path]) => path))
  return all.some(
    other => other !== derived && isComplete(other) && other.from.some(([, path]) => paths.has(path)),
  )
}

/** Whether a request can name the resource in full. */
export function isComplete({ arn, from, whole }: Derived): boolean {
  if (whole !== undefined && from.every(([, path]) => path !== whole)) return true
  if (arn === ANYTHING.arn) return false
  const known = new Set(from.map(([variable]) => variable))
  const rest = arn.split(':').slice(2).join(':')
  return !/[*?]/.test(rest) && variablesOf(arn).every(variable => known.has(variable))
}

function deriveOne(search: ResourceSearch, typeName: string, required: boolean): Derived | undefined {
  const type = search.iam.resourceTypes.get(typeName)
  const [listed] = type?.arns ?? []
  if (type === undefined || listed === undefined) {
    return required ? { ...ANYTHING, resourceType: typeName } : undefined
  }
  const whole = search.members.find(member => namesArnOf(member, typeName))?.path
  let rest = { resourceType: typeName, ...(whole === undefined ? {} : { whole }), required }
  const arn = TEMPLATES.get(`${search.service} ${typeName}`) ?? listed
  // An ARN of several forms, or with parts that may be left out, is known only as a whole.
  if (type.arns.length > 1 || arn.includes('[')) return { ...rest, arn: '*', from: [] }
  const from: (readonly [string, string])[] = []
  const variables = variablesOf(arn)
  for (const variable of variables) {
    const member = memberFor(search, variable, typeName)
    if (member === undefined) continue
    from.push([variable, member.path])
    // The name of the resource itself may be given as its ARN, if the reference says so.
    if (whole === undefined && variable === variables.at(-1) && TAKES_ARN.test(member.documentation)) {
      rest = { ...rest, whole: member.path }
    }
  }
  // Two lists would have to be paired; which item goes with which, nobody knows.
  const lists = from.filter(([, path]) => path.includes('[]'))
  return { ...rest, arn, from: lists.length > 1 ? from.filter(pair => !lists.includes(pair)) : from }
}

/**
 * The same type once more, from the members that are named like the one found: a copy has
 * `SourceSnapshotId` beside `SnapshotId`.
 */
function siblings(search: ResourceSearch, derived: Derived): readonly Derived[] {
  const [variable, ...more] = variablesOf(derived.arn)
  if (variable === undefined || more.length > 0) return []
  const names = namesFor(search, variable, derived.resourceType).filter(name => !GENERAL.has(name))
  return search.members
    .filter(({ name }) =>
      SIBLING_PREFIXES.some(prefix => names.some(known => plain(name) === prefix + known)),
    )
    .map(({ path }) => ({ ...derived, whole: undefined, from: [[variable, path] as const], required: false }))
}

function namesArnOf(member: Member, typeName: string): boolean {
  const name = plain(member.name)
  const type = plain(typeName)
  return name === `${type}arn` || name === `${type}arns`
}

/** The one member that a variable can come from; where there are several, none is sure. */
function memberFor(search: ResourceSearch, variable: string, typeName: string): Member | undefined {
  const names = namesFor(search, variable, typeName)
  const matching = search.members.filter(member => names.includes(plain(member.name)))
  const [member] = matching
  if (member === undefined || matching.length > 1) return undefined
  return isEither(member, variable) ? undefined : member
}

/** Whether an identifier may be a name as well, so that what it puts into an ARN need not be the id. */
function isEither({ name, documentation }: Member, variable: string): boolean {
  return /id$/i.test(variable) && /identifiers?$/i.test(name) && /\b(?:name|alias)\b/i.test(documentation)
}

/** The names that a member for a variable may have. */
function namesFor(search: ResourceSearch, variable: string, typeName: string): readonly string[] {
  const { iam, action, operation } = search
  const aliases = ALIASES.get(`${iam.prefix} ${variable}`)
  if (aliases !== undefined) return aliases.map(plain)
  const name = plain(variable)
  const type = plain(typeName)
  const noun = plain(operation.replace(/^[A-Z][a-z]+/, ''))
  const alone = action.resourceTypes.length === 1
  if (GENERAL.has(name)) {
    // `${ResourceId}` of an `app` is `AppId`; a bare `Id` is only meant where the operation is about an app.
    const ending = name.replace('resource', '')
    return [`${type}${ending}`, `${type}${ending}s`, ...(alone && noun === type ? [ending] : [])]
  }
  const stem = name.replace(/(id|name|identifier|arn|uuid)$/, '')
  const ending = name.slice(stem.length)
  const names = [name, `${name}s`]
  if (ending === 'id' || ending === 'name') {
    names.push(`${stem}identifier`, `${stem}identifiers`)
    // A bare `service` is a name or an ARN; where an id is meant, it could be either.
    if (stem !== '' && ending === 'name') names.push(stem)
    // `DescribeCluster` has `name`, which is `${ClusterName}`.
    if (alone && noun === stem && type === stem) names.push(ending)
  }
  return names
}

/** The variables of an ARN template that the gate does not fill in itself. */
export function variablesOf(arn: string): readonly string[] {
  const variables: string[] = []
  for (const [, variable] of arn.matchAll(/\$\{([A-Za-z0-9]+)\}/g)) {
    if (variable !== undefined && !OF_THE_GATE.has(variable)) variables.push(variable)
  }
  return [...new Set(variables)]
}
