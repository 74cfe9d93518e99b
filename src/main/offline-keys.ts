import { parseArgs } from 'node:util'
import { DEFAULT_CONFIG_PATH } from '../cli/check.ts'
import { loadConfig } from '../config/load.ts'
import { GateError } from '../core/errors.ts'
import { configPorts } from './config-ports.ts'
import { newAdminToken, openKeyring } from './keyring.ts'

const USAGE = `usage: sallyport keys rotate [--config FILE] [--revoke-older]
       sallyport keys admin-token [--config FILE]
`

/**
 * `sallyport keys rotate`: a new key seals from now on; older ones still open until their sessions end.
 * `sallyport keys admin-token`: a new token for the local administrator; the one before proves nothing more.
 */
export async function keys(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args
  if (command !== 'rotate' && command !== 'admin-token') {
    process.stderr.write(USAGE)
    return command === '--help' ? 0 : 2
  }
  try {
    const { values } = parseArgs({
      args: rest,
      options: { config: { type: 'string' }, 'revoke-older': { type: 'boolean' } },
    })
    const config = loadConfig(values.config ?? DEFAULT_CONFIG_PATH, await configPorts())
    if (command === 'admin-token') {
      process.stdout.write(`${newAdminToken(config).reveal()}\n`)
      return 0
    }
    const key = openKeyring(config).rotate({ revokeOlder: values['revoke-older'] ?? false })
    process.stdout.write(`the key ${key.id} seals new credentials from now on\n`)
    return 0
  } catch (error) {
    const advice = error instanceof GateError ? `\n${error.advice}` : `\n${USAGE}`
    process.stderr.write(`sallyport: ${error instanceof Error ? error.message : String(error)}${advice}\n`)
    return error instanceof GateError ? 1 : 2
  }
}
