import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { GateError } from '../../core/errors.ts'
import { type CaseFile, type PolicyCase, readCases } from '../../policy/cases.ts'
import { compile } from '../../policy/compile.ts'
import type { PolicyLayer } from '../../policy/decide.ts'
import { type Explanation, explain, explanationProse } from '../../policy/explain.ts'
import type { DocumentKind } from '../../policy/keys.ts'
import { parsePolicy } from '../../policy/parse.ts'
import { policyError } from '../../policy/problem.ts'
import type { ExplainedRole, PolicyPorts } from './ports.ts'
import { UsageError } from './usage.ts'

/** How a case went. */
interface Result {
  readonly file: string
  readonly name: string
  readonly line: number
  readonly passed: boolean
  /** What was answered instead; absent where it passed. */
  readonly found?: string
}

/** `sallyport policy test FILE...`: asks the policies each question of the files; exit code 1 where one fails. */
export async function testFiles(args: readonly string[], ports: PolicyPorts): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  if (positionals.length === 0) throw new UsageError('`policy test` needs a file of cases')
  const results: Result[] = []
  for (const path of positionals) {
    const { file, problems } = readCases({ name: path, text: ports.readFile(path) })
    if (file === undefined) throw policyError(problems)
    const role = ports.roleWithout(file.role, layersOf(path, file, ports))
    for (const each of file.cases) results.push(await run(path, file, each, role, ports))
  }
  const failed = results.filter(({ passed }) => !passed)
  if (values.json) {
    ports.out(`${JSON.stringify({ passed: failed.length === 0, results }, null, 2)}\n`)
  } else {
    for (const { file, line, name, found = '' } of failed) ports.out(`${file}:${line}: ${name}: ${found}\n`)
    ports.out(`${results.length - failed.length} of ${results.length} cases passed\n`)
  }
  return failed.length === 0 ? 0 : 1
}

function layersOf(path: string, { policies, boundary }: CaseFile, ports: PolicyPorts): PolicyLayer[] {
  const read = (kind: DocumentKind, name: string): ReturnType<typeof parsePolicy> => {
    const source = { name, text: ports.readFile(resolve(dirname(path), name)) }
    const problems = ports.check(source, kind)
    if (problems.some(({ severity }) => severity === 'error')) throw policyError(problems)
    return parsePolicy(source)
  }
  const role: PolicyLayer = {
    kind: 'role',
    name: 'the role',
    policies: compile(policies.map(name => read('policy', name))),
  }
  if (boundary === undefined) return [role]
  const policySet = compile([read('boundary', boundary)])
  return [role, { kind: 'boundary', name: "the role's boundary", policies: policySet }]
}

async function run(
  path: string,
  file: CaseFile,
  each: PolicyCase,
  { principal, layers, context }: ExplainedRole,
  ports: PolicyPorts,
): Promise<Result> {
  const result = { file: path, name: each.name, line: each.at.line }
  try {
    const asked =
      each.asked.kind === 'command'
        ? await ports.interpret(each.asked.words, principal)
        : { pairs: [{ ...each.asked, certainty: 'exact' as const }], context: new Map<string, string[]>() }
    const keys = new Map([...asked.context, ...context, ...file.context, ...each.context])
    const explanation = explain({ principal, pairs: asked.pairs, context: keys }, layers)
    const found = disagreement(each, explanation)
    return { ...result, passed: found === undefined, ...(found === undefined ? {} : { found }) }
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    return { ...result, passed: false, found: error.message }
  }
}

/** What was answered, where the case expects something else. */
function disagreement({ expect, by }: PolicyCase, explanation: Explanation): string | undefined {
  const { decision } = explanation
  const kind = decision.denial?.kind
  if (expect !== decision.effect && expect !== kind) {
    const answer = { allow: 'it was allowed', ask: 'it needs an approval', deny: `it was denied (${kind})` }
    const prose = explanationProse(explanation).trimEnd().replaceAll('\n', '\n    ')
    return `\`${expect}\` was expected, and ${answer[decision.effect]}\n    ${prose}`
  }
  if (by === undefined || decision.statements.some(({ statement }) => statement === by)) return undefined
  const deciding = decision.statements.map(({ statement }) => `\`${statement}\``).join(', ')
  return `\`${by}\` should have decided, and ${deciding === '' ? 'no statement' : deciding} did`
}
