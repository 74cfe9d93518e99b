import { readConditions } from './condition.ts'
import { readApproval, readMask } from './effects.ts'
import { bindToArn, countColons, glob } from './glob/pattern.ts'
import type { Effect, Selector, Statement } from './model.ts'
import { readPrincipals } from './principals.ts'
import { type Located, quote } from './problem.ts'
import { Members, type Report, readOneOf, readText, readTexts } from './report.ts'
import type { Tree } from './source.ts'
import type { StatementKind, StatementReader } from './statement-reader.ts'
import { parseTemplate } from './variables.ts'

const EFFECTS = {
  permission: ['Allow', 'Deny', 'RequireApproval', 'Mask'],
  trust: ['Allow', 'Deny'],
} as const satisfies Record<StatementKind, readonly Effect[]>

/** Reads one statement; undefined where it has no effect or no action, which is reported. */
export function readStatement(reader: StatementReader, node: Tree): Statement | undefined {
  const { report, kind } = reader
  const members = Members.of(report, 'a statement', node)
  if (members === undefined) return undefined
  const sid = readSid(report, members)
  const effectEntry = members.take('Effect')
  if (effectEntry === undefined) report.error('structure', node.at, 'a statement must have an `Effect`')
  const effect =
    effectEntry === undefined
      ? undefined
      : readOneOf<Effect>(report, '`Effect`', effectEntry.value, EFFECTS[kind])
  const actions = readSelector(reader, members, 'Action', checkAction)
  const scope = readScope(reader, members)
  const conditionEntry = members.take('Condition')
  const conditions = conditionEntry === undefined ? [] : readConditions(reader, conditionEntry.value)
  const terms = kind === 'permission' ? readTerms(report, members, effect, node) : {}
  members.done()
  if (effect === undefined || actions === undefined || scope === undefined) return undefined
  return { at: node.at, number: reader.number, ...sid, effect, actions, ...scope, conditions, ...terms }
}

function readSid(report: Report, members: Members): { sid?: string } {
  const entry = members.take('Sid')
  const text = entry === undefined ? undefined : readText(report, '`Sid`', entry.value)
  if (text === undefined || text.text === '') return {}
  if (!/^[A-Za-z0-9][A-Za-z0-9 _.-]*$/.test(text.text)) {
    report.error(
      'value',
      text.at,
      `\`Sid\` ${quote(text.text)} may hold letters, digits, space, \`_\`, \`.\` and \`-\``,
    )
  }
  return { sid: text.text }
}

/** What it is about: resources, or for a trust policy principals. */
function readScope(
  reader: StatementReader,
  members: Members,
): Pick<Statement, 'resources' | 'principals'> | undefined {
  if (reader.kind === 'trust') {
    const principals = readPrincipals(reader.report, members)
    return principals === undefined ? undefined : { principals }
  }
  const resources = readSelector(reader, members, 'Resource', checkResource)
  return resources === undefined ? undefined : { resources }
}

/** The members of the two effects that Sallyport adds, and `Reason`. */
function readTerms(
  report: Report,
  members: Members,
  effect: Effect | undefined,
  node: Tree,
): Pick<Statement, 'reason' | 'approval' | 'mask'> {
  const reasonEntry = members.take('Reason')
  const approvalEntry = members.take('Approval')
  const maskEntry = members.take('Mask')
  const reason = reasonEntry === undefined ? undefined : readText(report, '`Reason`', reasonEntry.value)
  const approval = approvalEntry === undefined ? undefined : readApproval(report, approvalEntry.value)
  const mask = maskEntry === undefined ? undefined : readMask(report, maskEntry.value)
  const owners = [
    ['Approval', 'RequireApproval', approvalEntry],
    ['Mask', 'Mask', maskEntry],
  ] as const
  for (const [member, owner, entry] of owners) {
    if (effect === owner && entry === undefined) {
      report.error('structure', node.at, `a statement with the effect \`${owner}\` must have \`${member}\``)
    } else if (effect !== undefined && effect !== owner && entry !== undefined) {
      report.error(
        'structure',
        entry.at,
        `\`${member}\` belongs to the effect \`${owner}\`, not \`${effect}\``,
      )
    }
  }
  return {
    ...(reason === undefined ? {} : { reason: reason.text }),
    ...(approval === undefined ? {} : { approval }),
    ...(mask === undefined ? {} : { mask }),
  }
}

type Check = (reader: StatementReader, value: Located) => string | undefined

/** `Action` or `NotAction`, `Resource` or `NotResource`: exactly one of the two. */
function readSelector(
  reader: StatementReader,
  members: Members,
  name: string,
  check: Check,
): Selector | undefined {
  const { report } = reader
  const plain = members.take(name)
  const negated = members.take(`Not${name}`)
  const entry = plain ?? negated
  if (entry === undefined) {
    report.error('structure', members.at, `a statement must have \`${name}\` or \`Not${name}\``)
    return undefined
  }
  if (plain !== undefined && negated !== undefined) {
    report.error('structure', negated.at, `a statement cannot have both \`${name}\` and \`Not${name}\``)
  }
  const patterns = readTexts(report, `\`${entry.key}\``, entry.value)
  for (const pattern of patterns) {
    const trouble = check(reader, pattern)
    if (trouble !== undefined)
      report.error('value', pattern.at, `\`${entry.key}\` ${quote(pattern.text)} ${trouble}`)
  }
  return { not: plain === undefined, patterns }
}

/** `*`, or a service prefix and a name with wildcards. */
function checkAction(_: StatementReader, { text }: Located): string | undefined {
  if (text === '*') return undefined
  const [prefix = '', name, ...rest] = text.split(':')
  if (name === undefined || name === '' || rest.length > 0) {
    return 'must be `*` or `service:Name`, in which the name may hold wildcards'
  }
  if (!/^[A-Za-z0-9-]+$/.test(prefix)) return 'must begin with a service prefix without wildcards'
  if (!/^[A-Za-z0-9*?_-]+$/.test(name)) return 'may hold letters, digits, `*` and `?` in its name'
  return undefined
}

/**
 * `*`, or an ARN: six components, or fewer with a `*` at the end that runs on. The service may not
 * hold a wildcard, and a policy variable may only stand after the fifth colon.
 */
function checkResource({ variables }: StatementReader, { text }: Located): string | undefined {
  if (text === '*') return undefined
  const parts = variables ? parseTemplate(text) : undefined
  if (typeof parts === 'string') return `is not accepted: ${parts}`
  if (!text.startsWith('arn:')) return 'must be `*` or an ARN: `arn:aws:s3:::bucket/*`'
  const first = variables ? text.indexOf('${') : -1
  const head = first < 0 ? text : text.slice(0, first)
  const pattern = bindToArn(glob(head), 'resource')
  if (first >= 0 && countColons(pattern) < 5) return 'may hold policy variables only after its fifth colon'
  if (countColons(pattern) < 5 && !text.endsWith('*')) return 'must be an ARN with six components'
  const service = text.split(':')[2]
  if (service === undefined || /[*?]/.test(service)) return 'must name its service without wildcards'
  return undefined
}
