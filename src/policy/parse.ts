import { POLICY_LIMITS } from './limits.ts'
import type { PolicyDocument, Statement } from './model.ts'
import { type Problem, policyError, quote } from './problem.ts'
import { Members, Report, readOneOf, readText } from './report.ts'
import { type PolicySource, readSource, SourceError, type Tree } from './source.ts'
import { readStatement } from './statement.ts'
import type { StatementKind } from './statement-reader.ts'

/** What reading a document gave: a document unless there are errors, and everything worth telling. */
export interface PolicyReading {
  readonly document?: PolicyDocument
  readonly problems: readonly Problem[]
}

/**
 * Parses and validates a policy document, JSON or YAML. Whether its keys can be known at the gate is
 * not checked here but by `checkKeys`, which every loader calls next.
 *
 * @throws GateError `policy-invalid`, naming file, line, column and the accepted values.
 */
export function parsePolicy(source: PolicySource): PolicyDocument {
  return orThrow(readPolicy(source))
}

/** Like `parsePolicy`, for the trust policy of a role: with `Principal`, without `Resource`. */
export function parseTrustDocument(source: PolicySource): PolicyDocument {
  return orThrow(readPolicy(source, 'trust'))
}

function orThrow(reading: PolicyReading): PolicyDocument {
  if (reading.document === undefined) throw policyError(reading.problems)
  return reading.document
}

/** Like `parsePolicy`, but tells every problem instead of throwing. */
export function readPolicy(source: PolicySource, kind: StatementKind = 'permission'): PolicyReading {
  const report = new Report(source.name)
  try {
    const document = readDocument(report, readSource(source), kind)
    if (document !== undefined && !report.failed) return { document, problems: report.problems }
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    report.error(error.kind, error.at, error.message)
  }
  return { problems: report.problems }
}

const VERSIONS = ['2012-10-17', '2008-10-17'] as const

function readDocument(report: Report, tree: Tree, kind: StatementKind): PolicyDocument | undefined {
  const members = Members.of(report, 'a policy', tree)
  if (members === undefined) return undefined
  const version = members.take('Version')
  const id = members.take('Id')
  const statement = members.take('Statement')
  members.done()
  if (id !== undefined) readText(report, '`Id`', id.value)
  const found = version === undefined ? undefined : readOneOf(report, '`Version`', version.value, VERSIONS)
  if (statement === undefined) {
    report.error('structure', tree.at, 'a policy must have a `Statement`')
    return undefined
  }
  const statements = readStatements(report, statement.value, kind, found === '2012-10-17')
  return { name: report.policy, version: found ?? '2008-10-17', statements }
}

/** One statement or a list of them. */
function readStatements(
  report: Report,
  node: Tree,
  kind: StatementKind,
  variables: boolean,
): readonly Statement[] {
  const nodes = node.kind === 'list' ? node.items : [node]
  if (nodes.length === 0) report.error('value', node.at, '`Statement` is an empty list')
  if (nodes.length > POLICY_LIMITS.statements) {
    report.error('limit', node.at, `a policy may have ${POLICY_LIMITS.statements} statements`)
    return []
  }
  const statements = nodes.flatMap(
    (item, index) => readStatement({ report, kind, variables, number: index + 1 }, item) ?? [],
  )
  const sids = new Set<string>()
  for (const { sid, at } of statements) {
    if (sid === undefined) continue
    if (sids.has(sid)) report.error('value', at, `the \`Sid\` ${quote(sid)} stands in this policy twice`)
    sids.add(sid)
  }
  return statements
}
