import { POLICY_LIMITS } from './limits.ts'
import { type Position, type Problem, quote } from './problem.ts'
import { Members, Report, readOneOf, readText, readTexts } from './report.ts'
import { type PolicySource, readSource, SourceError, type Tree } from './source.ts'

/** What a case may expect: an answer, or a denial of one kind; `ask` is an approval that is needed. */
export type Expected = 'allow' | 'ask' | 'deny' | 'explicit' | 'implicit' | 'boundary'

/** Condition keys that a case file sets, in lower case. */
export type CaseKeys = ReadonlyMap<string, readonly string[]>

/** One question to the policies, and the answer that it must get. */
export interface PolicyCase {
  readonly name: string
  readonly at: Position
  readonly asked: Asked
  readonly context: CaseKeys
  readonly expect: Expected
  /** `Sid` or number of a statement that must have decided. */
  readonly by?: string
}

/** An action on a resource, or the words of an `aws` command line. */
export type Asked =
  | { readonly kind: 'action'; readonly action: string; readonly resource: string }
  | { readonly kind: 'command'; readonly words: readonly string[] }

/** A file of cases that stands beside the policies. */
export interface CaseFile {
  /** Paths relative to the file; their statements add up. */
  readonly policies: readonly string[]
  readonly boundary?: string
  /** ARN of the role that asks; its account is that of ARNs made from command lines. */
  readonly role?: string
  readonly context: CaseKeys
  readonly cases: readonly PolicyCase[]
}

const EXPECTED = [
  'allow',
  'ask',
  'deny',
  'explicit',
  'implicit',
  'boundary',
] as const satisfies readonly Expected[]

/** Reads a file of cases, YAML or JSON; the file is undefined where there are errors. */
export function readCases(source: PolicySource): { file?: CaseFile; problems: readonly Problem[] } {
  const report = new Report(source.name)
  try {
    const file = readFile(report, readSource(source))
    return file === undefined || report.failed
      ? { problems: report.problems }
      : { file, problems: report.problems }
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    report.error(error.kind, error.at, error.message)
    return { problems: report.problems }
  }
}

function readFile(report: Report, tree: Tree): CaseFile | undefined {
  const members = Members.of(report, 'a file of cases', tree)
  if (members === undefined) return undefined
  const policies = members.take('policies')
  const boundary = readMember(report, members, 'boundary')
  const role = readMember(report, members, 'role')
  const context = readContext(report, members)
  const cases = members.take('cases')
  members.done()
  if (policies === undefined) report.error('structure', tree.at, 'a file of cases must have `policies`')
  if (cases?.value.kind !== 'list') {
    report.error('structure', cases?.at ?? tree.at, 'a file of cases must have `cases`, a list')
    return undefined
  }
  const { items } = cases.value
  if (items.length > POLICY_LIMITS.statements) {
    report.error('limit', cases.at, `a file may have ${POLICY_LIMITS.statements} cases`)
    return undefined
  }
  return {
    policies:
      policies === undefined ? [] : readTexts(report, '`policies`', policies.value).map(({ text }) => text),
    ...(boundary === undefined ? {} : { boundary }),
    ...(role === undefined ? {} : { role }),
    context,
    cases: items.flatMap((item, i) => readCase(report, item, i + 1) ?? []),
  }
}

function readCase(report: Report, node: Tree, number: number): PolicyCase | undefined {
  const members = Members.of(report, 'a case', node)
  if (members === undefined) return undefined
  const name = readMember(report, members, 'name')
  const asked = readAsked(report, members, node.at)
  const context = readContext(report, members)
  const expectEntry = members.take('expect')
  const by = readMember(report, members, 'by')
  members.done()
  if (expectEntry === undefined) report.error('structure', node.at, 'a case must have `expect`')
  const expect =
    expectEntry === undefined ? undefined : readOneOf(report, '`expect`', expectEntry.value, EXPECTED)
  if (asked === undefined || expect === undefined) return undefined
  return {
    name: name ?? `#${number}`,
    at: node.at,
    asked,
    context,
    expect,
    ...(by === undefined ? {} : { by }),
  }
}

function readAsked(report: Report, members: Members, at: Position): Asked | undefined {
  const action = readMember(report, members, 'action')
  const resource = readMember(report, members, 'resource')
  const entry = members.take('command')
  if (entry === undefined) {
    if (action !== undefined) return { kind: 'action', action, resource: resource ?? '*' }
    report.error('structure', at, 'a case must have `action` and `resource`, or `command`')
    return undefined
  }
  if (action !== undefined || resource !== undefined) {
    report.error('structure', entry.at, 'a case has `command`, or `action` and `resource`, not both')
  }
  const texts = readTexts(report, '`command`', entry.value).map(({ text }) => text)
  // One text is split at its spaces; a word that holds one is written in a list.
  const words = entry.value.kind === 'list' ? texts : texts.flatMap(text => text.trim().split(/\s+/))
  if (words[0] === 'aws') return { kind: 'command', words: words.slice(1) }
  report.error('value', entry.at, `\`command\` ${quote(words[0] ?? '')} must begin with \`aws\``)
  return undefined
}

/** Condition keys, each with a value or a list of them. */
function readContext(report: Report, members: Members): CaseKeys {
  const entry = members.take('context')
  if (entry === undefined) return new Map()
  if (entry.value.kind !== 'map') {
    report.error('structure', entry.at, '`context` must be an object of condition keys')
    return new Map()
  }
  return new Map(
    entry.value.entries.map(({ key, value }) => [
      key.toLowerCase(),
      readTexts(report, quote(key), value).map(({ text }) => text),
    ]),
  )
}

function readMember(report: Report, members: Members, name: string): string | undefined {
  const entry = members.take(name)
  return entry === undefined ? undefined : readText(report, `\`${name}\``, entry.value)?.text
}
