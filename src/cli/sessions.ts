import { parseArgs } from 'node:util'
import type { JournalSource } from '../record/read.ts'
import { printable } from '../record/shell.ts'
import { DEFAULT_CONFIG_PATH } from './check.ts'
import { body } from './sessions/body.ts'
import { exportSessions } from './sessions/export.ts'
import { holdCommand } from './sessions/hold.ts'
import { indexCommand } from './sessions/index-command.ts'
import { list } from './sessions/list.ts'
import { explain, openReading } from './sessions/open.ts'
import type { SessionsPorts } from './sessions/ports.ts'
import { key, prove } from './sessions/prove.ts'
import { LONGEST_PAUSE_MS, type ReplaySpeed, replayPace, stepPace } from './sessions/replay.ts'
import { rotateKey } from './sessions/rotate.ts'
import { search } from './sessions/search.ts'
import { REFUSED, show } from './sessions/show.ts'
import { shredCommand } from './sessions/shred.ts'
import { tail } from './sessions/tail.ts'
import { verify } from './sessions/verify.ts'

export type { SessionsPorts } from './sessions/ports.ts'

const USAGE = `usage: sallyport sessions COMMAND [--config FILE | --data FOLDER] [--json]

  list         every session, and what was refused without one
  show ID      a session's calls as \`aws\` command lines, each with its decision; \`show ${REFUSED}\`: what was
               refused without a session; \`show EVENT\`: all of one call, by the id that a denial names
  replay ID    the same at its own pace, SQL as at a terminal: --speed N times as fast, no pause beyond --skip-idle
               SECONDS; --step: the next at a key, \`q\` ends it
  body EVENT   writes the reply of a call, or with --request its request, as far as it was kept; --out FILE
  tail         shows what happens while it does: --session ID, --role R, --denied
  search QUERY finds calls, sessions and access requests by what they are; see \`search --help\`
  index        brings the index up to date that searches use; see \`index --help\`
  export       writes what was recorded for others to read: OCSF, CloudTrail, CSV, JSON lines; see \`export --help\`
  kill ID      ends a session at the gate, now: --reason TEXT; see \`kill --help\`
  shred ID     makes what was recorded of a session unreadable for good; \`--tenant NAME\`: of a tenant; see \`shred --help\`
  verify       proves that the recording is whole; exit code 1 and the place if it is not; --key FILE: by the
               public keys in this file, not by those of the data folder
  prove EVENT  writes a proof of one event that stands by itself; \`sallyport verify-proof\` checks it
  hold ID      puts a session on legal hold, so that nothing of it is removed or shredded; \`release ID\` takes it back,
               \`holds\` lists them
  key          prints the public keys that checkpoints and proofs are checked with
  rotate-key   a new key signs from now on, and the old one vouches for it
`

/** A command line that was understood. */
interface Options {
  readonly command: string
  readonly id: string | undefined
  readonly data: string | undefined
  readonly config: string
  readonly json: boolean
  readonly pace: ReplaySpeed
  /** Waits for a key, not for the time. */
  readonly step: boolean
}

/**
 * `sallyport sessions list | show ID | replay ID | verify`: reads the journal, also while a gate writes
 * it. Exit code 0: done; 1: the journal is broken, unreadable or has no such session; 2: wrong usage.
 */
export async function sessions(args: readonly string[], ports: SessionsPorts): Promise<number> {
  if (args[0] === 'export') return exportSessions(args.slice(1), ports)
  if (args[0] === 'index') return indexCommand(args.slice(1), ports)
  if (args[0] === 'search') return search(args.slice(1), ports)
  if (args[0] === 'verify') return verify(args.slice(1), ports)
  if (args[0] === 'body') return body(args.slice(1), ports)
  if (args[0] === 'prove') return prove(args.slice(1), ports)
  if (args[0] === 'key') return key(args.slice(1), ports)
  if (args[0] === 'rotate-key') return rotateKey(args.slice(1), ports)
  if (args[0] === 'tail') return tail(args.slice(1), ports)
  if (args[0] === 'hold' || args[0] === 'release' || args[0] === 'holds') {
    return holdCommand(args[0], args.slice(1), ports)
  }
  if (args[0] === 'shred') return shredCommand(args.slice(1), ports)
  if (args.length === 0 || args.includes('--help') || args.includes('-h')) {
    await ports.out(USAGE)
    return args.length === 0 ? 2 : 0
  }
  const options = parse(args)
  if (typeof options === 'string') {
    ports.err(`sallyport: ${printable(options)}\n\n${USAGE}`)
    return 2
  }
  try {
    return await run(options, await openReading(options, ports), ports)
  } catch (error) {
    ports.err(`sallyport: ${explain(error)}\n`)
    return 1
  }
}

async function run(options: Options, source: JournalSource, ports: SessionsPorts): Promise<number> {
  const { command, id, json } = options
  switch (command) {
    case 'list':
      return list(source, json, ports)
    case 'replay':
      return show(
        source,
        id ?? REFUSED,
        json,
        ports,
        options.step ? stepPace(ports.terminal.key) : replayPace(options.pace, ports.sleep),
      )
    default:
      return show(source, id ?? REFUSED, json, ports)
  }
}

const NEEDS_ID: ReadonlySet<string> = new Set(['show', 'replay'])
const COMMANDS: ReadonlySet<string> = new Set(['list', ...NEEDS_ID])

/** The options, or what is wrong with the command line. */
function parse(args: readonly string[]): Options | string {
  let parsed: ReturnType<typeof parseCommandLine>
  try {
    parsed = parseCommandLine(args)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const { values, positionals } = parsed
  const [command = '', id, ...more] = positionals
  if (!COMMANDS.has(command)) return `there is no command \`sessions ${command}\``
  if (NEEDS_ID.has(command) !== (id !== undefined) || more.length > 0) {
    return `\`sessions ${command}\` takes ${NEEDS_ID.has(command) ? 'one id' : 'no id'}`
  }
  if (values.data !== undefined && values.config !== undefined) return 'give --data or --config, not both'
  const paced = values.speed !== undefined || values['skip-idle'] !== undefined
  if (command !== 'replay' && (paced || values.step === true)) {
    return '--speed, --skip-idle and --step are for `sessions replay`'
  }
  if (paced && values.step === true) return '--step goes by keys, not by --speed or --skip-idle'
  const speed = positive(values.speed ?? '1')
  if (speed === undefined) return `--speed takes a number above 0, not \`${values.speed}\``
  const skipIdle = values['skip-idle'] === undefined ? LONGEST_PAUSE_MS / 1000 : positive(values['skip-idle'])
  if (skipIdle === undefined) return `--skip-idle takes seconds above 0, not \`${values['skip-idle']}\``
  return {
    command,
    id,
    data: values.data,
    config: values.config ?? DEFAULT_CONFIG_PATH,
    json: values.json ?? false,
    step: values.step ?? false,
    pace: { speed, skipIdleMs: skipIdle * 1000 },
  }
}

function parseCommandLine(args: readonly string[]): {
  values: {
    data?: string
    config?: string
    json?: boolean
    speed?: string
    'skip-idle'?: string
    step?: boolean
  }
  positionals: string[]
} {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      data: { type: 'string' },
      config: { type: 'string' },
      json: { type: 'boolean' },
      speed: { type: 'string' },
      'skip-idle': { type: 'string' },
      step: { type: 'boolean' },
    },
  })
}

/** A decimal number above 0; undefined for anything else. */
function positive(text: string): number | undefined {
  const value = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : 0
  return value > 0 ? value : undefined
}
