import type { Entry } from '../../record/calls.ts'
import type { JournalEvent } from '../../record/event.ts'
import { CallJoiner } from '../../record/follow/join.ts'
import { JournalFollower } from '../../record/follow/journal.ts'
import type { JournalSource, PlacedEvent } from '../../record/read.ts'
import { compileQuery } from '../../record/search/match.ts'
import { globPattern, patternMatcher } from '../../record/search/pattern.ts'
import type { Query, TextKey } from '../../record/search/query.ts'
import { printable } from '../../record/shell.ts'
import { count, safeJson } from './format.ts'
import { explain, openSource } from './open.ts'
import { readCount, readOptions } from './options.ts'
import { type Paint, paint } from './paint.ts'
import type { SessionsPorts } from './ports.ts'
import { forJson } from './show.ts'
import type { Terminal } from './terminal.ts'
import { Timeline } from './timeline.ts'

const USAGE = `usage: sallyport sessions tail [--session ID] [--role R] [--denied] [--last N] [--config FILE | --data FOLDER]
                             [--json]

  Shows what happens while it does, until Ctrl-C. --role takes the ARN of a role or its name, with \`*\`.
  --last N: as many of the last entries first, default 10, if the newest segment has them. --json: an
  entry a line.
`

/** A call is waited for so long before it is shown without its outcome. */
const HOLD_MS = 1_000
const MAX_LAST = 10_000
/** Calls without an outcome that are kept in mind. */
const MAX_SHOWN_CALLS = 10_000
const DEFAULT_LAST = 10

/** `sallyport sessions tail`: exit code 0 when the person ends it; 1: the journal is broken or unreadable. */
export async function tail(args: readonly string[], ports: SessionsPorts): Promise<number> {
  const { terminal } = ports
  if (args.includes('--help') || args.includes('-h')) {
    await ports.out(USAGE)
    return 0
  }
  const options = readOptions(args, { session: 'text', role: 'text', denied: 'flag', last: 'text' })
  if (typeof options === 'string' || options.words.length > 0) {
    const problem = typeof options === 'string' ? options : '`sessions tail` takes options alone'
    ports.err(`sallyport: ${printable(problem)}\n\n${USAGE}`)
    return 2
  }
  const last = readLast(options.texts.get('last'))
  if (last === undefined) {
    ports.err(`sallyport: --last takes a number from 0 to ${MAX_LAST}\n\n${USAGE}`)
    return 2
  }
  const query = queryOf(options.texts.get('session'), options.texts.get('role'), options.flags.has('denied'))
  try {
    const source = await openSource(options.place, ports)
    const print = printer(options.flags.has('json'), ports)
    const shown = await follow(source, { query, last, print }, terminal)
    if (!options.flags.has('json')) await ports.out(`\n${count(shown, 'entry', 'entries')}\n`)
    return 0
  } catch (error) {
    ports.err(`sallyport: ${explain(error)}\n`)
    return 1
  }
}

function readLast(text: string | undefined): number | undefined {
  if (text === undefined) return DEFAULT_LAST
  return text === '0' ? 0 : readCount(text, MAX_LAST)
}

function queryOf(session: string | undefined, role: string | undefined, denied: boolean): Query {
  const exactly = (key: TextKey, value: string): Query[number] => ({
    key,
    not: false,
    pattern: { parts: value === '' ? [] : [value] },
  })
  return [
    ...(session === undefined ? [] : [exactly('session', session)]),
    ...(role === undefined ? [] : [{ key: 'role' as const, not: false, pattern: globPattern(role) }]),
    ...(denied ? [exactly('effect', 'deny')] : []),
  ]
}

interface Following {
  readonly query: Query
  readonly last: number
  readonly print: (entry: Entry) => Promise<void>
}

/** Prints what happens until the person ends it, and returns how many entries there were. */
async function follow(source: JournalSource, following: Following, terminal: Terminal): Promise<number> {
  const follower = new JournalFollower(source)
  const changes = terminal.changes(source.folder)
  const lanes = new Lanes(following.query)
  let shown = 0
  const show = async (entries: Iterable<Entry>): Promise<void> => {
    for (const entry of entries) {
      await following.print(entry)
      shown += 1
    }
  }
  try {
    await show(await lastEntries(follower, lanes, following.last, terminal.now()))
    while (await changes.next()) {
      for await (const placed of follower.look()) {
        lanes.add(placed, terminal.now())
        await show(lanes.release(terminal.now()))
      }
      await show(lanes.release(terminal.now()))
    }
    await show(lanes.release(terminal.now(), true))
    return shown
  } finally {
    changes.close()
    await follower.close()
  }
}

/** The last entries of what is there already, in order of time; calls that are on their way come later. */
async function lastEntries(
  follower: JournalFollower,
  lanes: Lanes,
  most: number,
  nowMs: number,
): Promise<readonly Entry[]> {
  let entries: Entry[] = []
  for await (const placed of follower.look()) {
    lanes.add(placed, nowMs)
    entries.push(...lanes.release(nowMs))
    if (entries.length > 2 * most + 1_000) entries = latest(entries, most)
  }
  return latest(entries, most)
}

function latest(entries: readonly Entry[], most: number): Entry[] {
  const sorted = entries.toSorted((a, b) => timeOf(a) - timeOf(b))
  return sorted.slice(Math.max(sorted.length - most, 0))
}

/** The calls of each lane, put together, and which of them are shown. */
class Lanes {
  readonly #joiners = new Map<number, CallJoiner>()
  readonly #matches: (entry: Entry) => boolean
  readonly #shownCalls = new Set<string>()

  constructor(query: Query) {
    const { matches } = compileQuery(query)
    const isOfShown = endsOf(query)
    this.#matches = entry => {
      if (entry.kind === 'end') return isOfShown(entry.event)
      if (entry.kind === 'outcome') return this.#shownCalls.delete(entry.outcome.decisionId)
      return matches(entry)
    }
  }

  add({ event, place }: PlacedEvent, nowMs: number): void {
    const joiner = this.#joiners.get(place.lane) ?? new CallJoiner(HOLD_MS)
    this.#joiners.set(place.lane, joiner)
    joiner.add(event, nowMs)
  }

  *release(nowMs: number, all = false): Generator<Entry, void> {
    for (const joiner of this.#joiners.values()) {
      for (const entry of joiner.release(nowMs, all)) {
        if (!this.#matches(entry)) continue
        if (entry.kind === 'call' && entry.ending.kind === 'open') this.#remember(entry.decision.id)
        yield entry
      }
    }
  }

  /** So that its outcome is shown when it comes; a call that never ends is forgotten in time. */
  #remember(id: string): void {
    const [oldest] = this.#shownCalls
    if (this.#shownCalls.size >= MAX_SHOWN_CALLS && oldest !== undefined) this.#shownCalls.delete(oldest)
    this.#shownCalls.add(id)
  }
}

/** An end tells whose session it is by its id alone: with other conditions nobody could say whether it fits. */
function endsOf(query: Query): (event: Extract<Entry, { kind: 'end' }>['event']) => boolean {
  const session = query.find(term => term.key === 'session')
  if (query.length > (session === undefined ? 0 : 1)) return () => false
  if (session === undefined || !('pattern' in session)) return () => true
  const fits = patternMatcher(session.pattern)
  return ({ sessionId }) => sessionId !== undefined && fits(sessionId)
}

function eventOf(entry: Entry): JournalEvent {
  switch (entry.kind) {
    case 'call':
      return entry.decision
    case 'session':
      return entry.session
    case 'access-request':
    case 'end':
      return entry.event
    case 'outcome':
      return entry.outcome
  }
}

function timeOf(entry: Entry): number {
  return eventOf(entry).timeMs
}

function printer(json: boolean, ports: SessionsPorts): (entry: Entry) => Promise<void> {
  if (json) return entry => ports.out(`${safeJson(forJson(entry))}\n`)
  const colors: Paint = paint(ports.colored)
  const timeline = new Timeline(colors, { columns: ports.terminal.columns, many: true })
  return entry => ports.out(`${timeline.lines(entry).join('\n')}\n`)
}
