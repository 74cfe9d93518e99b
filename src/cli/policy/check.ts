import { parseArgs } from 'node:util'
import type { DocumentKind } from '../../policy/keys.ts'
import { formatProblem } from '../../policy/problem.ts'
import type { PolicyPorts } from './ports.ts'
import { UsageError } from './usage.ts'

const KINDS = ['policy', 'boundary', 'trust', 'control'] as const satisfies readonly DocumentKind[]

/** `sallyport policy check FILE...`: exit code 1 where a file has an error; warnings are told and pass. */
export async function checkFiles(args: readonly string[], ports: PolicyPorts): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { kind: { type: 'string', default: 'policy' }, json: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const kind = KINDS.find(each => each === values.kind)
  if (kind === undefined) throw new UsageError('`--kind` must be `policy`, `boundary`, `trust` or `control`')
  if (positionals.length === 0) throw new UsageError('`policy check` needs a file')
  const problems = positionals.flatMap(path => ports.check({ name: path, text: ports.readFile(path) }, kind))
  const errors = problems.filter(({ severity }) => severity === 'error').length
  if (values.json) {
    ports.out(`${JSON.stringify({ valid: errors === 0, problems }, null, 2)}\n`)
    return errors === 0 ? 0 : 1
  }
  for (const problem of problems) ports.err(`${formatProblem(problem)}\n`)
  const files = `${positionals.length} file${positionals.length === 1 ? '' : 's'}`
  ports.out(`${files}: ${errors} error(s), ${problems.length - errors} warning(s)\n`)
  return errors === 0 ? 0 : 1
}
