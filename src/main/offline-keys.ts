import { parseArgs } from 'node:util'
import { DEFAULT_CONFIG_PATH } from '../cli/check.ts'
import { loadConfig } from '../config/load.ts'
import { GateError } from '../core/errors.ts'
import { configPorts } from './config-ports.ts'
import { openKeyring } from './keyring.ts'

const USAGE = 'usage: sallyport keys rotate [--config FILE] [--revoke-older]\n'

/** `sallyport keys rotate`: a new key seals from now on; older ones still open until their sessions end. */
export async function keys(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args
  if (command !== 'rotate') {
    process.stderr.write(USAGE)
    return command === '--help' ? 0 : 2
  }
  try {
    const { values } = parseArgs({
      args: rest,
      options: { config: { type: 'string' }, 'revoke-older': { type: 'boolean' } },
    })
    const config = loadConfig(values.config ?? DEFAULT_CONFIG_PATH, await configPorts())
    const key = openKeyring(config).rotate({ revokeOlder: values['revoke-older'] ?? false })
    process.stdout.write(`the key ${key.id} seals new credentials from now on\n`)
    return 0
  } catch (error) {
    const advice = error instanceof GateError ? `\n${error.advice}` : `\n${USAGE}`
    process.stderr.write(`sallyport: ${error instanceof Error ? error.message : String(error)}${advice}\n`)
    return error instanceof GateError ? 1 : 2
  }
}
