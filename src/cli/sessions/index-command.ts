import type { JournalIndex } from '../../record/index/index.ts'
import { printable } from '../../record/shell.ts'
import { count, safeJson } from './format.ts'
import { openIndexed } from './journal-index.ts'
import { explain } from './open.ts'
import { readOptions } from './options.ts'
import type { SessionsPorts } from './ports.ts'

const USAGE = `usage: sallyport sessions index [--follow | --rebuild | --remove] [--config FILE | --data FOLDER] [--json]

  Brings the index of the journal up to date, as each search does before it begins. It holds nothing that the
  journal does not.

  --follow     goes on doing so while gates write, until Ctrl-C
  --rebuild    makes it anew
  --remove     removes it
`

/** Between one update and the next, at least, ms. */
const PAUSE_MS = 1_000

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
  const { flags } = options
  try {
    const { source, index } = await openIndexed(options.place, ports)
    if (index === undefined) {
      ports.err('sallyport: this journal is sealed: its index needs the configuration, which names the key\n')
      return 1
    }
    if (flags.has('rebuild') || flags.has('remove')) await index.clear()
    const events = flags.has('remove') ? 0 : await update(index, flags.has('follow'), source.folder, ports)
    await ports.out(flags.has('json') ? `${safeJson({ events })}\n` : `${count(events, 'event')} indexed\n`)
    return 0
  } catch (error) {
    ports.err(`sallyport: ${explain(error)}\n`)
    return 1
  }
}

function problemOf({ flags, words }: Exclude<ReturnType<typeof readOptions>, string>): string | undefined {
  if (words.length > 0) return `\`sessions index\` takes no \`${words[0]}\``
  const modes = ['follow', 'rebuild', 'remove'].filter(mode => flags.has(mode))
  return modes.length > 1 ? 'give one of --follow, --rebuild and --remove' : undefined
}

/** How many events were indexed. */
async function update(
  index: JournalIndex,
  follow: boolean,
  folder: string,
  ports: SessionsPorts,
): Promise<number> {
  let { events } = await index.update()
  if (!follow) return events
  const changes = ports.terminal.changes(folder)
  try {
    while (await changes.next()) {
      events += (await index.update()).events
      await ports.sleep(PAUSE_MS)
    }
  } finally {
    changes.close()
  }
  return events
}
