import { covers } from './glob/cover.ts'
import { countColons, glob } from './glob/pattern.ts'
import type { Selector, Statement } from './model.ts'

/** A statement of a session policy, as AWS takes it. */
export interface SessionStatement {
  readonly effect: 'Allow' | 'Deny'
  readonly notAction: boolean
  readonly actions: readonly string[]
  readonly notResource: boolean
  readonly resources: readonly string[]
}

/**
 * Services whose resources the gate names by rules written by hand, in full or as a pattern of what they
 * could be. Of every other service AWS may check resources that no request names.
 */
const NAMED_IN_FULL: ReadonlySet<string> = new Set([
  's3',
  'dynamodb',
  'sqs',
  'sns',
  'secretsmanager',
  'kms',
  'lambda',
  'logs',
  'ssm',
])

/** Services of the gate alone: AWS is never asked for them. */
const OWN: ReadonlySet<string> = new Set(['sql', 'gate'])

/** The gate sends it by itself where a call goes to a directory bucket, so no Deny may stand in its way. */
const CREATE_SESSION = 's3express:CreateSession'

const EVERYTHING: readonly string[] = ['*']

/** Statements that allow at least what an `Allow` or a `RequireApproval` can allow; conditions are dropped. */
export function widenAllow(statement: Statement, variables: boolean): readonly SessionStatement[] {
  const { actions, resources = { not: false, patterns: [] } } = statement
  const asked = actions.patterns.map(({ text }) => text).filter(text => !OWN.has(serviceOf(text)))
  if (actions.not) {
    if (asked.includes('*')) return []
    return [allow(asked.length === 0 ? { actions: EVERYTHING } : { notAction: true, actions: asked })]
  }
  const named = asked.filter(text => NAMED_IN_FULL.has(serviceOf(text)))
  const others = asked.filter(text => !NAMED_IN_FULL.has(serviceOf(text)))
  const found: SessionStatement[] = []
  const about = resources.not ? exclusions(resources, variables) : widened(resources, variables)
  if (named.length > 0 && about !== undefined) found.push(allow({ actions: named, ...about }))
  if (others.length > 0) found.push(allow({ actions: others }))
  return found
}

/** Statements that deny no more than a `Deny` denies in every request; none where that cannot be told. */
export function narrowDeny(statement: Statement, variables: boolean): readonly SessionStatement[] {
  const { actions, conditions, resources = { not: false, patterns: [] } } = statement
  if (conditions.length > 0 || !resources.patterns.every(({ text }) => isPlain(text, variables))) return []
  const about = resources.not ? widened(resources, variables) : surelyDenied(resources)
  if (about === undefined) return []
  const everywhere = !resources.not && about.resources.includes('*')
  const written = actions.patterns.map(({ text }) => text)
  if (actions.not) {
    const spared = written.filter(text => !OWN.has(serviceOf(text)))
    return everywhere ? [deny({ notAction: true, actions: [...spared, CREATE_SESSION] })] : []
  }
  if (everywhere && written.includes('*')) return [deny({ notAction: true, actions: [CREATE_SESSION] })]
  if (resources.not && about.resources.includes('*')) return []
  const services = resources.not ? [] : servicesOf(about.resources)
  const denied = new Set(written.flatMap(text => (text === '*' ? services : [text])))
  const usable = [...denied].filter(
    text =>
      !OWN.has(serviceOf(text)) &&
      (everywhere || NAMED_IN_FULL.has(serviceOf(text))) &&
      !covers(glob(text.toLowerCase()), glob(CREATE_SESSION.toLowerCase())),
  )
  return usable.length === 0 ? [] : [deny({ actions: usable, notResource: resources.not, ...about })]
}

/** `s3` of `s3:Get*`; empty for `*`. */
export function serviceOf(action: string): string {
  return action.includes(':') ? action.slice(0, action.indexOf(':')).toLowerCase() : ''
}

type Parts = Partial<SessionStatement> & Pick<SessionStatement, 'actions'>

function allow(parts: Parts): SessionStatement {
  return { effect: 'Allow', notAction: false, notResource: false, resources: EVERYTHING, ...parts }
}

function deny(parts: Parts): SessionStatement {
  return { effect: 'Deny', notAction: false, notResource: false, resources: EVERYTHING, ...parts }
}

/** Resources that hold at least those of the statement; undefined where all of them are the gate's own. */
function widened(
  { patterns }: Selector,
  variables: boolean,
): Pick<SessionStatement, 'resources'> | undefined {
  const resources = new Set<string>()
  for (const { text } of patterns) if (!isOwn(text)) resources.add(widenedPattern(text, variables))
  if (resources.has('*')) return { resources: EVERYTHING }
  return resources.size === 0 ? undefined : { resources: [...resources] }
}

function widenedPattern(text: string, variables: boolean): string {
  const end = endOfPlain(text, variables)
  const pattern = end === text.length ? text : `${text.slice(0, end)}*`
  return isArn(pattern) ? pattern : '*'
}

/** `NotResource` with at most the exclusions of the statement. */
function exclusions(
  { patterns }: Selector,
  variables: boolean,
): Pick<SessionStatement, 'resources' | 'notResource'> {
  const kept = patterns.map(({ text }) => text).filter(text => isPlain(text, variables))
  if (kept.includes('*')) return { notResource: true, resources: EVERYTHING }
  const arns = kept.filter(isArn)
  return arns.length === 0
    ? { notResource: false, resources: EVERYTHING }
    : { notResource: true, resources: arns }
}

/** What a Deny names, as far as AWS takes it. */
function surelyDenied({ patterns }: Selector): Pick<SessionStatement, 'resources'> | undefined {
  const texts = patterns.map(({ text }) => text)
  if (texts.includes('*')) return { resources: EVERYTHING }
  const arns = texts.filter(isArn)
  return arns.length === 0 ? undefined : { resources: arns }
}

function isOwn(resource: string): boolean {
  return resource.startsWith('arn:sallyport:')
}

/** The services that the gate names in full among those of the resources, as action patterns. */
function servicesOf(resources: readonly string[]): string[] {
  const services = new Set(resources.map(resource => resource.split(':')[2] ?? ''))
  return [...services].filter(service => NAMED_IN_FULL.has(service)).map(service => `${service}:*`)
}

function isPlain(text: string, variables: boolean): boolean {
  return endOfPlain(text, variables) === text.length
}

/**
 * Up to where a text means at AWS what it means here: there is no variable (a session policy always knows
 * variables, and an older document has none), and no character that a session policy cannot hold.
 * Source: the `Policy` parameter of AssumeRole in the STS API Reference: U+0009, A, D and U+0020 to U+00FF.
 */
function endOfPlain(text: string, variables: boolean): number {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 0xff || text.charCodeAt(at) < 0x20) return at
    if (text.startsWith('${', at)) {
      const isEscape = variables && /^\$\{[*?$]\}/.test(text.slice(at, at + 4))
      if (!isEscape) return at
      at += 3
    }
  }
  return text.length
}

/** AWS wants all six components, and a partition that it has. */
function isArn(text: string): boolean {
  return /^arn:aws[a-z-]{0,20}:/.test(text) && countColons(glob(text)) >= 5
}
