import { parseDuration } from '../../config/scalars.ts'
import { API_LIMITS } from '../../contract/approvals.ts'
import { GateError } from '../../core/errors.ts'
import { printable } from '../../record/shell.ts'
import { Refusal } from './client.ts'
import type { PlaceOptions } from './place.ts'
import type { ApprovalsPorts } from './ports.ts'

/** A command line that says too little, too much or something else; told with the usage. */
export class WrongUsage extends Error {}

/** The options of every command that calls a gate, for `parseArgs`. */
export const PLACE_OPTIONS = {
  url: { type: 'string' },
  'token-file': { type: 'string' },
  config: { type: 'string' },
  insecure: { type: 'boolean' },
  json: { type: 'boolean' },
} as const

export const PLACE_USAGE = `  --url URL          the admin address of the gate; else SALLYPORT_URL, else what --config FILE says
  --token-file FILE  a file with your token; else SALLYPORT_TOKEN, else ~/.config/sallyport/token
  --insecure         plain http:// to another machine
  --json             for programs

The certificate authority of a gate is given by NODE_EXTRA_CA_CERTS=FILE. NO_COLOR is heeded. Exit code 0: done;
1: refused, not answered, or not approved; 2: wrong usage.
`

/** What `parseArgs` made of `PLACE_OPTIONS`. */
export interface PlaceValues {
  readonly url?: string | undefined
  readonly 'token-file'?: string | undefined
  readonly config?: string | undefined
  readonly insecure?: boolean | undefined
}

export function placeOptions(values: PlaceValues): PlaceOptions {
  return {
    url: values.url,
    tokenFile: values['token-file'],
    config: values.config,
    insecure: values.insecure ?? false,
  }
}

/** `10m` in ms. Throws `WrongUsage`. */
export function durationOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const durationMs = parseDuration(text)
  if (durationMs === undefined || durationMs < 1) {
    throw new WrongUsage(`${option} takes a time such as \`90s\`, \`10m\` or \`1h\`, not \`${text}\``)
  }
  return durationMs
}

/** A whole number from 1 on. Throws `WrongUsage`. */
export function countOf(
  option: string,
  text: string | undefined,
  most: number = API_LIMITS.uses,
): number | undefined {
  if (text === undefined) return undefined
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (number < 1 || number > most)
    throw new WrongUsage(`${option} takes a number from 1 to ${most}, not \`${text}\``)
  return number
}

/** Throws `WrongUsage` where it is missing, empty or too long. */
export function reasonOf(text: string | undefined): string {
  const reason = text?.trim() ?? ''
  if (reason === '') throw new WrongUsage('say why: --reason TEXT')
  if (reason.length > API_LIMITS.reasonChars) {
    throw new WrongUsage(`--reason takes at most ${API_LIMITS.reasonChars} characters`)
  }
  return reason
}

/** Runs a command, and tells what is wrong with it or went wrong. Gives the exit code. */
export async function told(
  usage: string,
  args: readonly string[],
  ports: ApprovalsPorts,
  run: () => Promise<number>,
): Promise<number> {
  if (args.length === 0 || args.includes('--help') || args.includes('-h')) {
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
    const lines = explain(error)
    if (lines === undefined) throw error
    ports.err(`sallyport: ${lines.map(printable).join('\n')}\n`)
    return 1
  }
}

/** Of `parseArgs`. */
function isParseError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_')
}

/** Code, message and advice, of the gate or of this side; undefined for what nobody expected. */
function explain(error: unknown): string[] | undefined {
  if (error instanceof Refusal) {
    const { code, message, advice } = error.reply
    return [`${code}: ${message}`, advice]
  }
  if (error instanceof GateError) return [...`${error.code}: ${error.message}`.split('\n'), error.advice]
  return undefined
}
