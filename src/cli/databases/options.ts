import { GateError } from '../../core/errors.ts'
import { printable } from '../../record/shell.ts'
import { DEFAULT_CONFIG_PATH } from '../check.ts'
import type { ConfiguredTarget, DatabasePorts, Engine } from './ports.ts'

/** A command line that says too little, too much or something else; told with the usage. */
export class WrongUsage extends Error {}

/** What both commands take, for `parseArgs`. */
export const TOKEN_OPTIONS = {
  user: { type: 'string' },
  port: { type: 'string' },
  region: { type: 'string' },
  engine: { type: 'string' },
  endpoint: { type: 'string' },
  config: { type: 'string' },
} as const

/** What `parseArgs` made of `TOKEN_OPTIONS`. */
export interface TokenValues {
  readonly user?: string | undefined
  readonly port?: string | undefined
  readonly region?: string | undefined
  readonly engine?: string | undefined
  readonly endpoint?: string | undefined
  readonly config?: string | undefined
}

export const TOKEN_USAGE = `  --user ROLE      the role, by its name or ARN; else that of the credentials
  --port PORT      of the target, or of the gate as you reach it; else what the configuration says
  --engine ENGINE  postgres or mysql; else what the configuration says
  --config FILE    a configuration of the gate; else sallyport.yaml, where there is one. Without: --port, --engine
  --endpoint URL   the gate's STS; else AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL
  --region REGION  that the token is signed for; the gate takes any

Credentials of the gate come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or from
AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, which are exchanged at the gate.
`

/** The ports on which servers listen where nobody says otherwise. */
export const USUAL_PORTS: Readonly<Record<Engine, number>> = { postgres: 5432, mysql: 3306 }

/** Throws `WrongUsage`. */
export function portOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535)
    throw new WrongUsage(`${option} takes a number from 1 to 65535, not \`${text}\``)
  return port
}

/** Throws `WrongUsage`. */
export function engineOf(text: string | undefined): Engine | undefined {
  if (text === undefined || text === 'postgres' || text === 'mysql') return text
  throw new WrongUsage(`--engine takes \`postgres\` or \`mysql\`, not \`${text}\``)
}

/** The target in the configuration; undefined where no configuration is named and none is here. */
export async function configuredTarget(
  name: string,
  config: string | undefined,
  ports: Pick<DatabasePorts, 'target'>,
): Promise<ConfiguredTarget | undefined> {
  if (config === undefined) {
    try {
      return await ports.target(DEFAULT_CONFIG_PATH, name)
    } catch (error) {
      // Who connects to databases has seldom a configuration of the gate; what it would have said can be said by options.
      if (error instanceof GateError && error.code === 'config-invalid') return undefined
      throw error
    }
  }
  const target = await ports.target(config, name)
  if (target === undefined) throw new WrongUsage(`\`${config}\` has no target \`${name}\``)
  return target
}

/** Runs a command, and tells what is wrong with it or went wrong. Gives the exit code. */
export async function told(
  usage: string,
  args: readonly string[],
  ports: Pick<DatabasePorts, 'out' | 'err'>,
  run: () => Promise<number>,
): Promise<number> {
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args
  if (args.length === 0 || own.includes('--help') || own.includes('-h')) {
    await ports.out(usage)
    return args.length === 0 ? 2 : 0
  }
  try {
    return await run()
  } catch (error) {
    if (error instanceof WrongUsage || isParseError(error)) {
      ports.err(`sallyport: ${printable(error.message)}\n\n${usage}`)
      return 2
    }
    if (!(error instanceof GateError)) throw error
    const lines = [...`${error.code}: ${error.message}`.split('\n'), error.advice]
    ports.err(`sallyport: ${lines.map(printable).join('\n')}\n`)
    return 1
  }
}

/** Of `parseArgs`. */
function isParseError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_')
}
