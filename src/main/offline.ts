import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DEFAULT_CONFIG_PATH } from '../cli/check.ts'
import { init as runInit } from '../cli/init.ts'
import { loadConfig } from '../config/load.ts'
import { GateError } from '../core/errors.ts'
import { configPorts } from './config-ports.ts'
import { openKeyring } from './gate.ts'

/** `sallyport init` */
export function init(args: readonly string[]): Promise<number> {
  const out = (text: string): void => void process.stdout.write(text)
  const err = (text: string): void => void process.stderr.write(text)
  return runInit(args, { out, err })
}

/** `sallyport version` */
export async function version(): Promise<number> {
  const file = join(import.meta.dirname, '..', '..', 'package.json')
  const { version: number } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  process.stdout.write(`sallyport ${number} (Node ${process.versions.node})\n`)
  return 0
}

const KEYS_USAGE = 'usage: sallyport keys rotate [--config FILE] [--revoke-older]\n'

/** `sallyport keys rotate`: a new key seals from now on; older ones still open until their sessions end. */
export async function keys(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args
  if (command !== 'rotate') {
    process.stderr.write(KEYS_USAGE)
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
    const advice = error instanceof GateError ? `\n${error.advice}` : `\n${KEYS_USAGE}`
    process.stderr.write(`sallyport: ${error instanceof Error ? error.message : String(error)}${advice}\n`)
    return error instanceof GateError ? 1 : 2
  }
}
