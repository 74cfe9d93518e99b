import { parseArgs } from 'node:util'
import type { ConfigPorts } from '../config/findings.ts'
import { readConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'

/** What `serve --check` takes from outside. */
export interface CheckPorts {
  readonly config: ConfigPorts
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/** The configuration that is read when the command line names none. */
export const DEFAULT_CONFIG_PATH = 'sallyport.yaml'

/**
 * `sallyport serve --check [--config FILE] [--json]`: prints everything that is wrong with a configuration
 * and the files it names. Exit code 0: it holds (warnings are printed); 1: it does not; 2: wrong usage.
 */
export async function check(args: readonly string[], ports: CheckPorts): Promise<number> {
  const options = parse(args)
  if (typeof options === 'string') {
    ports.err(`${options}; usage: sallyport serve --check [--config FILE] [--json]\n`)
    return 2
  }
  const { config, problems } = readConfig(options.config, ports.config)
  if (options.json) {
    ports.out(`${JSON.stringify({ valid: config !== undefined, problems }, null, 2)}\n`)
    return config ? 0 : 1
  }
  for (const problem of problems) ports.err(`${formatProblem(problem)}\n`)
  if (!config) return 1
  const { issuers, roles, targets } = config
  const databases = targets.length === 0 ? '' : `, ${targets.length} target(s)`
  ports.out(
    `${options.config}: the configuration holds: ${issuers.length} issuer(s), ${roles.length} role(s)${databases}\n`,
  )
  return 0
}

/** The options, or what is wrong with the command line. */
function parse(args: readonly string[]): { config: string; json: boolean } | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { check: { type: 'boolean' }, config: { type: 'string' }, json: { type: 'boolean' } },
    })
    return { config: values.config ?? DEFAULT_CONFIG_PATH, json: values.json ?? false }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
