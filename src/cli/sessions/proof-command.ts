import type { JournalSource } from '../../record/read.ts'
import { printable } from '../../record/shell.ts'
import { DEFAULT_CONFIG_PATH } from '../check.ts'
import { type DataPlace, explain, openSource } from './open.ts'
import { readValues } from './options.ts'
import type { SessionsPorts } from './ports.ts'

/** What the command line of a command on the journal's proofs has said. */
export interface ProofOptions extends DataPlace {
  readonly event: string | undefined
  readonly out: string | undefined
  /** Files of public keys. */
  readonly key: readonly string[] | undefined
  /** File or folder of what was anchored. */
  readonly anchor: string | undefined
  /** Bodies, too. */
  readonly bodies: boolean
  readonly json: boolean
}

/** A command on the journal's proofs: what it takes besides `--data` and `--config`, and what it does. */
export interface ProofCommand {
  readonly usage: string
  readonly takesEvent: boolean
  readonly takes: ReadonlySet<'out' | 'key' | 'anchor' | 'bodies' | 'json'>
  /** Gives the exit code. */
  run(options: ProofOptions, source: JournalSource): Promise<number>
}

export type ProofPorts = Pick<SessionsPorts, 'files' | 'dataFolder' | 'out' | 'err'>

/** Runs a command. Exit code 1: the journal is broken or unreadable; 2: wrong usage. */
export async function runProofCommand(
  args: readonly string[],
  ports: ProofPorts,
  command: ProofCommand,
): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    await ports.out(command.usage)
    return 0
  }
  const options = parse(args, command)
  if (typeof options === 'string') {
    ports.err(`sallyport: ${printable(options)}\n\n${command.usage}`)
    return 2
  }
  try {
    return await command.run(options, await openSource(options, ports))
  } catch (error) {
    ports.err(`sallyport: ${explain(error)}\n`)
    return 1
  }
}

const KINDS = {
  data: 'text',
  config: 'text',
  out: 'text',
  key: 'texts',
  anchor: 'text',
  bodies: 'flag',
  json: 'flag',
} as const

/** The options, or what is wrong with the command line. */
function parse(args: readonly string[], { takesEvent, takes }: ProofCommand): ProofOptions | string {
  const read = readValues(args, KINDS)
  if (typeof read === 'string') return read
  const { values } = read
  const [event, ...more] = read.words
  if (takesEvent !== (event !== undefined) || more.length > 0) {
    return takesEvent ? 'give the id of one event' : `it takes no id, such as \`${event}\``
  }
  for (const name of ['out', 'key', 'anchor', 'bodies', 'json'] as const) {
    if (values[name] !== undefined && !takes.has(name)) return `it takes no --${name}`
  }
  if (values.data !== undefined && values.config !== undefined) return 'give --data or --config, not both'
  const { out, key, anchor, data, config = DEFAULT_CONFIG_PATH, bodies = false, json = false } = values
  return { event, out, key, anchor, data, config, bodies, json }
}
