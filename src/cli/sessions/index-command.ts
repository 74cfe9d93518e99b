import { printable } from '../../record/shell.ts'
import { count, safeJson } from './format.ts'
import { openIndexed } from './journal-index.ts'
import { explain } from './open.ts'
import { type ReadOptions, readOptions } from './options.ts'
import type { SessionsPorts } from './ports.ts'

const USAGE = `usage: sallyport sessions index [--follow | --rebuild | --remove] [--config FILE | --data FOLDER] [--json]

  Brings the index of the journal up to date, as each search does before it begins. It holds nothing that the
  journal does not.

  --follow     goes on doing so while gates write, until Ctrl-C
  --rebuild    makes it anew
  --remove     removes it
`

/** Between one update and the next, at least, ms. */
const PAUSE_MS = 5_000

/** `sallyport sessions index`. Exit code 1: the journal is damaged or unreadable, or another process keeps the index. */
export async function indexCommand(args: readonly string[], ports: SessionsPorts): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    await ports.out(USAGE)
    return 0
  }
  const options = readOptions(args, { follow: 'flag', rebuild: 'flag', remove: 'flag' })
  const problem = typeof options === 'string' ? options : problemOf(options)
  if (typeof options === 'string' || problem !== undefined) {
    ports.err(`sallyport: ${printable(problem ?? '')}\n\n${USAGE}`)
    return 2
  }
  try {
    const events = await run(options, ports)
    if (events === undefined) {
      ports.err('sallyport: this journal is sealed: its index needs the configuration, which names the key\n')
      return 1
    }
    const said = options.flags.has('json') ? safeJson({ events }) : `${count(events, 'event')} indexed`
    await ports.out(`${said}\n`)
    return 0
  } catch (error) {
    ports.err(`sallyport: ${explain(error)}\n`)
    return 1
  }
}

function problemOf({ flags, words }: ReadOptions): string | undefined {
  if (words.length > 0) return `\`sessions index\` takes no \`${words[0]}\``
  const modes = ['follow', 'rebuild', 'remove'].filter(mode => flags.has(mode))
  return modes.length > 1 ? 'give one of --follow, --rebuild and --remove' : undefined
}

/** How many events were indexed; undefined where there can be no index. */
async function run({ flags, place }: ReadOptions, ports: SessionsPorts): Promise<number | undefined> {
  const { source, index } = await openIndexed(place, ports)
  if (index === undefined) return undefined
  if (flags.has('rebuild') || flags.has('remove')) await index.clear()
  if (flags.has('remove')) return 0
  let { events } = await index.update()
  if (!flags.has('follow')) return events
  const changes = ports.terminal.changes(source.folder)
  try {
    while (await changes.next()) {
      // Opened anew each time: what was shredded meanwhile must not be made again with keys that were kept in mind.
      events += (await (await openIndexed(place, ports)).index?.update())?.events ?? 0
      await ports.sleep(PAUSE_MS)
    }
  } finally {
    changes.close()
  }
  return events
}
