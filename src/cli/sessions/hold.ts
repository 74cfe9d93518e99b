import { GateError } from '../../core/errors.ts'
import { findById } from '../../record/calls.ts'
import type { JournalSource } from '../../record/read.ts'
import {
  addHoldWord,
  type HoldWord,
  isSessionId,
  MAX_HOLD_TEXT,
  readHolds,
} from '../../record/retention/holds.ts'
import { printable } from '../../record/shell.ts'
import { count, dateTime, safeJson } from './format.ts'
import { explain, openSource } from './open.ts'
import { type ReadOptions, readOptions } from './options.ts'
import type { SessionsPorts } from './ports.ts'

const USAGE = `usage: sallyport sessions hold SESSION --reason TEXT [--by NAME] [--config FILE | --data FOLDER]
       sallyport sessions release SESSION [--reason TEXT] [--by NAME] [--config FILE | --data FOLDER]
       sallyport sessions holds [--json] [--config FILE | --data FOLDER]

  hold     puts a session on legal hold: neither retention nor \`sessions shred\` takes anything of it away
  release  takes the hold back
  holds    lists the sessions on hold

  --reason TEXT  why; it is kept
  --by NAME      who says so, as it is kept; otherwise the user of the operating system

  Works beside a gate that runs: holds are read before each removal. Exit code 0: done; 1: it could not be; 2: wrong
  usage.
`

type HoldPorts = Pick<SessionsPorts, 'files' | 'dataFolder' | 'out' | 'err' | 'operator'>

/** `sallyport sessions hold | release | holds`. */
export async function holdCommand(
  command: 'hold' | 'release' | 'holds',
  args: readonly string[],
  ports: HoldPorts,
): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    await ports.out(USAGE)
    return 0
  }
  const options = readOptions(args, { reason: 'text', by: 'text' })
  const wrong = typeof options === 'string' ? options : whyWrong(command, options, ports)
  if (typeof options === 'string' || wrong !== undefined) {
    ports.err(`sallyport: ${printable(wrong ?? '')}\n\n${USAGE}`)
    return 2
  }
  try {
    const source = await openSource(options.place, ports)
    if (command === 'holds') await list(source, options.flags.has('json'), ports)
    else await say(command, options, source, ports)
    return 0
  } catch (error) {
    ports.err(`sallyport: ${explain(error)}\n`)
    return 1
  }
}

/** What is wrong with the command line; undefined if nothing is. */
function whyWrong(
  command: string,
  { words, texts, flags }: ReadOptions,
  ports: HoldPorts,
): string | undefined {
  const said = ['reason', 'by'].flatMap(name => texts.get(name) ?? [])
  if (command === 'holds') {
    return words.length > 0 || said.length > 0
      ? '`sessions holds` takes no session, reason or name'
      : undefined
  }
  const [session = '', ...more] = words
  if (more.length > 0 || !isSessionId(session)) return `\`sessions ${command}\` takes the id of one session`
  if (flags.has('json')) return '--json is for `sessions holds`'
  if (command === 'hold' && (texts.get('reason') ?? '').trim() === '') return 'give the reason with --reason'
  if (said.some(text => text.length > MAX_HOLD_TEXT)) {
    return `a reason or a name has at most ${MAX_HOLD_TEXT} characters`
  }
  return ports.operator === undefined ? 'nobody can be named here who says so' : undefined
}

async function say(
  what: HoldWord['what'],
  { words: [session = ''], texts }: ReadOptions,
  source: JournalSource,
  { operator, out }: HoldPorts,
): Promise<void> {
  if (operator === undefined) throw new GateError('internal', 'there is no operator')
  const reason = texts.get('reason')
  const by = texts.get('by') ?? operator.user()
  if (what === 'release' && !(await readHolds(source)).has(session)) {
    await out(`${session} is not on hold\n`)
    return
  }
  await addHoldWord(source, {
    what,
    session,
    timeMs: operator.now(),
    by,
    ...(reason === undefined ? {} : { reason }),
  })
  if (what === 'release') {
    await out(`${session} is on hold no more\n`)
    return
  }
  // Said after the hold is durable: what is written wrong holds nothing, and somebody should know.
  const known = await isKnown(source, session)
  await out(`${session} is on hold${known ? '' : '; this journal has nothing of it now: is the id right?'}\n`)
}

async function isKnown(source: JournalSource, session: string): Promise<boolean> {
  try {
    const found = await findById(source, session)
    return found.kind === 'session' && found.sessionId === session
  } catch (error) {
    if (error instanceof GateError && error.code === 'session-unknown') return false
    throw error
  }
}

async function list(source: JournalSource, json: boolean, { out }: HoldPorts): Promise<void> {
  const holds = [...(await readHolds(source)).values()]
  if (json) {
    await out(`${safeJson({ holds }, 2)}\n`)
    return
  }
  for (const { session, timeMs, by, reason = '' } of holds) {
    await out(`${session}  since ${dateTime(timeMs)} by ${printable(by)}: ${printable(reason)}\n`)
  }
  await out(`${count(holds.length, 'session')} on hold\n`)
}
