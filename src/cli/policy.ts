import { GateError } from '../core/errors.ts'
import { testFiles } from './policy/cases.ts'
import { checkFiles } from './policy/check.ts'
import { explainCall } from './policy/explain.ts'
import type { PolicyPorts } from './policy/ports.ts'

export type { PolicyPorts } from './policy/ports.ts'

const USAGE = `usage: sallyport policy check FILE... [--kind policy|boundary|trust] [--json]
       sallyport policy explain [--config FILE] --role ARN (-- aws ... | --event ID | --action A --resource R)
                                [--context KEY=VALUE]... [--json]
       sallyport policy test FILE... [--json]

  check     what is wrong with policies: file, line and column, and what was probably meant
  explain   the answer to one call, the statements that made it, and those that nearly did
  test      cases in files beside the policies: each a call and the answer that it must get
`

const COMMANDS: Readonly<Record<string, (args: readonly string[], ports: PolicyPorts) => Promise<number>>> = {
  check: checkFiles,
  explain: explainCall,
  test: testFiles,
}

/**
 * `sallyport policy check | explain | test`. Exit code 0: all is well, or the call is allowed; 1: a policy has
 * errors, the call is denied, or a case failed; 2: wrong usage.
 */
export async function policy(args: readonly string[], ports: PolicyPorts): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h') {
    ports.out(USAGE)
    return name === undefined ? 2 : 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) {
    ports.err(`sallyport: \`policy\` has no command \`${name.slice(0, 40)}\`\n\n${USAGE}`)
    return 2
  }
  try {
    return await command(rest, ports)
  } catch (error) {
    if (error instanceof GateError) {
      ports.err(`sallyport: ${error.message}\n${error.advice}\n`)
      return 1
    }
    if (!isUsage(error)) throw error
    ports.err(`sallyport: ${error.message}\n\n${USAGE}`)
    return 2
  }
}

/** What `parseArgs` says of a command line, and what these commands say of it. */
function isUsage(error: unknown): error is Error {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('ERR_PARSE_ARGS')
  )
}
