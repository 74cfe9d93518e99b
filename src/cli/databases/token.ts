import { parseArgs } from 'node:util'
import type { Redacted } from '../../core/redacted.ts'
import {
  configuredTarget,
  engineOf,
  portOf,
  TOKEN_OPTIONS,
  TOKEN_USAGE,
  type TokenValues,
  told,
  USUAL_PORTS,
  WrongUsage,
} from './options.ts'
import type { ConfiguredTarget, DatabasePorts } from './ports.ts'

const USAGE = `usage: sallyport token --target NAME [options]

Prints a password for a database behind the gate: good for a quarter of an hour, and for this target alone.

  --target NAME    the target, as the gate calls it
  --host HOST      sign for this host in the place of the target's name: the one of the database itself
${TOKEN_USAGE}
Exit code 0: printed; 1: there are no credentials, or the gate gives none; 2: wrong usage.
`

const OPTIONS = { ...TOKEN_OPTIONS, target: { type: 'string' }, host: { type: 'string' } } as const

/** The gate takes tokens of any region; SDKs sign for one. */
const REGION = 'us-east-1'

/** `sallyport token`: what `aws rds generate-db-auth-token` prints, for a target of the gate. */
export function token(args: readonly string[], ports: DatabasePorts): Promise<number> {
  return told(USAGE, args, ports, async () => {
    const { values } = parseArgs({ args: [...args], options: OPTIONS })
    if (values.target === undefined) throw new WrongUsage('say which target: --target NAME')
    const configured = await configuredTarget(values.target, values.config, ports)
    const engine = engineOf(values.engine)
    const usual = engine === undefined ? undefined : USUAL_PORTS[engine]
    const port = portOf('--port', values.port) ?? configured?.port ?? usual
    if (port === undefined) {
      throw new WrongUsage(
        'say the port of the target, --port PORT, or its engine: no configuration here has it',
      )
    }
    const made = await makeToken({ values, host: values.host ?? values.target, port, configured }, ports)
    await ports.out(`${made.password.reveal()}\n`)
    return 0
  })
}

/** What a token is made of. */
export interface TokenParts {
  readonly values: TokenValues
  readonly host: string
  readonly port: number
  readonly configured: ConfiguredTarget | undefined
}

/** A token, and the user that it is for. */
export interface MadeToken {
  readonly user: string
  readonly password: Redacted
}

/** Rejects as `credentials` and `roleOf` of the ports do. */
export async function makeToken(
  { values, host, port, configured }: TokenParts,
  ports: DatabasePorts,
): Promise<MadeToken> {
  const { environment } = ports
  const credentials = await ports.credentials(values.endpoint)
  const user = values.user ?? credentials.role ?? (await ports.roleOf(credentials, values.endpoint))
  const region =
    values.region ??
    environment['AWS_REGION'] ??
    environment['AWS_DEFAULT_REGION'] ??
    (configured?.region || REGION)
  return { user, password: ports.sign({ host, port, user, region }, credentials) }
}
